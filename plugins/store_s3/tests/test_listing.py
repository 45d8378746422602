from pathlib import Path

import pytest
from pacsd_store_s3.entries import UNKNOWN_FLOOR, Floor

from pacsd.api.errors import StoreError
from pacsd.testing.blob_store_contract import commit_one, list_all
from tests.far_stores import Opened, far_memory, opened_store


def forget(store: Opened, floor: str = UNKNOWN_FLOOR) -> None:
    """Have the far store asked."""
    store.parts.catalogue.apply(Floor(floor))


async def test_what_waits_and_what_is_far_come_in_one_order(tmp_path: Path) -> None:
    far = far_memory()
    async with opened_store(tmp_path, far) as store:
        first = [await commit_one(store, b"x") for _ in range(3)]
        await store.all_uploaded()
    async with opened_store(tmp_path, far, runs=False) as store:
        forget(store)
        late = await commit_one(store, b"late")
        await store.delete(first[1])
        assert await list_all(store) == [first[0], first[2], late]
        assert (await store.list(first[0].key)).locations == (first[2], late)


async def test_pages_end_where_the_far_stores_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("pacsd_s3_client.far", "pacsd_store_s3.listing"):
        monkeypatch.setattr(f"{module}.LIST_NAMES", 3)
    monkeypatch.setattr("pacsd_store_s3.listing.PAGE_OBJECTS", 4)
    async with opened_store(tmp_path, far_memory()) as store:
        locations = [await commit_one(store, bytes(number)) for number in range(11)]
        await store.all_uploaded()
        assert await list_all(store) == locations
        forget(store)
        assert await list_all(store) == locations
        forget(store, locations[5].key)
        assert await list_all(store) == locations


async def test_what_came_last_is_told_while_the_far_store_is_down(tmp_path: Path) -> None:
    async with opened_store(tmp_path, far_memory()) as store:
        locations = [await commit_one(store, b"x") for _ in range(3)]
        await store.all_uploaded()
        forget(store, locations[0].key)
        store.parts.listing._far = None  # type: ignore[assignment]
        assert (await store.list(locations[0].key)).locations == tuple(locations[1:])
        with pytest.raises((StoreError, AttributeError)):
            await store.list()
