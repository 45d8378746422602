import errno
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

import anyio
import pytest
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.reading import PIECE_BYTES
from pacsd_store_fs.root import open_root
from pacsd_store_fs.store import FileStore

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, Buffer, Location
from pacsd.testing.blob_store_contract import (
    BlobStoreContract,
    OpensFilesContract,
    ReadsTogetherContract,
    commit_one,
    list_all,
    read_all,
    stage,
)
from pacsd.testing.memory_store import MemoryStage, MemoryStore


def open_store(path: Path, disk: Disk | None = None, *, sync: bool = True) -> FileStore:
    root = open_root(path / "store", path / "store_fs.json", Disk())
    return FileStore("store_fs", root, sync=sync, disk=disk)


class TestFileStore(BlobStoreContract, ReadsTogetherContract, OpensFilesContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[BlobStore]:
        opened = open_store(tmp_path)
        yield opened
        await opened.close()


class TestRelaxedFileStore(BlobStoreContract, ReadsTogetherContract, OpensFilesContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[BlobStore]:
        opened = open_store(tmp_path, sync=False)
        yield opened
        await opened.close()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class FullDisk(Disk):
    """Takes so many bytes and no more, as RLIMIT or a quota would."""

    def __init__(self, room_bytes: int) -> None:
        self.room_bytes = room_bytes

    def write(self, descriptor: int, buffers: Sequence[Buffer]) -> None:
        self.room_bytes -= sum(map(len, buffers))
        if self.room_bytes < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(descriptor, buffers)


class DyingDisk(Disk):
    def sync(self, descriptor: int) -> None:
        raise OSError(errno.EIO, f"Input/output error on {descriptor}")

    def sync_directory(self, path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error", path)


async def test_a_full_disk_refuses_and_leaves_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path, FullDisk(1000))
    kept = await commit_one(store, b"x" * 500)
    with pytest.raises(StoreError) as raised:
        await stage(store, b"x" * 300, b"x" * 300)
    assert raised.value.fault is StoreFault.NO_SPACE
    assert await list_all(store) == [kept]
    assert not (await store.status()).is_read_only
    await store.close()


async def test_two_failed_flushes_make_it_read_only_and_it_says_so(tmp_path: Path) -> None:
    healthy = open_store(tmp_path)
    kept = await commit_one(healthy, b"kept")
    await healthy.close()
    store = open_store(tmp_path, DyingDisk())
    staged = [await stage(store, b"a"), await stage(store, b"b"), await stage(store, b"c")]
    results = [*await store.commit(staged[:1]), *await store.commit(staged[1:2])]
    assert all(isinstance(result, StoreError) for result in results)
    status = await store.status()
    assert status.is_read_only
    assert "2 failed flushes" in status.explanation
    with pytest.raises(StoreError):
        await stage(store, b"d")
    [refusal] = await store.commit(staged[2:])
    assert isinstance(refusal, StoreError)
    assert refusal.fault is StoreFault.READ_ONLY
    with pytest.raises(StoreError):
        await store.delete(kept)
    assert (await read_all(store, kept)).endswith(b"kept")
    await store.close()


async def test_an_object_may_have_gone_without_its_flush(tmp_path: Path) -> None:
    healthy = open_store(tmp_path)
    kept = await commit_one(healthy, b"kept")
    await healthy.close()
    store = open_store(tmp_path, DyingDisk())
    with pytest.raises(StoreError, match="fsync of a directory"):
        await store.delete(kept)
    await store.close()


async def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    keys = []
    for _ in range(3):
        store = open_store(tmp_path)
        location = await commit_one(store, b"data")
        keys.append(location.key)
        await store.delete(location)
        await store.close()
    assert keys == [f"1/000/000/00{number}/000.dcm" for number in range(3)]


async def test_an_object_deleted_while_read_is_read_whole(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    content = os.urandom(2 * PIECE_BYTES)
    location = await commit_one(store, content)
    async with aclosing(store.read(location)) as pieces:
        read = await anext(pieces)
        assert len(read) == PIECE_BYTES
        await store.delete(location)
        async for piece in pieces:
            read += piece
    assert read.endswith(content)
    await store.close()


async def test_a_reader_that_leaves_closes_the_file(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    location = await commit_one(store, bytes(2 * PIECE_BYTES))
    before = open_files()
    async with aclosing(store.read(location)) as pieces:
        await anext(pieces)
    assert open_files() == before
    await store.close()


async def test_groups_committed_at_once_do_not_mix(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    locations: list[Location] = []

    async def commit(number: int) -> None:
        location = await commit_one(store, bytes([number]) * 1000)
        assert (await read_all(store, location)).endswith(bytes([number]) * 1000)
        locations.append(location)

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(commit, number)
    assert len({location.key for location in locations}) == 20
    await store.close()


async def test_refuses_a_staged_object_of_another_store(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    foreign = await stage(MemoryStore(), b"data")
    assert isinstance(foreign, MemoryStage)
    with pytest.raises(TypeError, match="of another store"):
        await store.commit([foreign])
    await store.close()


async def test_status_tells_free_space(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    status = await store.status()
    assert status.free_bytes is not None
    assert status.free_bytes > 0
    await store.close()


async def test_a_root_that_went_away_is_no_place_to_write(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    (tmp_path / "store").rename(tmp_path / "gone")
    status = await store.status()
    assert status.is_read_only
    assert "ENOENT" in status.explanation
    await store.close()
