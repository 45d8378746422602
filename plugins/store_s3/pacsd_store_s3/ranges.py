"""Ranges of an object: checked before any byte is read, and cut into the blocks they lie in."""

from collections.abc import Iterator, Sequence

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import ByteRange
from pacsd_store_s3.blocks import BLOCK_BYTES


def wanted_ranges(ranges: Sequence[ByteRange] | None, size_bytes: int) -> Sequence[ByteRange]:
    """The ranges, or the one that is the whole object.

    Raises:
        StoreError: one of them does not lie inside the object.
    """
    if ranges is None:
        return (ByteRange(0, size_bytes),)
    for wanted in ranges:
        end_bytes = wanted.offset_bytes + wanted.length_bytes
        if min(wanted.offset_bytes, wanted.length_bytes) < 0 or end_bytes > size_bytes:
            text = f"{wanted.length_bytes} bytes from {wanted.offset_bytes} on of {size_bytes}"
            raise StoreError(StoreFault.OUT_OF_RANGE, text)
    return ranges


def shifted(ranges: Sequence[ByteRange], by_bytes: int) -> list[ByteRange]:
    """The same ranges of an object that has so many bytes before it."""
    return [ByteRange(each.offset_bytes + by_bytes, each.length_bytes) for each in ranges]


def in_blocks(ranges: Sequence[ByteRange]) -> Iterator[tuple[int, slice]]:
    """The blocks the ranges lie in, in their order, and what of each is wanted."""
    for wanted in ranges:
        at, end = wanted.offset_bytes, wanted.offset_bytes + wanted.length_bytes
        while at < end:
            index = at // BLOCK_BYTES
            start = index * BLOCK_BYTES
            stop = min(end, start + BLOCK_BYTES)
            yield index, slice(at - start, stop - start)
            at = stop
