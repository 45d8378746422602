"""One request to DICOMweb, and how answers to it are written."""

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass

import orjson
from aiohttp.web import BaseRequest, Response, StreamResponse

from pacsd.dicomweb.query_string import parameters_of
from pacsd.dicomweb.targets import Target, path_of
from pacsd.net.http_connection import GUARDS, Connection

ROOT = "/dicomweb"
DICOM_JSON = "application/dicom+json"


class BrokenOff(Exception):
    """What is being sent cannot be sent to its end; the connection ends with it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, what it is about, and the URL of the service as its client knows it."""

    request: BaseRequest
    target: Target
    query: str
    root_url: str

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

    def url(self, target: Target) -> str:
        """The URL of a resource."""
        return self.root_url + path_of(target)

    def alive(self) -> None:
        """Data moved: there is time for more."""
        if isinstance(self.request.protocol, Connection):
            self.request.protocol.alive()

    async def send(
        self,
        pieces: AsyncIterable[bytes],
        content_type: str,
        *,
        length: int | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> StreamResponse:
        """Send an answer as it is made, `length` bytes if that is known.

        Raises:
            BrokenOff: it could not be made to its end; some of it has left.
        """
        answer = StreamResponse(status=status, headers={**GUARDS, **(headers or {})})
        answer.content_type = content_type
        answer.content_length = length
        await answer.prepare(self.request)
        if not self.is_head:
            async for piece in pieces:
                await answer.write(piece)
                self.alive()
        await answer.write_eof()
        return answer


def dicom_json(array: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """Data sets in the DICOM JSON Model (PS3.18 section F.2)."""
    return Response(
        body=array, headers={**GUARDS, **(headers or {}), "Content-Type": DICOM_JSON}
    )


def problem(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """Why a request is not answered as it wished."""
    return Response(
        body=orjson.dumps({"error": text}) + b"\n",
        status=status,
        headers={**GUARDS, **(headers or {}), "Content-Type": "application/json"},
    )


