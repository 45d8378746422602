"""The HTTP listener: /health, /ready and /metrics, for those who watch the daemon.

What no setting governs is bounded here: connections, header sizes, and the time from one request
of a connection to the next, its answer taken.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import anyio
import orjson
import structlog
from aiohttp.web import BaseRequest, RequestHandler, Response, Server
from anyio import CapacityLimiter, to_thread
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from pacsd import __version__
from pacsd.net.endpoint import Endpoint

MAX_CONNECTIONS = 256
"""One more is answered 503 at once."""

FIRST_REQUEST_TIMEOUT_S = 10.0
"""From the connection to the end of the first request's header."""

NEXT_REQUEST_TIMEOUT_S = 30.0
"""From one request to the next on a connection that is kept."""

BODY_TIMEOUT_S = 0.5
"""How long a body nobody asked for is read and thrown away before the connection is closed."""

SHUTDOWN_GRACE_S = 1.0
BACKLOG = 128

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "pacsd",
    "X-Content-Type-Options": "nosniff",
}
_JSON = "application/json"
_METHODS = ("GET", "HEAD")
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n"
    b"Retry-After: 1\r\nServer: pacsd\r\n\r\n"
)

_log = structlog.get_logger("pacsd.net.http")

Answer = Callable[[], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the daemon does its work, and if not, why, a sentence each."""

    is_ready: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What the connections of a listener may take."""

    max_connections: int = MAX_CONNECTIONS
    first_request_timeout_s: float = FIRST_REQUEST_TIMEOUT_S
    next_request_timeout_s: float = NEXT_REQUEST_TIMEOUT_S


class HttpListener:
    """Listens while `run` runs."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        registry: CollectorRegistry,
        health: Callable[[], Health],
        limits: HttpLimits | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._registry = registry
        self._health = health
        self._limits = limits or HttpLimits()
        self._one_scrape = CapacityLimiter(1)
        self._routes: Mapping[str, Answer] = {
            "/health": self._answer_health,
            "/ready": self._answer_ready,
            "/metrics": self._answer_metrics,
        }

    @property
    def address(self) -> Endpoint:
        """Where it listens; once `started` was called, with the port the system chose for 0."""
        return self._endpoint

    async def run(self, started: Callable[[], None]) -> None:
        """Listen until cancelled; `started` is called when connections are accepted.

        Raises:
            OSError: the address cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        web = Server(self._answer)
        open_connections: set[_Connection] = set()
        listening = await loop.create_server(
            lambda: _Connection(web, loop, self._limits, open_connections),
            self._endpoint.host,
            self._endpoint.port,
            backlog=BACKLOG,
        )
        try:
            port: int = listening.sockets[0].getsockname()[1]
            self._endpoint = replace(self._endpoint, port=port)
            started()
            await anyio.sleep_forever()
        finally:
            listening.close()
            web.pre_shutdown()
            with anyio.CancelScope(shield=True):
                await web.shutdown(SHUTDOWN_GRACE_S)

    async def _answer(self, request: BaseRequest) -> Response:
        if isinstance(request.protocol, _Connection):
            request.protocol.request_begins()
        fault = self._host_fault(request)
        if fault:
            return _json(421, {"error": fault})
        answer = self._routes.get(request.path)
        if answer is None:
            return _json(404, {"error": "there is nothing here"})
        if request.method not in _METHODS:
            return _json(405, {"error": "only GET and HEAD"}, {"Allow": ", ".join(_METHODS)})
        return await answer()

    def _host_fault(self, request: BaseRequest) -> str:
        """Refuse a foreign name on loopback: a web page may have had it resolved to us."""
        if not self._endpoint.is_loopback:
            return ""
        hosts = request.headers.getall("Host", [])
        if not hosts and request.version < (1, 1):
            return ""  # a browser always names a host
        if len(hosts) == 1 and _is_loopback(hosts[0]):
            return ""
        return "the Host header must name this machine's loopback address, as localhost does"

    async def _answer_health(self) -> Response:
        return _json(200, {"status": "ok", "version": __version__})

    async def _answer_ready(self) -> Response:
        health = self._health()
        body = {"ready": health.is_ready, "reasons": health.reasons}
        return _json(200 if health.is_ready else 503, body)

    async def _answer_metrics(self) -> Response:
        text = await to_thread.run_sync(generate_latest, self._registry, limiter=self._one_scrape)
        return Response(body=text, headers={**_HEADERS, "Content-Type": CONTENT_TYPE_LATEST})


class _Connection(RequestHandler):
    """A connection with a deadline, that answers faults in our words and logs none of a peer's."""

    __slots__ = ("_deadline", "_limits", "_open")

    def __init__(
        self,
        web: Server,
        loop: asyncio.AbstractEventLoop,
        limits: HttpLimits,
        open_connections: "set[_Connection]",
    ) -> None:
        super().__init__(
            web,
            loop=loop,
            access_log=None,  # type: ignore[arg-type] # None turns it off
            keepalive_timeout=limits.next_request_timeout_s,
            lingering_time=BODY_TIMEOUT_S,
        )
        self._limits = limits
        self._open = open_connections
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it, or turn it away when there are too many."""
        super().connection_made(transport)
        self._set_deadline(self._limits.first_request_timeout_s)
        if len(self._open) < self._limits.max_connections:
            self._open.add(self)
            return
        if self.transport is not None:
            self.transport.write(_FULL)
        self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        self._open.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def request_begins(self) -> None:
        """A request's header is read: it must be answered, and the next one come, in time."""
        self._set_deadline(self._limits.next_request_timeout_s)

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's words repeat what the peer sent
    ) -> Response:
        """Answer a request that could not be read or served; the connection ends with it."""
        if status >= 500:  # noqa: PLR2004 - 5xx: the fault is ours
            _log.error("a defect of pacsd failed a request", path=request.path, exc_info=exc)
        response = _json(status, {"error": "internal error" if status >= 500 else "bad request"})  # noqa: PLR2004
        response.force_close()
        return response

    def _set_deadline(self, timeout_s: float) -> None:
        # aiohttp forgets a transport that it closes, but one whose peer reads nothing stays open.
        if self._deadline is not None:
            self._deadline.cancel()
        if self.transport is not None:
            self._deadline = self._loop.call_later(timeout_s, self.transport.abort)


def _json(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        body=orjson.dumps(body) + b"\n",
        status=status,
        headers={**_HEADERS, **(headers or {})},
        content_type=_JSON,
    )


def _is_loopback(host_header: str) -> bool:
    """Whether a Host header, with or without a port, names this machine only."""
    try:
        return Endpoint.parse(host_header).is_loopback
    except ValueError:
        return Endpoint(host_header.removeprefix("[").removesuffix("]"), 0).is_loopback
