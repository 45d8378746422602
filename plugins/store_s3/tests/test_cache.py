from collections.abc import AsyncIterator
from pathlib import Path

from pacsd.testing.blob_store_contract import commit_one
from tests.far_stores import Opened, far_memory, opened_store, settings


async def evicted(store: Opened, *contents: bytes) -> list[str]:
    """Keys of objects that only the far store has."""
    locations = [await commit_one(store, content) for content in contents]
    await store.all_uploaded()
    for location in locations:
        place = store.parts.catalogue.drop_cached(location.key)
        assert place is not None
        await store.parts.spool.delete(place.location)
    return [location.key for location in locations]


async def test_a_deleted_object_is_not_kept(tmp_path: Path) -> None:
    async with opened_store(tmp_path, far_memory()) as store:
        [key] = await evicted(store, b"data")
        spool, cache = store.parts.spool, store.parts.fetching._keep
        before = len((await spool.list()).locations)

        async def pieces() -> AsyncIterator[bytes]:
            yield b"data"
            await store.delete(next(iter((await store.list()).locations)))

        await cache(key, pieces(), 4)
        assert len((await spool.list()).locations) == before
        assert store.parts.catalogue.here(key) is None


async def test_what_would_fill_all_the_room_is_not_kept(tmp_path: Path) -> None:
    async with opened_store(tmp_path, far_memory(), settings(max_cache_bytes=700)) as store:
        [key] = await evicted(store, b"data")
        cache = store.parts.fetching._keep

        async def pieces() -> AsyncIterator[bytes]:
            yield bytes(180)

        await cache(key, pieces(), 200)
        assert store.parts.catalogue.here(key) is None
        await cache(key, pieces(), 180)
        assert store.parts.catalogue.here(key) is not None
