"""What stands beside DICOMweb on the listener: the same doors, and a body that is read whole."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from aiohttp.web import BaseRequest, Response

from pacsd.api.access import Action, Principal
from pacsd.net.http_bodies import SlowBody
from pacsd.net.http_connection import GUARDS, Connection
from pacsd.net.web.cors import Cors, is_preflight
from pacsd.net.web.desk import Terms
from pacsd.net.web.exchange import problem
from pacsd.net.web.request_places import RequestPlaces

_BUSY = {"Retry-After": "1"}

AnswersPrincipal = Callable[[Principal], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to do, with which methods there are for it; `plugin` is of routes."""

    action: Action
    methods: frozenset[str]
    plugin: str = ""


class BodyRefused(Exception):
    """A body that is not read; `status` and the text say why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class ListenerDesk:
    """Lets requests in, by the terms of DICOMweb."""

    def __init__(self, terms: Terms) -> None:
        self._guard = terms.guard
        self._cors = Cors(terms.cors_origins)
        self._places = RequestPlaces(terms.max_requests)

    async def admit_to_nothing(self, request: BaseRequest) -> Response:
        """The answer where nothing is, for who may know that."""
        return await self.admit(request, None, _nothing_there)

    async def admit(
        self, request: BaseRequest, wanted: Wanted | None, answer: AnswersPrincipal
    ) -> Response:
        """What `answer` says, if somebody may ask that; None: there is nothing there."""
        if self._places.is_full:
            return problem(503, "too many requests at once (dicomweb.max_requests)", _BUSY)
        with self._places.taken():
            response = await self._admit(request, wanted, answer)
        response.headers.update(self._cors.headers(request))
        return response

    async def sees_everything(self, request: BaseRequest, principal: Principal) -> bool:
        """Whether nothing is hidden from who asks."""
        sight = await self._guard.sight(request, principal)
        return sight is not None and not sight.is_restricted

    async def _admit(
        self, request: BaseRequest, wanted: Wanted | None, answer: AnswersPrincipal
    ) -> Response:
        if self._cors.is_foreign_change(request):
            return problem(403, "pages of other origins may change nothing (dicomweb.cors_origins)")
        if wanted is None:
            return problem(404, "there is no such resource")
        known = {*wanted.methods, "OPTIONS", *({"HEAD"} if "GET" in wanted.methods else ())}
        allow = {"Allow": ", ".join(sorted(known))}
        if is_preflight(request):
            return Response(status=HTTPStatus.NO_CONTENT, headers={**GUARDS, **allow})
        principal = await self._guard.principal(request)
        if isinstance(principal, Response):
            return principal
        refusal = await self._guard.refusal(request, principal, wanted.action, "", wanted.plugin)
        if refusal is not None:
            return refusal
        if request.method == "OPTIONS":
            return Response(status=HTTPStatus.NO_CONTENT, headers={**GUARDS, **allow})
        if request.method not in known:
            return problem(405, f"only {allow['Allow']}", allow)
        return await answer(principal)


async def body_of(request: BaseRequest, limit: int) -> bytes:
    """The body of a request.

    Raises:
        BodyRefused: it is longer, comes too slowly, or broke off.
    """
    body = bytearray()
    try:
        while piece := await request.content.readany():
            body += piece
            if len(body) > limit:
                raise BodyRefused(413, f"the body is longer than {limit} bytes")
            alive(request)
    except SlowBody as error:
        raise BodyRefused(408, str(error)) from error
    except OSError as error:
        raise BodyRefused(400, f"the body broke off: {error}") from error
    return bytes(body)


def alive(request: BaseRequest) -> None:
    """Something moves: the connection stays."""
    if isinstance(request.protocol, Connection):
        request.protocol.alive()


def told(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(
        body=orjson.dumps(value) + b"\n",
        status=status,
        headers={**GUARDS, **(headers or {}), "Content-Type": "application/json"},
    )


async def _nothing_there(_: Principal) -> Response:
    raise AssertionError("what is not there is not answered")
