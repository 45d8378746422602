from pathlib import Path

from pacsd.testing.blob_store_contract import PREFACE, commit_one, read_all
from tests.far_stores import far_memory, opened_store, settings, until


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
