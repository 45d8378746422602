"""The desk of DICOMweb: each request to who answers it, each fault to its status."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

import structlog
from aiohttp.web import BaseRequest, Response, StreamResponse

from pacsd.archive.finding import FindError, TooCostly, TooManyMatches
from pacsd.archive.sight import Sight
from pacsd.dicomweb.client_profile import ClientRule, Profile, profile_of
from pacsd.dicomweb.content_codings import codings_of
from pacsd.dicomweb.errors import DicomWebError, RangeNotSatisfiable
from pacsd.dicomweb.query_string import parameters_of
from pacsd.dicomweb.strictness import check_media_types, check_parameters
from pacsd.dicomweb.targets import Target, target_of
from pacsd.net.http_connection import GUARDS
from pacsd.net.web.cors import Cors, is_preflight
from pacsd.net.web.described_values import name_of
from pacsd.net.web.exchange import ROOT, Exchange, Unavailable, problem
from pacsd.net.web.guard import TRUSTING, Guard, Visitor
from pacsd.net.web.gzip_coding import coded
from pacsd.net.web.operations import OPERATIONS
from pacsd.net.web.request_places import RequestPlaces
from pacsd.net.web.resources import RESOURCES, WebService

AnswersExchange = Callable[[Exchange], Awaitable[StreamResponse]]

_BUSY = {"Retry-After": "1"}
_UNAVAILABLE = {"Retry-After": "30"}

_log = structlog.get_logger("pacsd.net.web")


@dataclass(frozen=True, slots=True)
class Terms:
    """How requests are taken: so many at once, with links that begin with `public_url` if set.

    `clients` says who of them has which profile, `guard` who may do what. A payload has
    `max_request_bytes` at most, if that is not 0.
    """

    public_url: str = ""
    max_requests: int = 64
    cors_origins: tuple[str, ...] = ()
    clients: tuple[ClientRule, ...] = ()
    max_request_bytes: int = 0
    guard: Guard = TRUSTING


class WebDesk:
    """Answers all requests below /dicomweb."""

    def __init__(self, services: Mapping[WebService, AnswersExchange], terms: Terms) -> None:
        self._services = services
        self._terms = terms
        self._cors = Cors(terms.cors_origins)
        self._places = RequestPlaces(terms.max_requests)

    async def answer(self, request: BaseRequest) -> StreamResponse:
        """The answer, whatever is asked."""
        if self._places.is_full:
            return problem(503, "too many requests at once (dicomweb.max_requests)", _BUSY)
        with self._places.taken():
            return await self._answer(request)

    async def _answer(self, request: BaseRequest) -> StreamResponse:
        allowed = self._cors.headers(request)
        if self._cors.is_foreign_change(request):
            return problem(403, "pages of other origins may change nothing (dicomweb.cors_origins)")
        path, _, query = request.raw_path.partition("?")
        try:
            target = target_of(path.removeprefix(ROOT))
            methods = None if target is None else RESOURCES.get(target.kind)
            if target is None or methods is None:
                is_known = target is not None
                text = "this resource is not served" if is_known else "there is no such resource"
                return problem(404, text, allowed)
            return await self._of(request, target, query, methods, allowed)
        except DicomWebError as error:
            return problem(error.status, str(error), {**allowed, **_headers_of(error)})
        except Unavailable as error:
            return problem(503, str(error), {**allowed, **_UNAVAILABLE})
        except FindError as error:
            status = _status_of(error)
            return problem(status, str(error), {**allowed, **_retry(status)})
        except OSError as error:
            _log.error("an object cannot be read", path=request.path, why=str(error))
            return problem(503, f"it cannot be read: {error}", {**allowed, **_UNAVAILABLE})

    async def _of(
        self,
        request: BaseRequest,
        target: Target,
        query: str,
        methods: Mapping[str, WebService],
        allowed: Mapping[str, str],
    ) -> StreamResponse:
        known = {*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}
        allow = {"Allow": ", ".join(sorted(known))}
        if request.method == "OPTIONS" and ("OPTIONS" not in methods or is_preflight(request)):
            return Response(status=204, headers={**GUARDS, **allowed, **allow})
        service = methods.get("GET" if request.method == "HEAD" else request.method)
        if service is None:
            text = f"only {allow['Allow']}"
            return problem(405, text, {**allowed, **allow})
        admit = partial(self._admit, request, target, service, allowed)
        visitor = await admit()
        if isinstance(visitor, Response):
            return visitor
        root_url = self._root_url(request)
        profile = self._profile_of(request)
        if profile.is_strict:
            _check_strictly(request, query, service)
        codings = codings_of(request.headers.getall("Accept-Encoding", []))
        exchange = Exchange(
            request,
            target,
            query,
            root_url,
            allowed,
            self._places,
            codings,
            profile,
            self._terms.max_request_bytes,
            visitor.principal,
            visitor.sight,
            partial(_seen, admit),
        )
        answer = await self._services[service](exchange)
        return await coded(answer, codings) if isinstance(answer, Response) else answer

    async def _admit(
        self,
        request: BaseRequest,
        target: Target,
        service: WebService,
        allowed: Mapping[str, str],
    ) -> Visitor | Response:
        visitor = await self._terms.guard.admit(request, target, service)
        if isinstance(visitor, Response):
            visitor.headers.update(allowed)
        return visitor

    def _profile_of(self, request: BaseRequest) -> Profile:
        named = (request.headers.get(name, "") for name in ("User-Agent", "Origin"))
        return profile_of(self._terms.clients, *named)

    def _root_url(self, request: BaseRequest) -> str:
        if self._terms.public_url:
            return self._terms.public_url
        return f"{request.scheme}://{_with_port(request)}{ROOT}"


async def _seen(admit: Callable[[], Awaitable[Visitor | Response]]) -> Sight | Response:
    visitor = await admit()
    return visitor if isinstance(visitor, Response) else visitor.sight


def _check_strictly(request: BaseRequest, query: str, service: WebService) -> None:
    """Refuse what is tolerated of others; a search knows itself which attributes there are."""
    check_media_types("Accept", request.headers.getall("Accept", []))
    check_media_types("Content-Type", request.headers.getall("Content-Type", []))
    names = frozenset(name_of(each) for each in OPERATIONS[service].query)
    if service is WebService.SEARCH:
        names |= frozenset(name for name, _ in parameters_of(query))
    check_parameters(query, names)


def _with_port(request: BaseRequest) -> str:
    """The host as the client names it. dicomweb-client 0.61 leaves out the port, so it is ours."""
    host = request.host
    if host.rpartition(":")[2].isdecimal() or request.transport is None:
        return host
    return f"{host}:{request.transport.get_extra_info('sockname')[1]}"


def _headers_of(error: DicomWebError) -> Mapping[str, str]:
    if isinstance(error, RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.size}"}
    return {}


def _retry(status: int) -> Mapping[str, str]:
    return _UNAVAILABLE if status == HTTPStatus.SERVICE_UNAVAILABLE else {}


def _status_of(error: FindError) -> int:
    """PS3.18 section 8.5: too much to be looked for is the request's fault, no index is ours."""
    return 413 if isinstance(error, TooCostly | TooManyMatches) else 503
