"""Data sets read several at once, from a store that counts."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

import anyio
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, ByteRange, Location
from pacsd.archive import reading_ahead as tested
from pacsd.archive.reading_ahead import Opens, reading_ahead
from pacsd.archive.retrievable import Retrievable
from pacsd.dicom.plain_corrector import NewValue
from pacsd.index.records import Copy, CopyState
from pacsd.testing.memory_store import MemoryStore

PREFACE = b"preface"
EXPLICIT = "1.2.840.10008.1.2.1"


class CountingStore(MemoryStore):
    """Remembers how many were read together, each time; a gate can keep them waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.together: list[int] = []
        self.gate = anyio.Event()
        self.gate.set()

    async def read_together(
        self, wanted: Sequence[tuple[Location, ByteRange]], /
    ) -> Sequence[bytes | StoreError]:
        self.together.append(len(wanted))
        await self.gate.wait()
        return await super().read_together(wanted)


def instance(
    store: MemoryStore, number: int, data: bytes, *, is_corrected: bool = False
) -> Retrievable:
    key = f"{number:08}"
    store.objects[key] = PREFACE + data
    location = Location("memory", key, len(PREFACE) + len(data))
    copy = Copy(number, location, len(data), bytes(32), EXPLICIT, CopyState.OK, 0)
    corrections = (NewValue(0x00100010, "Roe", ""),) if is_corrected else ()
    return Retrievable("1.2.3", f"1.2.{number}", "1.2", (copy,), corrections)


async def alone(each: Retrievable) -> AsyncGenerator[bytes, None]:
    yield b"alone " + each.sop_instance_uid.encode()


async def read(opens: Opens) -> bytes:
    async with aclosing(opens()) as pieces:
        return b"".join([piece async for piece in pieces])


async def test_a_page_is_read_in_groups_as_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tested, "TOGETHER", 3)
    store = CountingStore()
    page = [instance(store, number, b"%d" % number) for number in range(7)]
    opens = reading_ahead(store, page, alone)
    assert [await read(each) for each in opens[:2]] == [b"0", b"1"]
    assert store.together == [3]
    rest = [await read(each) for each in opens[2:]]
    assert rest == [b"2", b"3", b"4", b"5", b"alone 1.2.6"]
    assert store.together == [3, 3]


async def test_what_is_long_empty_or_corrected_is_read_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tested, "LONGEST_BYTES", 5)
    store = CountingStore()
    page = [
        instance(store, 0, b"short"),
        instance(store, 1, b"longer"),
        instance(store, 2, b""),
        instance(store, 3, b"short", is_corrected=True),
        instance(store, 4, b"a"),
        instance(store, 5, b"b"),
    ]
    contents = [await read(each) for each in reading_ahead(store, page, alone)]
    assert contents == [b"alone 1.2.0", b"alone 1.2.1", b"alone 1.2.2", b"alone 1.2.3", b"a", b"b"]
    assert store.together == [2]


async def test_a_group_has_a_bound_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tested, "TOGETHER_BYTES", 10)
    store = CountingStore()
    page = [instance(store, number, bytes(5)) for number in range(4)]
    for opens in reading_ahead(store, page, alone):
        assert await read(opens) == bytes(5)
    assert store.together == [2, 2]


async def test_what_cannot_be_read_together_is_read_alone_and_fails_no_other() -> None:
    store = CountingStore()
    page = [instance(store, number, b"here") for number in range(3)]
    del store.objects["00000001"]
    contents = [await read(each) for each in reading_ahead(store, page, alone)]
    assert contents == [b"here", b"alone 1.2.1", b"here"]


async def test_one_that_is_sent_again_is_read_again() -> None:
    store = CountingStore()
    page = [instance(store, number, b"here") for number in range(2)]
    first, _ = reading_ahead(store, page, alone)
    assert [await read(first), await read(first)] == [b"here", b"alone 1.2.0"]


async def test_who_waits_for_a_group_gets_it_though_the_first_one_gave_up() -> None:
    store = CountingStore()
    store.gate = anyio.Event()
    page = [instance(store, number, b"%d" % number) for number in range(2)]
    opens = reading_ahead(store, page, alone)
    contents: list[bytes] = []

    async def second() -> None:
        contents.append(await read(opens[1]))

    async with anyio.create_task_group() as tasks:
        async with anyio.create_task_group() as first:
            first.start_soon(read, opens[0])
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(second)
            await anyio.wait_all_tasks_blocked()
            first.cancel_scope.cancel()
        await anyio.wait_all_tasks_blocked()
        store.gate.set()
    assert contents == [b"1"]
    assert store.together == [2, 2]


async def test_a_store_that_does_not_read_together_reads_one_by_one() -> None:
    store = MemoryStore()
    page = [instance(store, 0, b"here")]
    [opens] = reading_ahead(cast("BlobStore", object()), page, alone)
    assert await read(opens) == b"alone 1.2.0"


async def test_a_store_that_fails_as_a_whole_fails_no_object() -> None:
    class Failing(CountingStore):
        async def read_together(
            self, _: Sequence[tuple[Location, ByteRange]], /
        ) -> Sequence[bytes | StoreError]:
            raise StoreError(StoreFault.INPUT_OUTPUT, "the network is down")

    store = Failing()
    page = [instance(store, number, b"here") for number in range(2)]
    contents = [await read(each) for each in reading_ahead(store, page, alone)]
    assert contents == [b"alone 1.2.0", b"alone 1.2.1"]


async def test_what_is_no_whole_data_set_is_read_alone() -> None:
    class Short(CountingStore):
        async def read_together(
            self, wanted: Sequence[tuple[Location, ByteRange]], /
        ) -> Sequence[bytes | StoreError]:
            first, second, *_ = await super().read_together(wanted)
            assert isinstance(first, bytes)
            return [first[:-1], second]

    store = Short()
    page = [instance(store, number, b"here") for number in range(3)]
    contents = [await read(each) for each in reading_ahead(store, page, alone)]
    assert contents == [b"alone 1.2.0", b"here", b"alone 1.2.2"]


async def test_what_nobody_takes_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tested, "TOGETHER", 2)
    store = CountingStore()
    page = [instance(store, number, b"here") for number in range(8)]
    opens = reading_ahead(store, page, alone)
    for number in (0, 2, 4, 6):  # the others are never accepted
        assert await read(opens[number]) == b"here"
    kept = [await read(opens[number]) for number in (7, 5, 3, 1)]
    assert kept == [b"here", b"here", b"alone 1.2.3", b"alone 1.2.1"]
