"""Frames of stored images, read from where they lie (PS3.18 section 8.3.3.3).

Where each frame of a copy lies is worked out once, as a rule before anybody asks (see
`KeptMetadata`), and remembered for those asked for last. So a frame is one look into what is kept,
and one range read.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import anyio.to_thread

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, Location
from pacsd.archive.outlines import (
    MemorySource,
    Source,
    StoredSource,
    open_source,
    read_outline,
    read_whole,
)
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.byte_order import swap, unit_bytes
from pacsd.dicom.errors import DicomError, FrameError
from pacsd.dicom.frame_table import frame_table
from pacsd.dicom.frame_table_codec import PlacedFrames, decode_frames
from pacsd.dicom.frames import Frame, FrameTable, NativeFrames
from pacsd.dicom.header_stream import PassedValue, known_syntax
from pacsd.index.records import Copy

MAX_KEPT_FRAMES = 500_000
"""In all frame tables that are kept: 16 bytes each where they are compressed."""

SHORT_TABLE_BYTES = 4 * 1024
"""A longer table is decoded beside the event loop: 60,000 frames take 20 ms."""

_BITS_PER_BYTE = 8


class NoPixels(Exception):
    """The instance has no Pixel Data."""


class BrokenPixels(Exception):
    """Its frames cannot be told apart, and never will; the text says why."""


class KeepsFrameTables(Protocol):
    """Who keeps where frames lie; see `KeptMetadata`."""

    async def frames(self, instance: Retrievable) -> bytes | None:
        """The frame table of an instance that is not corrected, as `decode_frames` takes it."""


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
    """Reads frames out of a store; `tables` are made ahead, and may be wanting."""

    def __init__(self, store: BlobStore, tables: KeepsFrameTables | None = None) -> None:
        self._store = store
        self._tables = tables
        self._kept: OrderedDict[Location, Frames] = OrderedDict()
        self._kept_frames = 0

    async def open(self, instance: Retrievable) -> Frames:
        """Where the frames of an instance lie, in the first copy that can be read.

        Raises:
            NoPixels: it has none.
            BrokenPixels: nobody can tell frames apart in it.
            Unreadable: no copy can be read.
        """
        fault, is_broken = "no copy", False
        for copy in instance.copies:
            kept = self._kept.get(copy.location)
            if kept is not None:
                self._kept.move_to_end(copy.location)
                return kept
            try:
                made_ahead = await self._made_ahead(instance, copy)
                return await self._open(copy) if made_ahead is None else made_ahead
            except DicomError as error:
                fault, is_broken = str(error), True
            except StoreError as error:
                fault, is_broken = str(error.fault), False
        raise BrokenPixels(fault) if is_broken else Unreadable(fault)

    async def find(self, data: bytes, transfer_syntax_uid: str) -> Frames:
        """Where the frames lie of a data set in memory, which is not kept here.

        Raises:
            NoPixels: it has none.
            BrokenPixels: nobody can tell frames apart in it.
        """
        source = MemorySource(data, known_syntax(transfer_syntax_uid))
        try:
            outline = await read_outline(source)
            table = frame_table(outline)
        except DicomError as error:
            raise BrokenPixels(str(error)) from error
        if table is None or outline.pixels is None:
            raise NoPixels
        is_native = isinstance(table, NativeFrames)
        return Frames(transfer_syntax_uid, is_native, source, table, outline.pixels)

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

    async def _made_ahead(self, instance: Retrievable, copy: Copy) -> Frames | None:
        """By a table that is kept, if there is one that fits: nothing of the copy is read."""
        if self._tables is None or not instance.is_sound(copy):
            return None
        encoded = await self._tables.frames(instance)
        if encoded is None or not await self._is_there(instance, copy):
            return None
        if len(encoded) <= SHORT_TABLE_BYTES:
            placed = _fitting(encoded, copy.data_set_bytes)
        else:
            placed = await anyio.to_thread.run_sync(_fitting, encoded, copy.data_set_bytes)
        if placed is None:
            return None
        frames = _frames(copy, StoredSource(self._store, copy), placed)
        self._keep(copy.location, frames)
        return frames

    async def _is_there(self, instance: Retrievable, copy: Copy) -> bool:
        """Whether a copy of several can be read; of one alone, who reads its frames is told."""
        return len(instance.copies) == 1 or await self._store.stat(copy.location) is not None

    async def _open(self, copy: Copy) -> Frames:
        source = await open_source(self._store, copy)
        outline = await read_outline(source)
        table = frame_table(outline)
        if table is None or outline.pixels is None:
            raise NoPixels
        frames = _frames(copy, source, PlacedFrames(outline.pixels, table))
        if not isinstance(source, MemorySource):
            self._keep(copy.location, frames)
        return frames

    def _keep(self, location: Location, frames: Frames) -> None:
        # Who asked at the same time may have been first.
        self._kept_frames += _weight(frames) - _weight(self._kept.get(location))
        self._kept[location] = frames
        while self._kept_frames > MAX_KEPT_FRAMES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_frames -= _weight(oldest)


def _frames(copy: Copy, source: Source, placed: PlacedFrames) -> Frames:
    is_native = isinstance(placed.table, NativeFrames)
    return Frames(copy.transfer_syntax_uid, is_native, source, placed.table, placed.pixels)


def _fitting(encoded: bytes, size_bytes: int) -> PlacedFrames | None:
    """A table whose frames all lie in a data set of that size; another one is passed over."""
    try:
        placed = decode_frames(encoded)
    except FrameError:
        return None
    return placed if placed.table.end_offset <= size_bytes else None


def _weight(frames: Frames | None) -> int:
    """As how many frames a table counts."""
    if frames is None:
        return 0
    return 1 if frames.is_native else len(frames)


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
