"""One request to DICOMweb, and how answers to it are written."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, field

import anyio
import orjson
import structlog
from aiohttp.web import BaseRequest, Response, StreamResponse

from pacsd.archive.finding import FindError
from pacsd.dicom.errors import DicomError
from pacsd.dicom.headers import Buffer
from pacsd.dicomweb.accept import Representation
from pacsd.dicomweb.query_string import parameters_of
from pacsd.dicomweb.targets import Target, path_of
from pacsd.net.http_connection import GUARDS, Connection
from pacsd.net.web.request_places import RequestPlaces

ROOT = "/dicomweb"
DICOM_JSON = "application/dicom+json"

AT_ONCE_BYTES = 1024 * 1024

JSON_OFFERS = tuple(
    Representation(media_type, is_multipart=False)
    for media_type in (DICOM_JSON, "application/json")
)

_log = structlog.get_logger("pacsd.net.web")


class Unavailable(Exception):
    """It cannot be done now; the text says why, without values from a peer."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, what it is about, and the URL of the service as its client knows it.

    `allowed` are headers that let the page read the answer that sent the request, `places` those
    of requests, of which it holds one.
    """

    request: BaseRequest
    target: Target
    query: str
    root_url: str
    allowed: Mapping[str, str] = field(default_factory=dict)
    places: RequestPlaces = field(default_factory=lambda: RequestPlaces(1))

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

    @property
    def is_head(self) -> bool:
        """Whether the client wants the header of the answer alone."""
        return self.request.method == "HEAD"

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

        Raises:
            OSError, FindError, DicomError: a short one fails, and nothing has left.
        """
        given = {**GUARDS, **self.allowed, **(headers or {}), "Content-Type": content_type}
        if length is not None and length <= AT_ONCE_BYTES and not self.is_head:
            async with aclosing(pieces):
                body = b"".join([piece async for piece in pieces])
            return Response(body=body, status=status, headers=given)
        answer = StreamResponse(status=status, headers=given)
        answer.content_length = length
        async with aclosing(pieces):
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

    def json(
        self,
        body: bytes,
        media_type: str = DICOM_JSON,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """An answer in the DICOM JSON Model (PS3.18 section F.2), by the name it was chosen by."""
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
