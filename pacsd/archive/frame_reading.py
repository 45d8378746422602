"""Frames of stored images, read from where they lie (PS3.18 section 8.3.3.3).

Where each frame of a copy lies is worked out once, and kept for those asked for last.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, Location
from pacsd.archive.outlines import MemorySource, Source, open_source, read_outline, read_whole
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.byte_order import swap, unit_bytes
from pacsd.dicom.errors import DicomError
from pacsd.dicom.frame_table import frame_table
from pacsd.dicom.frames import Frame, FrameTable, NativeFrames
from pacsd.dicom.header_stream import PassedValue
from pacsd.index.records import Copy

MAX_KEPT_FRAMES = 500_000
"""In all frame tables that are kept: 16 bytes each where they are compressed."""

_BITS_PER_BYTE = 8


class NoPixels(Exception):
    """The instance has no Pixel Data."""


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of one copy. `transfer_syntax_uid` is that of the copy.

    `is_native`: they are samples, one behind the other, which leave in little endian.
    """

    transfer_syntax_uid: str
    is_native: bool
    source: Source
    table: FrameTable
    pixels: PassedValue

    def __len__(self) -> int:
        """How many there are."""
        return len(self.table)

    def size_bytes(self, index: int) -> int:
        """How long a frame is, as it leaves."""
        table = self.table
        if isinstance(table, NativeFrames):
            return -(-table.frame_bits // _BITS_PER_BYTE)
        return table[index].length


class FrameReader:
    """Reads frames out of a store."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._kept: OrderedDict[Location, Frames] = OrderedDict()
        self._kept_frames = 0

    async def open(self, instance: Retrievable) -> Frames:
        """Where the frames of an instance lie, in the first copy that can be read.

        Raises:
            NoPixels: it has none.
            Unreadable: no copy can be read, or nobody can tell frames apart in it.
        """
        why = "no copy"
        for copy in instance.copies:
            kept = self._kept.get(copy.location)
            if kept is not None:
                self._kept.move_to_end(copy.location)
                return kept
            try:
                return await self._open(copy)
            except (StoreError, DicomError) as error:
                why = str(error.fault) if isinstance(error, StoreError) else str(error)
        raise Unreadable(why)

    async def read(self, frames: Frames, index: int) -> AsyncGenerator[bytes, None]:
        """A frame, counted from 0, in bounded pieces.

        Raises:
            Unreadable: it cannot be read, or broke off.
            IndexError: there is none.
        """
        frame = frames.table[index]
        try:
            async with aclosing(_pieces(frames, frame)) as pieces:
                async for piece in pieces:
                    yield piece
        except StoreError as error:
            raise Unreadable(str(error.fault)) from error

    async def _open(self, copy: Copy) -> Frames:
        source = await open_source(self._store, copy)
        outline = await read_outline(source)
        table = frame_table(outline)
        if table is None or outline.pixels is None:
            raise NoPixels
        is_native = outline.fragments is None
        frames = Frames(copy.transfer_syntax_uid, is_native, source, table, outline.pixels)
        if not isinstance(source, MemorySource):
            self._keep(copy.location, frames)
        return frames

    def _keep(self, location: Location, frames: Frames) -> None:
        self._kept[location] = frames
        self._kept_frames += 1 if frames.is_native else len(frames)
        while self._kept_frames > MAX_KEPT_FRAMES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_frames -= 1 if oldest.is_native else len(oldest)


def _pieces(frames: Frames, frame: Frame) -> AsyncGenerator[bytes, None]:
    table = frames.table
    unit = 1 if frames.source.syntax.is_little_endian else unit_bytes(frames.pixels.vr)
    if isinstance(table, NativeFrames) and (unit > 1 or table.frame_bits % _BITS_PER_BYTE):
        return _rewritten(frames, frame, table.frame_bits, unit)
    return frames.source.read(frame.fragments)


async def _rewritten(
    frames: Frames, frame: Frame, frame_bits: int, unit: int
) -> AsyncGenerator[bytes, None]:
    """A native frame that is not as it leaves: in big endian, or from within a byte on."""
    ((offset, length),) = frame.fragments
    within = (offset - frames.pixels.offset) % unit
    end = min(offset + length + -(within + length) % unit, frames.source.size_bytes)
    stored = await read_whole(frames.source, offset - within, end - offset + within)
    data = swap(stored, unit)[within : within + length]
    yield _from_bit(data, frame.first_bit, frame_bits) if frame_bits % _BITS_PER_BYTE else data


def _from_bit(data: bytes, first_bit: int, bits: int) -> bytes:
    """So many bits from one on, the first of them the lowest of the first byte (PS3.5 8.1.1)."""
    number = int.from_bytes(data, "little") >> first_bit & ((1 << bits) - 1)
    return number.to_bytes(-(-bits // _BITS_PER_BYTE), "little")
