"""One request to DICOMweb, and how answers to it are written."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, field

import anyio
import orjson
import structlog
from aiohttp.web import BaseRequest, Response, StreamResponse

from pacsd.api.access import Principal
from pacsd.archive.finding import FindError
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.errors import DicomError
from pacsd.dicom.headers import Buffer
from pacsd.dicomweb.accept import Choice, Representation, choose
from pacsd.dicomweb.client_profile import USUAL, Profile
from pacsd.dicomweb.content_codings import GZIP, Codings
from pacsd.dicomweb.errors import BadRequest, TimedOut, TooLarge
from pacsd.dicomweb.query_string import parameters_of
from pacsd.dicomweb.targets import Target, path_of
from pacsd.net.http_bodies import SlowBody
from pacsd.net.http_connection import GUARDS, Connection
from pacsd.net.web.gzip_coding import as_coded, pays, vary
from pacsd.net.web.in_pieces import InPieces
from pacsd.net.web.request_places import RequestPlaces

ROOT = "/dicomweb"
DICOM_JSON = "application/dicom+json"

AT_ONCE_BYTES = 1024 * 1024

MIN_PROGRESS_BYTES = 16 * 1024
"""Fewer of a payload within the time that a connection may be silent are as good as none."""

JSON_OFFERS = tuple(
    Representation(media_type, is_multipart=False)
    for media_type in (DICOM_JSON, "application/json")
)

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

STRANGER = Principal("", is_authenticated=False)
"""Who asks where nobody logs in."""

LookAgain = Callable[[], Awaitable[Sight | Response]]
"""What a client sees now; or the answer to who may not ask any more."""

_log = structlog.get_logger("pacsd.net.web")


class Unavailable(Exception):
    """It cannot be done now; the text says why, without values from a peer."""


async def _everything() -> Sight:
    return EVERYTHING


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, what it is about, and the URL of the service as its client knows it.

    `allowed` are headers that let the page read the answer that sent the request, `places` those
    of requests, of which it holds one; `codings` are what the client takes answers in, `profile`
    how it is answered; `max_body_bytes` bounds its payload, if that is not 0. `principal` is who
    asks, `sight` what it sees; whoever answers for longer than a while
    has to `look_again`.
    """

    request: BaseRequest
    target: Target
    query: str
    root_url: str
    allowed: Mapping[str, str] = field(default_factory=dict)
    places: RequestPlaces = field(default_factory=lambda: RequestPlaces(1))
    codings: Codings = field(default_factory=Codings)
    profile: Profile = USUAL
    max_body_bytes: int = 0
    principal: Principal = STRANGER
    sight: Sight = EVERYTHING
    look_again: LookAgain = _everything

    @property
    def accept(self) -> list[str]:
        """The Accept headers."""
        return self.request.headers.getall("Accept", [])

    @property
    def accepted(self) -> list[str]:
        """The `accept` parameters, for clients that cannot set headers.

        Raises:
            BadRequest: the query component is none.
        """
        return [value for name, value in parameters_of(self.query) if name == "accept"]

    def choose(self, offers: Sequence[Representation]) -> Choice:
        """The representation that the client takes; by default the first, or as its profile says.

        Raises:
            NotAcceptable: it takes none of them.
            BadRequest: its headers or query cannot be read.
        """
        return choose(self.profile.ordered(offers), self.accept, self.accepted)

    @property
    def is_head(self) -> bool:
        """Whether the client wants the header of the answer alone."""
        return self.request.method == "HEAD"

    @property
    def user(self) -> str:
        """Who has logged in, '' where nobody does."""
        return self.principal.name

    @property
    def client(self) -> str:
        """The address the request came from."""
        return self.request.remote or ""

    @property
    def is_gone(self) -> bool:
        """Whether the client has closed the connection, or lost it."""
        return isinstance(self.request.protocol, Connection) and self.request.protocol.lost.is_set()

    async def gone(self) -> None:
        """Return once it has; never where the connection cannot tell."""
        if isinstance(self.request.protocol, Connection):
            await self.request.protocol.lost.wait()
        else:
            await anyio.sleep_forever()

    def aside(self) -> AbstractContextManager[None]:
        """Let another request have its place: it waits, and is counted elsewhere."""
        return self.places.given_back()

    def url(self, target: Target) -> str:
        """The URL of a resource."""
        return self.root_url + path_of(target)

    def alive(self) -> None:
        """Data moved: there is time for more."""
        if isinstance(self.request.protocol, Connection):
            self.request.protocol.alive()

    async def body(self) -> AsyncGenerator[bytes, None]:
        """The payload of the request, in pieces as they come.

        Raises:
            TooLarge: it has, or is said to have, more bytes than it may.
            TimedOut: too little of it comes.
            BadRequest: it broke off, or its chunks are none.
        """
        self._check_length(self.request.content_length or 0)
        self._go_on()
        total = fresh = 0
        try:
            async for data in self.request.content.iter_any():
                total, fresh = total + len(data), fresh + len(data)
                self._check_length(total)
                if fresh >= MIN_PROGRESS_BYTES:
                    self.alive()
                    fresh = 0
                yield data
        except SlowBody as error:
            raise TimedOut("payload", None, str(error)) from error
        except OSError as error:
            raise BadRequest("payload", None, f"broke off: {error}") from error
        self.alive()

    async def send(
        self,
        pieces: AsyncGenerator[Buffer, None],
        content_type: str,
        *,
        length: int | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> StreamResponse:
        """Send an answer as it is made, `length` bytes if that is known; a short one at once.

        Where `pieces` of a long one fail the connection is cut: nothing else tells it any more.
        What is text is gzip-coded where the client takes it.

        Raises:
            OSError, FindError, DicomError: a short one fails, and nothing has left.
        """
        given = {**GUARDS, **self.allowed, **(headers or {}), "Content-Type": content_type}
        source = pieces
        if pays(content_type):
            given.update(vary(given, "Accept-Encoding"))
            pieces, is_coded = await as_coded(pieces, self.codings)
            if is_coded:
                given["Content-Encoding"], length = GZIP, None
        if length is not None and length <= AT_ONCE_BYTES and not self.is_head:
            async with aclosing(pieces):
                return InPieces([piece async for piece in pieces], status, given)
        answer = StreamResponse(status=status, headers=given)
        answer.content_length = length
        async with aclosing(source), aclosing(pieces):
            try:
                await answer.prepare(self.request)
                if not self.is_head:
                    await self._write(answer, pieces)
                await answer.write_eof()
            except ConnectionError:
                pass  # nobody reads any more
            except (OSError, FindError, DicomError) as error:
                self._cut(error)
        return answer

    def model(
        self,
        body: bytes,
        media_type: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Data sets in a model (PS3.18 section 8.7.3.2), by the name that it was chosen by."""
        given = {**GUARDS, **self.allowed, **(headers or {}), "Content-Type": media_type}
        return Response(body=body, status=status, headers=given)

    def plain(
        self,
        body: bytes,
        media_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        *,
        status: int = 200,
    ) -> Response:
        """An answer that is no data set."""
        given = {**GUARDS, **self.allowed, **(headers or {}), "Content-Type": media_type}
        return Response(body=body, status=status, headers=given)

    def _check_length(self, length: int) -> None:
        if self.max_body_bytes and length > self.max_body_bytes:
            rule = f"has more than {self.max_body_bytes} bytes (dicomweb.max_request_bytes)"
            raise TooLarge("payload", None, rule)

    def _go_on(self) -> None:
        """Tell a client that waits for it to send its payload (RFC 9110 section 10.1.1)."""
        expects = self.request.headers.get("Expect", "").strip().lower()
        if expects == "100-continue" and self.request.transport is not None:
            self.request.transport.write(_CONTINUE)

    async def _write(self, answer: StreamResponse, pieces: AsyncGenerator[Buffer, None]) -> None:
        async for piece in pieces:
            await answer.write(piece)
            self.alive()

    def _cut(self, error: Exception) -> None:
        """Some of an answer has left that cannot be had to its end: the client must notice."""
        _log.error("an answer was cut short", path=self.request.path, why=str(error))
        if self.request.transport is not None:
            self.request.transport.abort()


def problem(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """Why a request is not answered as it wished."""
    return Response(
        body=orjson.dumps({"error": text}) + b"\n",
        status=status,
        headers={**GUARDS, **(headers or {}), "Content-Type": "application/json"},
    )
