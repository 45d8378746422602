"""Where bulk data waits until all of its instance is there."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from pacsd.dicom.headers import Buffer


@dataclass(frozen=True, slots=True)
class Spooled:
    """A stretch of what was written to a spool."""

    offset: int
    size_bytes: int


class Spool(Protocol):
    """Keeps the bytes of one request, and is gone with it."""

    async def write(self, data: Buffer) -> None:
        """Append to it.

        Raises:
            TooLarge: no request may have so much waiting.
            Unavailable: there is no room for it now.
        """

    def read(self, spooled: Spooled) -> AsyncGenerator[bytes, None]:
        """What was written there, in bounded pieces.

        Raises:
            Unavailable: it cannot be read.
        """

    async def clear(self) -> None:
        """Nothing of what was written is needed any more; begin at offset 0.

        Raises:
            Unavailable: that does not work.
        """


class Spools(Protocol):
    """Who has room for spools."""

    def opened(self) -> AbstractAsyncContextManager[Spool]:
        """An empty one.

        Raises:
            Unavailable: there can be none now.
        """
