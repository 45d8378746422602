"""Requests to one DICOMweb server, and what they have in common."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

import anyio
from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from pacsd.dicom.implementation import IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.text import printable
from pacsd.net.web_client.answer import ServerAnswer
from pacsd.net.web_client.errors import Broken, NoAnswerInTime, NotReached
from pacsd.net.web_client.refusal import REDIRECTS
from pacsd.net.web_client.retry_after import retry_after_s
from pacsd.net.web_client.service_root import ServiceRoot

MAX_REDIRECTS = 5
MAX_RETRIES = 3
"""How often a server that is busy is asked again."""
MAX_RETRY_AFTER_S = 60.0
"""A server that wants us back later than that is not waited for."""

_BUSY = frozenset({429, 503})

Sleep = Callable[[float], Awaitable[None]]
Moved = Callable[[], None]
"""Is called when some of a payload has left."""


@dataclass(frozen=True, slots=True)
class WebTimeouts:
    """How long we wait, in seconds: for the connection, and for anything to move on it."""

    connect_s: float = 10.0
    message_s: float = 60.0


@dataclass(frozen=True, slots=True)
class WebServer:
    """Whom we ask, what we show, and how we know that it is the right one."""

    root: ServiceRoot
    token: str = field(default="", repr=False)
    tls: SSLContext | None = None
    timeouts: WebTimeouts = field(default_factory=WebTimeouts)


@dataclass(frozen=True, slots=True)
class Request:
    """A request; `path` with its query is behind the root, percent-encoded.

    `payload` gives the bytes to send, each time anew, `length` of them, and says when some have
    left. Such a request is not redirected: they would go to a place that nobody named.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    payload: Callable[[Moved], AsyncGenerator[bytes, None]] | None = None
    length: int = 0


class WebSession:
    """Asks one server. Where it is busy it is asked again when it says so, within bounds."""

    def __init__(self, server: WebServer, client: ClientSession, sleep: Sleep) -> None:
        self.server = server
        self._client = client
        self._sleep = sleep

    @asynccontextmanager
    async def ask(self, request: Request) -> AsyncIterator[ServerAnswer]:
        """The answer, for the time of a block; what is not read of it by then is not wanted.

        Raises:
            NotReached: there is no connection.
            Broken: there is no answer, or none of HTTP.
        """
        answer = await self._answer(request)
        try:
            yield answer
        finally:
            answer.close()

    async def _answer(self, request: Request) -> ServerAnswer:
        url, redirects, retries = self.server.root.below(request.path), 0, 0
        while True:
            answer = await self._once(request, url)
            wait_s = _wait_s(answer)
            if wait_s is not None and retries < MAX_RETRIES:
                answer.close()
                await self._sleep(wait_s)
                retries += 1
                continue
            further = self._redirected(request, answer)
            if further is None or redirects == MAX_REDIRECTS:
                return answer
            answer.close()
            url, redirects = further, redirects + 1

    def _redirected(self, request: Request, answer: ServerAnswer) -> URL | None:
        """Where to ask instead: on the same server only, which alone may see our token."""
        if answer.status not in REDIRECTS or request.payload is not None:
            return None
        try:
            further = answer.url.join(URL(answer.header("Location"), encoded=True))
        except ValueError:
            return None
        return further if self.server.root.is_same_origin(further) else None

    async def _once(self, request: Request, url: URL) -> ServerAnswer:
        """Ask; nothing of the request or answer moving for too long ends it."""
        patience_s = self.server.timeouts.message_s
        headers = dict(request.headers)
        with anyio.CancelScope(deadline=anyio.current_time() + patience_s) as scope:

            def moved() -> None:
                scope.deadline = anyio.current_time() + patience_s

            data = None if request.payload is None else request.payload(moved)
            if data is not None:
                headers["Content-Length"] = str(request.length)
            with _faults(self.server):
                response = await self._client.request(
                    request.method, url, headers=headers, data=data, allow_redirects=False
                )
                return ServerAnswer(response, patience_s)
        raise NoAnswerInTime(f"no answer within {patience_s:g} s")


@asynccontextmanager
async def web_session(
    server: WebServer, *, sleep: Sleep = anyio.sleep
) -> AsyncIterator[WebSession]:
    """Ask a server for the time of a block; each request has a connection of its own."""
    headers = {"Accept-Encoding": "identity", "User-Agent": IMPLEMENTATION_VERSION_NAME}
    if server.token:
        headers["Authorization"] = f"Bearer {server.token}"
    # A connection kept open might end just when it is used again: a POST is not to be guessed at.
    connector = TCPConnector(limit=0, ssl=server.tls or True, force_close=True)
    # Proxies, cookies and ~/.netrc are left alone: nobody asked for them here.
    async with ClientSession(
        connector=connector,
        headers=headers,
        timeout=ClientTimeout(total=None, connect=server.timeouts.connect_s),
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        trust_env=False,
    ) as client:
        yield WebSession(server, client, sleep)


def _wait_s(answer: ServerAnswer) -> float | None:
    """How long to wait before the server is asked again; None: not at all."""
    if answer.status not in _BUSY:
        return None
    wait_s = retry_after_s(answer.header("Retry-After"), answer.header("Date"))
    return None if wait_s is None or wait_s > MAX_RETRY_AFTER_S else wait_s


@contextmanager
def _faults(server: WebServer) -> Iterator[None]:
    """What aiohttp says of connections, in our words."""
    where = f"{server.root.url.host}:{server.root.url.port}"
    try:
        yield
    except ConnectionTimeoutError:
        text = f"{where}: no connection within {server.timeouts.connect_s:g} s"
        raise NotReached(text) from None
    except ClientConnectorCertificateError as error:
        why = getattr(error.certificate_error, "verify_message", "") or "is none"
        text = f"{where}: the server's certificate is not trusted: {printable(str(why), 128)}"
        raise NotReached(f"{text}; --ca FILE names who vouches for it") from None
    except ClientSSLError as error:
        why = printable(str(error.os_error), 128)
        raise NotReached(f"{where}: no TLS: {why}") from None
    except ClientConnectorError as error:
        said = error.os_error.strerror or str(error.os_error)
        raise NotReached(f"{where}: {printable(said, 128)}") from None
    except (ClientError, OSError) as error:
        said = f": {printable(str(error), 128)}" if str(error) else ""
        raise Broken(f"no answer: the connection ended{said}") from error
