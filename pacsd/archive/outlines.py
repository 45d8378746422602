"""Outlines of stored data sets: as much of each read as is needed to know what lies where."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import anyio.to_thread

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, ByteRange, Location, ReadsTogether, reads_together
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.inflate import inflate
from pacsd.dicom.outline import Outline, OutlineStream
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax
from pacsd.index.records import Copy

FIRST_BYTES = 32 * 1024
"""The header of nearly every slice is shorter."""

PIECE_BYTES = 256 * 1024
AT_ONCE_BYTES = 1024 * 1024


class Source(Protocol):
    """A data set that can be read from anywhere; deflated ones as they inflate."""

    @property
    def syntax(self) -> TransferSyntax:
        """How its bytes are written."""

    @property
    def size_bytes(self) -> int:
        """How many there are."""

    def read(self, ranges: Sequence[tuple[int, int]], /) -> AsyncGenerator[bytes, None]:
        """The bytes of these (offset, length), one after the other, in bounded pieces.

        Raises:
            StoreError: they cannot be read.
        """


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A data set as it lies in the store."""

    store: BlobStore
    copy: Copy

    @property
    def syntax(self) -> TransferSyntax:
        """That of the copy."""
        return known_syntax(self.copy.transfer_syntax_uid)

    @property
    def size_bytes(self) -> int:
        """Of the data set."""
        return self.copy.data_set_bytes

    def read(self, ranges: Sequence[tuple[int, int]], /) -> AsyncGenerator[bytes, None]:
        """As stored; what is short at once, which takes one hop to a thread."""
        location = self.copy.location
        start = location.size_bytes - self.copy.data_set_bytes
        wanted = [ByteRange(start + offset, length) for offset, length in ranges]
        is_short = len(wanted) == 1 and wanted[0].length_bytes <= AT_ONCE_BYTES
        if is_short and reads_together(self.store):
            return _at_once(self.store, location, wanted[0])
        return self.store.read(location, wanted)


async def _at_once(
    store: ReadsTogether, location: Location, wanted: ByteRange
) -> AsyncGenerator[bytes, None]:
    (answer,) = await store.read_together([(location, wanted)])
    if isinstance(answer, StoreError):
        raise answer
    yield answer


@dataclass(frozen=True, slots=True)
class MemorySource:
    """A data set in memory, or its beginning: what a deflated one inflates to, a corrected one."""

    data: bytes
    syntax: TransferSyntax

    @property
    def size_bytes(self) -> int:
        """Of what is there."""
        return len(self.data)

    async def read(self, ranges: Sequence[tuple[int, int]], /) -> AsyncGenerator[bytes, None]:
        """From memory."""
        for offset, length in ranges:
            yield self.data[offset : offset + length]


async def open_source(store: BlobStore, copy: Copy) -> Source:
    """The data set of a copy; one that is deflated is inflated whole, 64 MiB at most.

    Raises:
        StoreError: it cannot be read.
        InflateError: it cannot be inflated within bounds.
    """
    stored = StoredSource(store, copy)
    if not stored.syntax.is_deflated:
        return stored
    return await inflated(await read_whole(stored, 0, stored.size_bytes))


async def inflated(deflated: bytes) -> MemorySource:
    """What a deflated data set inflates to (PS3.5 section A.5).

    Raises:
        InflateError: it cannot be inflated within bounds.
    """
    data, _ = await anyio.to_thread.run_sync(inflate, deflated)
    return MemorySource(data, known_syntax(EXPLICIT_VR_LITTLE_ENDIAN))


async def read_whole(source: Source, offset: int, length: int) -> bytes:
    """Bytes that may be in memory at once."""
    async with aclosing(source.read([(offset, length)])) as pieces:
        return b"".join([piece async for piece in pieces])


async def read_outline(source: Source) -> Outline:
    """The outline of a data set.

    Raises:
        StoreError: it cannot be read.
    """
    stream = OutlineStream(source.syntax)
    wanted = FIRST_BYTES
    while not stream.is_over and stream.offset < source.size_bytes:
        length = min(wanted, source.size_bytes - stream.offset)
        async with aclosing(source.read([(stream.offset, length)])) as pieces:
            async for piece in pieces:
                stream.feed(piece)
        stream.skip(min(stream.skippable_bytes, source.size_bytes - stream.offset))
        wanted = PIECE_BYTES
    stream.end()
    return stream.outline()
