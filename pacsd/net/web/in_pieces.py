"""An answer that is in memory, in pieces: it leaves without being copied into one."""

from collections.abc import Mapping, Sequence

from aiohttp.web import StreamResponse

from pacsd.dicom.headers import Buffer


class InPieces(StreamResponse):
    """An answer whose body is these pieces, one behind the other; they are let go as they leave.

    Not for HEAD, to which they would be sent as well.
    """

    def __init__(self, pieces: Sequence[Buffer], status: int, headers: Mapping[str, str]) -> None:
        super().__init__(status=status, headers=headers)
        self._pieces = list(reversed(pieces))
        self.content_length = sum(map(len, pieces))

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the pieces, then what ends an answer."""
        while self._pieces:
            await self.write(self._pieces.pop())
        await super().write_eof(data)
