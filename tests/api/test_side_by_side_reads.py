"""Reads side by side: the answers of each, in their order, and not too many at once."""

import hashlib
from collections.abc import AsyncGenerator, Sequence

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.side_by_side_reads import read_side_by_side
from pacsd.api.store import ByteRange, Location, StageRequest
from pacsd.testing.memory_store import MemoryStore


class Counting(MemoryStore):
    """Knows how many are read at once."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = self.most = 0

    async def read(
        self, location: Location, ranges: Sequence[ByteRange] | None = None, /
    ) -> AsyncGenerator[bytes, None]:
        self.reading += 1
        self.most = max(self.most, self.reading)
        try:
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
            async for piece in super().read(location, ranges):
                yield piece
        finally:
            self.reading -= 1


async def kept(store: MemoryStore, content: bytes) -> Location:
    staged = await store.stage(StageRequest(1, b"", hashlib.sha256()))
    await staged.write([content])
    (answer,) = await store.commit([staged])
    assert isinstance(answer, Location)
    return answer


async def test_each_has_its_answer_in_order_and_so_many_are_read_at_once() -> None:
    store = Counting()
    there = [await kept(store, b"object %d" % number) for number in range(8)]
    wanted = [(each, ByteRange(7, 1)) for each in there]
    wanted[2] = (Location("memory", "none", 9), ByteRange(0, 1))
    wanted[5] = (there[5], ByteRange(0, 100))
    answers = await read_side_by_side(store, wanted, at_once=3)
    said = [each.fault if isinstance(each, StoreError) else each for each in answers]
    missing, outside = StoreFault.NOT_FOUND, StoreFault.OUT_OF_RANGE
    assert said == [b"0", b"1", missing, b"3", b"4", outside, b"6", b"7"]
    assert store.most == 3
    assert store.reading == 0


async def test_nothing_wanted_is_nothing() -> None:
    assert await read_side_by_side(MemoryStore(), [], at_once=1) == []
