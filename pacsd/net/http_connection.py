"""Connections of the HTTP listener: each with a deadline, faults told in our words.

What no setting governs is bounded here: connections in all, and the time from one request of a
connection to the next, its answer taken. Who moves much data says that he is `alive` as it moves.
Who reads a body learns there that it is broken, or comes too slowly, so that the answer can still
say so.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

import orjson
import structlog
from aiohttp import StreamReader
from aiohttp.http import RawRequestMessage
from aiohttp.web import BaseRequest, RequestHandler, Response, Server

from pacsd.net.endpoint import literal_address
from pacsd.net.http_bodies import BrokenBody, SlowBody
from pacsd.net.http_refusals import NoPlace

MAX_CONNECTIONS = 256
"""One more is answered 503 at once."""

MAX_CONNECTIONS_PER_ADDRESS = 64
"""As many for one that is not of this machine; see `HttpSettings`."""

IPV6_NETWORK_BITS = 64
"""Whoever has one global address has all of these: they count as one (RFC 4291 section 2.5.4)."""

UNIQUE_LOCAL = IPv6Network("fc00::/7")
"""Addresses within a site (RFC 4193 section 3.1); a whole hospital may have 64 bits in common."""

FIRST_REQUEST_TIMEOUT_S = 10.0
"""From the connection to the end of the first request's header."""

NEXT_REQUEST_TIMEOUT_S = 30.0
"""From one request to the next on a connection that is kept."""

BODY_TIMEOUT_S = 0.5
"""How long a body nobody asked for is read and thrown away before the connection is closed."""

GUARDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "pacsd",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer."""

_JSON = "application/json"
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n"
    b"Retry-After: 1\r\nServer: pacsd\r\n\r\n"
)

_log = structlog.get_logger("pacsd.net.http")


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What the connections of a listener may take.

    All that a proxy or a tunnel hands on comes from loopback, which `max_connections` alone bounds.
    """

    max_connections: int = MAX_CONNECTIONS
    max_connections_per_address: int = MAX_CONNECTIONS_PER_ADDRESS
    first_request_timeout_s: float = FIRST_REQUEST_TIMEOUT_S
    next_request_timeout_s: float = NEXT_REQUEST_TIMEOUT_S


class Connection(RequestHandler):
    """A connection with a deadline, that answers faults in our words and logs none of a peer's.

    `lost` is set once nobody reads its answers any more; `refused` is told why it is turned away.
    """

    __slots__ = (
        "_body",
        "_deadline",
        "_is_broken",
        "_limits",
        "_open",
        "_origin",
        "_refused",
        "lost",
    )

    def __init__(
        self,
        web: Server,
        loop: asyncio.AbstractEventLoop,
        limits: HttpLimits,
        open_connections: "set[Connection]",
        refused: Callable[[NoPlace], None],
    ) -> None:
        super().__init__(
            web,
            loop=loop,
            access_log=None,  # type: ignore[arg-type] # None turns it off
            keepalive_timeout=limits.next_request_timeout_s,
            lingering_time=BODY_TIMEOUT_S,
            auto_decompress=False,
        )
        self._limits = limits
        self._open = open_connections
        self._refused = refused
        self._deadline: asyncio.TimerHandle | None = None
        self._body: StreamReader | None = None
        self._is_broken = False
        self._origin = ""
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it, or turn it away when there are too many."""
        super().connection_made(transport)
        self._set_deadline(self._limits.first_request_timeout_s)
        self._origin = _origin(transport)
        taken = self._taken()
        if taken is None:
            self._open.add(self)
            return
        self._refused(taken)
        if self.transport is not None:
            self.transport.write(_FULL)
        self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        self.lost.set()
        self._open.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    @property
    def is_ending(self) -> bool:
        """Whether no other request is read from it."""
        return self._close

    def data_received(self, data: bytes) -> None:
        """Read more of what comes."""
        super().data_received(data)
        # aiohttp puts what is no HTTP behind the requests that it has read, to be answered in turn:
        # who still reads the body that it stands in would wait for ever.
        if self._messages and not isinstance(self._messages[-1][0], RawRequestMessage):
            self._is_broken = True
            self._end_body(BrokenBody("the body is not framed as RFC 9112 section 6 says"))

    def begins(self, request: BaseRequest) -> None:
        """The header of a request is read, and it is going to be answered."""
        self._body = request.content
        if self._is_broken:
            self._end_body(BrokenBody("the body is not framed as RFC 9112 section 6 says"))
        self.alive()

    def alive(self) -> None:
        """A request's header is read, or data moved: more of it, or the next one, must in time."""
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
        words = "internal error" if status >= 500 else "bad request"  # noqa: PLR2004
        response = json_answer(status, {"error": words})
        response.force_close()
        return response

    def _taken(self) -> NoPlace | None:
        """Whose places are all taken; None if there may be one more of this one's."""
        if len(self._open) >= self._limits.max_connections:
            return NoPlace.ALL
        if not self._origin:
            return None
        others = sum(each._origin == self._origin for each in self._open)  # noqa: SLF001 - its kind
        return NoPlace.ADDRESS if others >= self._limits.max_connections_per_address else None

    def _end_body(self, error: OSError) -> None:
        """Tell who reads the body, if there is more of one; its answer is the last."""
        if self._body is not None and not self._body.is_eof():
            if self._current_request is not None:
                self._body.set_exception(error)
            self._body.feed_eof()  # nothing is left that would have to be read and thrown away
            self.close()

    def _set_deadline(self, timeout_s: float) -> None:
        # aiohttp forgets a transport that it closes, but one whose peer reads nothing stays open.
        if self._deadline is not None:
            self._deadline.cancel()
        if self.transport is not None:
            self._deadline = self._loop.call_later(timeout_s, self._expire, self.transport)

    def _expire(self, transport: asyncio.Transport) -> None:
        """Time is up: first for a body, so that the answer can say so, then for the connection."""
        if self._body is None or self._body.is_eof():
            transport.abort()
            return
        self._end_body(SlowBody("too little of the body came in time"))
        self.alive()


def _origin(transport: asyncio.BaseTransport) -> str:
    """From where a connection comes, as it is counted; "" for this machine, or where unknown."""
    name: tuple[str, ...] | None = transport.get_extra_info("peername")
    address = literal_address(name[0]) if name else None
    if address is None or address.is_loopback:
        return ""
    if isinstance(address, IPv6Address) and not _is_of_a_site(address):
        return str(IPv6Network((address, IPV6_NETWORK_BITS), strict=False))
    return str(address)


def _is_of_a_site(address: IPv6Address) -> bool:
    """Whether others of its network are others' machines, and not as many as one host likes."""
    # `is_private` would have addresses of tunnels (2001::/32) in it, which anybody may have.
    return address.is_link_local or address in UNIQUE_LOCAL


def json_answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(
        body=orjson.dumps(body) + b"\n",
        status=status,
        headers={**GUARDS, **(headers or {})},
        content_type=_JSON,
    )
