"""One answer of a server, read within bounds of bytes and of time."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

import anyio
from aiohttp import ClientError, ClientResponse
from yarl import URL

from pacsd.dicom.text import printable
from pacsd.dicomweb.headers import warning_texts
from pacsd.dicomweb.media_types import MediaType, media_type_of
from pacsd.net.web_client.errors import Broken

_NO_MEDIA_TYPE = MediaType("", "")


class ServerAnswer:
    """Status and headers are here; the payload comes as it is asked for.

    Each stretch of it comes within `patience_s`; what is read at once is whole within that.
    """

    def __init__(self, response: ClientResponse, patience_s: float) -> None:
        self._response = response
        self._patience_s = patience_s

    @property
    def status(self) -> int:
        """The status of HTTP."""
        return self._response.status

    @property
    def url(self) -> URL:
        """Where it came from."""
        return self._response.url

    @property
    def content_type(self) -> str:
        """The Content-Type header; "" without one."""
        return self.header("Content-Type")

    @property
    def media_type(self) -> MediaType:
        """What the payload is; a media type without names where that cannot be read."""
        return media_type_of(self.content_type) or _NO_MEDIA_TYPE

    def header(self, name: str) -> str:
        """The first header of this name; "" without one."""
        return self._response.headers.get(name, "")

    def headers(self, name: str) -> list[str]:
        """All headers of this name."""
        return self._response.headers.getall(name, [])

    @property
    def warnings(self) -> list[str]:
        """What its Warning headers say, safe to show to people (PS3.18 section 8.3.4.2)."""
        return warning_texts(self.headers("Warning"))

    def close(self) -> None:
        """Read no more: the connection ends, if the answer has not."""
        self._response.close()

    async def read(self, max_bytes: int) -> bytes:
        """The whole payload.

        Raises:
            Broken: it is longer than `max_bytes`, breaks off, or is not here in time.
        """
        self._check_encoding()
        length = self._response.content_length
        if length is not None and length > max_bytes:
            raise Broken(f"the answer has {length} bytes, more than {max_bytes} (our bound)")
        data = bytearray()
        with _faults(), self._in_time():
            async for piece in self._response.content.iter_any():
                data += piece
                if len(data) > max_bytes:
                    raise Broken(f"the answer has more than {max_bytes} bytes (our bound)")
        return bytes(data)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The payload as it comes.

        Raises:
            Broken: it breaks off, or nothing of it comes in time.
        """
        self._check_encoding()
        while True:
            with _faults(), self._in_time():
                piece = await self._response.content.readany()
            if not piece:
                return
            yield piece

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        try:
            with anyio.fail_after(self._patience_s):
                yield
        except TimeoutError:
            raise Broken(f"the answer did not go on within {self._patience_s:g} s") from None

    def _check_encoding(self) -> None:
        """We ask for the payload as it is: inflated it might be of any size."""
        encoding = self.header("Content-Encoding").strip().lower()
        if encoding not in {"", "identity"}:
            raise Broken(f"Content-Encoding: '{printable(encoding)}' was not asked for")


@contextmanager
def _faults() -> Iterator[None]:
    """Have what breaks under the answer be told as that."""
    try:
        yield
    except (ClientError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise
        said = f": {printable(str(error), 128)}" if str(error) else ""
        raise Broken(f"the answer broke off{said}") from error
