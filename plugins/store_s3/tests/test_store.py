from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from pacsd_s3_client.far import open_far
from pacsd_store_s3.settings import StoreS3Settings

from contrib.peers import seaweedfs
from contrib.peers.seaweedfs import SeaweedFS
from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, ByteRange, Location
from pacsd.testing.blob_store_contract import (
    PREFACE,
    BlobStoreContract,
    ReadsTogetherContract,
    commit_one,
    list_all,
    read_all,
    stage,
)
from pacsd.testing.memory_store import MemoryStore
from tests.far_stores import far_memory, held_store, opened_store, settings, until

PREFIXES = count(1)


def real(server: SeaweedFS, **values: object) -> StoreS3Settings:
    """The settings of a store of its own in a server."""
    return settings(
        endpoint=server.endpoint,
        access_key_id=seaweedfs.ACCESS_KEY_ID,
        secret_access_key=seaweedfs.SECRET_ACCESS_KEY,
        prefix=f"{next(PREFIXES)}/",
        **values,
    )


class TestInMemory(BlobStoreContract, ReadsTogetherContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[BlobStore]:
        async with held_store(tmp_path, far_memory()) as opened:
            yield opened


class TestAcknowledgedBySpool(BlobStoreContract, ReadsTogetherContract):
    @pytest.fixture
    async def store(self, tmp_path: Path, seaweed: SeaweedFS) -> AsyncIterator[BlobStore]:
        chosen = real(seaweed)
        async with held_store(tmp_path, open_far(chosen), chosen) as opened:
            yield opened


class TestAcknowledgedByFar(BlobStoreContract, ReadsTogetherContract):
    """Nothing stays here: each read comes from the far store."""

    @pytest.fixture
    async def store(self, tmp_path: Path, seaweed: SeaweedFS) -> AsyncIterator[BlobStore]:
        chosen = real(seaweed, acknowledge="far", max_cache_bytes=0)
        async with held_store(tmp_path, open_far(chosen), chosen) as opened:
            yield opened


async def test_a_lost_cache_is_read_from_the_far_store(tmp_path: Path, seaweed: SeaweedFS) -> None:
    chosen = real(seaweed, max_cache_bytes=0, max_whole_bytes=100_000, part_bytes=5 * 2**20)
    contents = [bytes([number]) * size for number, size in enumerate((10, 99_000, 12_000_001))]
    async with opened_store(tmp_path, open_far(chosen), chosen) as store:
        locations = [await commit_one(store, content) for content in contents]
        await store.all_uploaded()
        await store.parts.evicting.evict()
        assert not store.parts.catalogue.cached_objects
        for location, content in zip(locations, contents, strict=True):
            assert await read_all(store, location) == PREFACE + content
        middle = await read_all(store, locations[2], [ByteRange(4_000_000, 5_000_000)])
        assert middle == contents[2][:5_000_000]
        with pytest.raises(StoreError) as raised:
            await read_all(store, locations[2], [ByteRange(12_000_000, 100)])
        assert raised.value.fault is StoreFault.OUT_OF_RANGE


async def test_what_is_fetched_is_cached(tmp_path: Path) -> None:
    chosen = settings(max_whole_bytes=1000, max_cache_bytes=100_000_000)
    far = far_memory()
    async with opened_store(tmp_path, far, chosen) as store:
        locations = [await commit_one(store, b"x" * size) for size in (900, 5_000_000)]
        await store.all_uploaded()
        for location in locations:
            place = store.parts.catalogue.drop_cached(location.key)
            assert place is not None
            await store.parts.spool.delete(place.location)
        for location in locations:
            assert len(await read_all(store, location)) == location.size_bytes
        await until(lambda: store.parts.catalogue.cached_objects == 2)
        for location in locations:
            assert (await read_all(store, location, [ByteRange(0, 9)])) == PREFACE + b"xx"
            with pytest.raises(StoreError) as raised:
                await read_all(store, location, [ByteRange(location.size_bytes, 1)])
            assert raised.value.fault is StoreFault.OUT_OF_RANGE
        assert await list_all(store) == locations
    # The copies are known again, and are no objects.
    (tmp_path / "store_s3.ledger").unlink()
    async with opened_store(tmp_path, far, chosen) as store:
        assert store.parts.catalogue.cached_objects == 2
        assert await list_all(store) == locations


async def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    chosen = settings(max_waiting_bytes=2**20)
    async with opened_store(tmp_path, far_memory(), chosen, runs=False) as store:
        before = (await store.status()).free_bytes
        staged = await stage(store, bytes(2**20))
        with pytest.raises(StoreError) as raised:
            await stage(store, b"one more")
        assert raised.value.fault is StoreFault.NO_SPACE
        assert "wait for the far store" in raised.value.explanation
        assert (before, (await store.status()).free_bytes) == (2**20, 0)
        await staged.abort()
        await staged.abort()
        assert (await store.status()).free_bytes == 2**20
        await store.commit([await stage(store, b"fits")])


async def test_refuses_a_staged_object_of_another_store(tmp_path: Path) -> None:
    async with opened_store(tmp_path, far_memory()) as store:
        foreign = await stage(MemoryStore(), b"data")
        with pytest.raises(TypeError, match="of another store"):
            await store.commit([foreign])


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    far = far_memory()
    async with opened_store(tmp_path, far) as store:
        uploaded = await commit_one(store, b"uploaded")
        gone = await commit_one(store, b"gone")
        await store.all_uploaded()
        await store.delete(gone)
        await store.all_uploaded()
    async with opened_store(tmp_path, far, runs=False) as store:
        assert store.parts.catalogue.waiting_objects == 0
        waiting = await commit_one(store, b"waiting")
        removed = await commit_one(store, b"removed")
        await store.delete(removed)
    async with opened_store(tmp_path, far) as store:
        assert await list_all(store) == [uploaded, waiting]
        await store.all_uploaded()
        assert await read_all(store, waiting) == PREFACE + b"waiting"
        assert await store.stat(removed) is None
        with pytest.raises(StoreError) as raised:
            await read_all(store, gone)
        assert raised.value.fault is StoreFault.NOT_FOUND


async def test_a_lost_ledger_costs_looking_again(tmp_path: Path) -> None:
    far = far_memory()
    async with opened_store(tmp_path, far) as store:
        locations = [await commit_one(store, bytes([number])) for number in range(5)]
        await store.all_uploaded()
    (tmp_path / "store_s3.ledger").unlink()
    async with opened_store(tmp_path, far, runs=False) as store:
        assert store.parts.catalogue.waiting_objects == 5
        assert await list_all(store) == locations
    async with opened_store(tmp_path, far) as store:
        await store.all_uploaded()
        assert store.parts.line.refused == 0
        assert await list_all(store) == locations


async def test_a_lost_spool_costs_what_waited_and_no_key_comes_twice(tmp_path: Path) -> None:
    far, chosen = far_memory(), settings()
    async with opened_store(tmp_path, far, chosen) as store:
        kept = await commit_one(store, b"kept")
        await store.state_log.append([b"decided"])
        await store.all_uploaded()
        await until(lambda: store.state_log.mirrored == 1)
    for folder in ("one", "two"):
        new = tmp_path / folder
        new.mkdir()
        (new / "store_s3.json").write_bytes((tmp_path / "store_s3.json").read_bytes())
        async with opened_store(new, far, chosen) as store:
            assert (await list_all(store))[0] == kept
            assert await read_all(store, kept) == PREFACE + b"kept"
            assert [each async for each in store.state_log.read()] == [b"decided"]
            location = await commit_one(store, folder.encode())
            assert location.key > kept.key
            await store.all_uploaded()
    assert len(await far.names("objects")) == 3


async def test_a_damaged_cached_object_is_fetched(tmp_path: Path) -> None:
    async with opened_store(tmp_path, far_memory()) as store:
        location = await commit_one(store, b"data")
        await store.all_uploaded()
        place = store.parts.catalogue.here(location.key)
        assert place is not None
        (tmp_path / "store/objects" / place.location.key).unlink()
        assert await read_all(store, location) == PREFACE + b"data"


async def test_several_are_read_together_wherever_they_are(tmp_path: Path) -> None:
    async with opened_store(tmp_path, far_memory(), settings(max_cache_bytes=0)) as store:
        far_only = await commit_one(store, b"far")
        await store.all_uploaded()
        await store.parts.evicting.evict()
        here = await commit_one(store, b"here")
        wanted = [(each, ByteRange(len(PREFACE), 3)) for each in (far_only, here)]
        assert await store.read_together(wanted) == [b"far", b"her"]


async def test_deleting_tells_of_a_key_that_never_was(tmp_path: Path) -> None:
    async with opened_store(tmp_path, far_memory()) as store:
        await store.delete(Location("store_s3", "0001/1/000/000/000/fff.dcm", 1))
        assert await list_all(store) == []
