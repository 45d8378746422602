"""Requests below `/plugins/`, answered by the plugins whose routes they are of."""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qsl

import anyio
from aiohttp.web import BaseRequest, Response

from pacsd.api.access import Action, Principal
from pacsd.api.errors import HookError
from pacsd.api.http import MAX_BODY_BYTES, HttpRequest, HttpResponse
from pacsd.net.http_connection import GUARDS
from pacsd.net.web.exchange import problem
from pacsd.net.web.listener_desk import BodyRefused, ListenerDesk, Wanted, alive, body_of
from pacsd.net.web.plugin_routes import Found, PluginRoute, RouteTable

MAX_HEADERS = 64
MAX_PARAMETERS = 256
RENEWED_S = 10.0
"""So often a connection is told to be alive whose answer a plugin owes."""

_OF_CONNECTION = frozenset({
    "connection", "content-encoding", "content-length", "date", "expect", "host", "keep-alive",
    "proxy-connection", "server", "te", "trailer", "transfer-encoding", "upgrade", "via",
})  # fmt: skip
_SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})
_OURS = frozenset({"set-cookie", "x-content-type-options", "strict-transport-security"})
_OF_ORIGINS = "access-control-"
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_TEXT = re.compile(r"[\x20-\x7e]{0,2048}")
_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_FIRST_STATUS, _LAST_STATUS = 200, 599

Table = Callable[[], RouteTable]

AsksPlugin = Callable[[str, HttpRequest], Awaitable[HttpResponse | None]]
"""Asks a plugin; HookError: it failed."""


class PluginDesk:
    """Answers requests to the routes in a table, which may be another one after a reload."""

    def __init__(self, table: Table, ask: AsksPlugin, doors: ListenerDesk) -> None:
        self._table = table
        self._ask = ask
        self._doors = doors

    async def answer(self, request: BaseRequest) -> Response:
        """The answer, whatever is asked."""
        found = self._table().find(request.raw_path.partition("?")[0])
        if found is None:
            return await self._doors.admit_to_nothing(request)
        plugin = next(iter(found.routes.values())).plugin
        wanted = Wanted(Action.PLUGIN, frozenset(found.routes), plugin)
        return await self._doors.admit(request, wanted, partial(self._answer, request, found))

    async def _answer(self, request: BaseRequest, found: Found, principal: Principal) -> Response:
        route = found.routes["GET" if request.method == "HEAD" else request.method]
        try:
            body = await body_of(request, MAX_BODY_BYTES)
            asked = _asked(request, route, found.variables_of(route), body, principal)
        except BodyRefused as refused:
            answer = problem(refused.status, str(refused))
            answer.force_close()
            return answer
        return await self._asked_of(request, route.plugin, asked)

    async def _asked_of(self, request: BaseRequest, plugin: str, asked: HttpRequest) -> Response:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_renew, request, name="plugin's answer is waited for")
            try:
                response = _response(plugin, await self._ask(plugin, asked))
            except HookError as error:
                status = HTTPStatus.GATEWAY_TIMEOUT if error.is_late else HTTPStatus.BAD_GATEWAY
                response = problem(status, f"plugin {plugin} did not answer as it should")
            tasks.cancel_scope.cancel()
        alive(request)
        return response


async def _renew(request: BaseRequest) -> None:
    while True:
        await anyio.sleep(RENEWED_S)
        alive(request)


def _asked(
    request: BaseRequest,
    route: PluginRoute,
    variables: Mapping[str, str],
    body: bytes,
    principal: Principal,
) -> HttpRequest:
    """The request as its plugin is told of it.

    Raises:
        BodyRefused: there is more of it than a plugin is told.
    """
    headers = [
        (name.lower(), value)
        for name, value in request.headers.items()
        if name.lower() not in _OF_CONNECTION | _SECRET
    ]
    if len(headers) > MAX_HEADERS:
        raise BodyRefused(431, f"more than {MAX_HEADERS} headers")
    raw_query = request.raw_path.partition("?")[2]
    try:
        query = parse_qsl(raw_query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise BodyRefused(400, f"more than {MAX_PARAMETERS} parameters") from error
    return HttpRequest(
        method=request.method,
        path=route.route.path,
        variables={name: _unicode(value) for name, value in variables.items()},
        query=tuple((_unicode(name), _unicode(value)) for name, value in query),
        headers=tuple((name, _unicode(value)) for name, value in headers),
        body=body,
        principal=principal,
        peer_host=request.remote or "",
    )


def _unicode(text: str) -> str:
    """Bytes that are no UTF-8 are replaced: JSON cannot say them."""
    return text.encode(errors="replace").decode()


def _response(plugin: str, answer: HttpResponse | None) -> Response:
    if answer is None:
        return problem(404, "there is no such resource")
    fault = _fault(answer)
    if fault:
        return problem(502, f"plugin {plugin} did not answer as it should: {fault}")
    headers = {name.title(): value for name, value in answer.headers.items()}
    headers.setdefault("Content-Type", "application/octet-stream")
    return Response(
        body=None if answer.status in _WITHOUT_BODY else answer.body,
        status=answer.status,
        headers={**GUARDS, **headers},
    )


def _fault(answer: HttpResponse) -> str:
    """What of an answer may not be, '' if all may."""
    if not _FIRST_STATUS <= answer.status <= _LAST_STATUS:
        return f"status {answer.status}"
    if len(answer.body) > MAX_BODY_BYTES:
        return f"a body longer than {MAX_BODY_BYTES} bytes"
    if len(answer.headers) > MAX_HEADERS:
        return f"more than {MAX_HEADERS} headers"
    for name, value in answer.headers.items():
        lower = name.lower()
        if lower in _OF_CONNECTION | _OURS or lower.startswith(_OF_ORIGINS):
            return f"the header {name[:64]!a} is the daemon's"
        if not _TOKEN.fullmatch(name) or not _TEXT.fullmatch(value):
            return f"the header {name[:64]!a} is none of RFC 9110 section 5"
    return ""
