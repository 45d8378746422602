from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from pacsd_store_s3.catalogue import Catalogue, Place
from pacsd_store_s3.evicting import ENOUGH_FOR_S, Evicting

from pacsd.api.errors import StoreError
from pacsd.api.store import Location, StoreStatus
from pacsd.testing.blob_store_contract import PREFACE, commit_one, read_all
from pacsd.testing.fake_host import RecordingLogger
from pacsd.testing.memory_store import MemoryStore
from tests.far_stores import far_memory, opened_store, settings, until


class Spool(MemoryStore):
    """Counts how often it is asked for its status."""

    times_asked = 0

    async def status(self) -> StoreStatus:
        self.times_asked += 1
        return await super().status()

    def has_free(self, free_bytes: int) -> None:
        self.current_status = replace(self.current_status, free_bytes=free_bytes)


async def test_the_cache_stays_within_its_bound(tmp_path: Path) -> None:
    async with opened_store(tmp_path, far_memory(), settings(max_cache_bytes=3000)) as store:
        locations = [await commit_one(store, bytes(1000)) for _ in range(8)]
        await store.all_uploaded()
        catalogue = store.parts.catalogue
        await until(lambda: catalogue.cached_bytes <= 3000)
        assert catalogue.cached_objects == 2
        for location in locations:
            assert await read_all(store, location) == PREFACE + bytes(1000)


async def test_short_of_space_the_cache_goes(tmp_path: Path) -> None:
    async with opened_store(tmp_path, far_memory(), settings(keep_free_bytes=2**60)) as store:
        location = await commit_one(store, b"data")
        await store.all_uploaded()
        await until(lambda: not store.parts.catalogue.cached_objects)
        assert await read_all(store, location) == PREFACE + b"data"


async def test_space_that_was_enough_is_not_looked_at_again_at_once() -> None:
    spool, catalogue, now_s = Spool(), Catalogue(), 100.0
    evicting = Evicting(
        spool,
        catalogue,
        anyio.lowlevel.checkpoint,
        RecordingLogger(),
        max_bytes=1000,
        keep_free_bytes=10,
        clock=lambda: now_s,
    )
    catalogue.add_cached("0001/1", Place(Location("spool", "1", 10)))
    spool.has_free(10)
    for _ in range(3):
        await evicting.evict()
    assert spool.times_asked == 1
    spool.has_free(9)
    await evicting.evict()
    assert catalogue.cached_objects == 1
    now_s += ENOUGH_FOR_S
    await evicting.evict()
    assert catalogue.cached_objects == 0


async def test_nothing_leaves_before_it_is_known_for_good_that_it_is_far(tmp_path: Path) -> None:
    far = far_memory()
    async with opened_store(tmp_path, far, settings(max_cache_bytes=0), runs=False) as store:
        location = await commit_one(store, b"data")
        ledger = tmp_path / "store_s3.ledger"
        parts = store.parts
        # Nothing can be written there: a folder has the name of the file that is made anew.
        parts.ledger.close()
        ledger.unlink()
        ledger.with_name(f"{ledger.name}.new").mkdir()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(parts.uploading.run, 1)
            await store.all_uploaded()
            tasks.cancel_scope.cancel()
        with pytest.raises(StoreError, match="write the ledger"):
            await parts.evicting.evict()
        assert parts.catalogue.cached_objects == 1
        assert "cannot be noted" in (await store.status()).explanation
        ledger.with_name(f"{ledger.name}.new").rmdir()
        await parts.evicting.evict()
        assert parts.catalogue.cached_objects == 0
        assert (await store.status()).explanation == ""
        assert await read_all(store, location) == PREFACE + b"data"


async def test_much_goes_at_once() -> None:
    spool, catalogue, settled = Spool(), Catalogue(), 0

    async def settle() -> None:
        nonlocal settled
        settled += 1

    evicting = Evicting(
        spool, catalogue, settle, RecordingLogger(), max_bytes=6400, keep_free_bytes=0
    )
    for number in range(641):
        catalogue.add_cached(f"0001/{number:03d}", Place(Location("spool", str(number), 10)))
    await evicting.evict()
    assert (catalogue.cached_bytes, settled) == (6300, 1)
    assert next(catalogue.least_used()) == "0001/011"
    await evicting.evict()
    assert settled == 1
