"""Data sets on their way out, with what was corrected of them (PS3.3 section C.12.1.1.9)."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import anyio.to_thread

from pacsd.dicom.corrector import Corrector
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.plain_corrector import NewValue
from pacsd.dicom.tag import Tag
from pacsd.index.overlay_records import Overlay

MAX_BYTES_ON_LOOP = 16 * 1024
"""Of headers, which take longer than the event loop may wait: 1 MiB of SR takes 0.4 s."""

HELD_BYTES = 256 * 1024
"""So much is corrected before any of it is given out: what cannot be corrected shows by then."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_values(overlays: Mapping[Tag, Overlay]) -> tuple[NewValue, ...]:
    """What a data set is to say instead."""
    return tuple(
        NewValue(tag, overlay.new_value, _date_time(overlay.at_us))
        for tag, overlay in sorted(overlays.items())
    )


class CorrectedReading:
    """One data set that is corrected while it is read."""

    def __init__(self, transfer_syntax_uid: str, values: Sequence[NewValue]) -> None:
        syntax = known_syntax(transfer_syntax_uid)
        self._corrector = Corrector(syntax, values)
        self._is_deflated = syntax.is_deflated

    @property
    def left(self) -> tuple[Tag, ...]:
        """What could not be corrected."""
        return self._corrector.left

    async def pieces(self, stored: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """What the stored bytes become.

        None before nothing is corrected any more or HELD_BYTES are held, so that of most that
        cannot be corrected nothing is given out at all.

        Raises:
            DicomError: they cannot be read.
        """
        held: list[bytes] = []
        held_bytes = 0
        async with aclosing(self._parts(stored)) as parts:
            async for part in parts:
                held.append(part)
                held_bytes += len(part)
                if self._corrector.is_over or held_bytes >= HELD_BYTES:
                    for each in held:
                        yield each
                    held.clear()
        for each in held:
            yield each

    async def _parts(self, stored: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        async for piece in stored:
            for part in await self._made(self._corrector.feed(piece), len(piece)):
                yield part
        for part in await self._made(self._corrector.finish(), 0):
            if part:
                yield part

    async def _made(self, parts: Iterable[bytes], size_bytes: int) -> list[bytes]:
        """In a thread what takes longer than the event loop may wait; of the rest a hop would."""
        is_long = size_bytes > MAX_BYTES_ON_LOOP and not self._corrector.is_over
        if self._is_deflated or is_long:
            return await anyio.to_thread.run_sync(list, parts)
        return list(parts)


def _date_time(at_us: int) -> str:
    """A value of VR DT (PS3.5 section 6.2)."""
    return f"{_EPOCH + timedelta(microseconds=at_us):%Y%m%d%H%M%S.%f%z}"
