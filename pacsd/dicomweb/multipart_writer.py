"""A multipart/related payload, written around the bytes of its parts (PS3.18 section 8.6.1.2).

It makes what stands before, between and behind the parts; whoever sends them writes them in
between, so that nothing of them is copied or held:

    part(...)  data  PART_END   part(...)  data  PART_END   closing
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pacsd.dicomweb.headers import location

PART_END = b"\r\n"
"""What follows the data of a part."""

_RANDOM_HEX = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class MultipartWriter:
    """What stands around parts of a media type; `random_hex` are 32 digits nobody could foresee.

    With 128 bits of chance in the boundary no data has it in it: no need to look.
    """

    media_type: str
    random_hex: str

    def __post_init__(self) -> None:
        if not _RANDOM_HEX.fullmatch(self.random_hex):
            raise ValueError(f"boundary: '{self.random_hex}' is not 32 hexadecimal digits")

    @property
    def boundary(self) -> str:
        """What stands between the parts."""
        return f"pacsd-{self.random_hex}"

    @property
    def content_type(self) -> str:
        """The Content-Type of the payload."""
        return f'multipart/related; type="{self.media_type}"; boundary={self.boundary}'

    @property
    def closing(self) -> bytes:
        """What follows the last part."""
        return f"--{self.boundary}--\r\n".encode("ascii")

    def part(
        self,
        *,
        length: int | None = None,
        transfer_syntax: str = "",
        media_type: str = "",
        content_location: str = "",
    ) -> bytes:
        """What stands before a part: its boundary and headers.

        `media_type` is that of the payload unless said; `length` is told where it is known.
        """
        syntax = f"; transfer-syntax={transfer_syntax}" if transfer_syntax else ""
        lines = [f"--{self.boundary}", f"Content-Type: {media_type or self.media_type}{syntax}"]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        if content_location:
            lines.append(f"Content-Location: {location(content_location)}")
        return "\r\n".join((*lines, "\r\n")).encode("ascii")

    def content_length(self, parts: Iterable[tuple[bytes, int]]) -> int:
        """The length of the payload whose parts have these beginnings and data of these lengths."""
        around = len(PART_END)
        return len(self.closing) + sum(len(begin) + size + around for begin, size in parts)
