import hashlib

import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Location, StageRequest
from pacsd.archive.pace import Pace
from pacsd.archive.reading_back import ReadBack
from pacsd.index.records import CopyState, NewCopy
from pacsd.testing.memory_store import MemoryStore

DATA_SET = bytes(range(256)) * 1024


async def kept(store: MemoryStore, data_set: bytes = DATA_SET) -> NewCopy:
    staged = await store.stage(StageRequest(1, b"preface", hashlib.sha256()))
    await staged.write([data_set])
    (location,) = await store.commit([staged])
    assert isinstance(location, Location)
    sha256 = hashlib.sha256(data_set).digest()
    return NewCopy(location.store, location.key, location.size_bytes, len(data_set), sha256)


@pytest.mark.parametrize("data_set", [DATA_SET, b"small", b""])
async def test_what_was_stored_is_good(data_set: bytes) -> None:
    store, counted = MemoryStore(), [0]
    read_back = ReadBack(store, Pace(None), counted.append)
    assert await read_back(await kept(store, data_set)) is CopyState.OK
    assert sum(counted) == len(data_set)


async def test_one_bit_makes_it_damaged() -> None:
    store = MemoryStore()
    copy = await kept(store)
    changed = bytearray(store.objects[copy.key])
    changed[100_000] ^= 4
    store.objects[copy.key] = bytes(changed)
    assert await ReadBack(store, Pace(None))(copy) is CopyState.DAMAGED


async def test_what_is_too_short_is_damaged() -> None:
    store = MemoryStore()
    copy = await kept(store)
    store.objects[copy.key] = store.objects[copy.key][:-1]
    assert await ReadBack(store, Pace(None))(copy) is CopyState.DAMAGED


async def test_what_is_not_there_is_missing() -> None:
    store = MemoryStore()
    copy = await kept(store)
    await store.delete(copy.location)
    assert await ReadBack(store, Pace(None))(copy) is CopyState.MISSING


async def test_a_store_that_stops_says_nothing_about_its_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    copy = await kept(store)

    def stopped(*_: object) -> None:
        raise StoreError(StoreFault.STOPPED, "test")

    monkeypatch.setattr(store, "read", stopped)
    with pytest.raises(StoreError):
        await ReadBack(store, Pace(None))(copy)
