"""A far store that gives other bytes, or too few (hostile row P03)."""

from pathlib import Path

import anyio
import pytest
from pacsd_s3_client.far import open_far
from pacsd_store_s3.settings import StoreS3Settings

from contrib.peers import fake_s3
from contrib.peers.fake_s3 import FakeS3
from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import ByteRange, Location
from pacsd.testing.blob_store_contract import PREFACE, commit_one, read_all
from tests.far_stores import Opened, opened_store, settings, until

LARGE = bytes(range(256)) * 20_000
SIZES = {"small": b"small", "large": LARGE}


def of(fake: FakeS3) -> StoreS3Settings:
    key = {"access_key_id": "key", "secret_access_key": "secret"}
    bounds = {"max_cache_bytes": 0, "max_whole_bytes": 100_000, "part_bytes": 8 * 2**20}
    return settings(endpoint=fake.endpoint, **key, **bounds)


async def far_only(store: Opened, content: bytes) -> Location:
    location = await commit_one(store, content)
    await store.all_uploaded()
    await until(lambda: not store.parts.catalogue.cached_objects)
    return location


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("fault", ["altered", "cut", "gone", "denied"])
async def test_p03_bytes_that_cannot_be_verified_are_not_given_out(
    tmp_path: Path, size: str, fault: str
) -> None:
    async with fake_s3.served() as fake:
        chosen = of(fake)
        async with opened_store(tmp_path, open_far(chosen), chosen) as store:
            location = await far_only(store, SIZES[size])
            objects = dict(fake.objects)
            if fault == "altered":
                fake.alter = True
            elif fault == "cut":
                fake.cut = 3
            elif fault == "gone":
                fake.objects.clear()
            else:
                fake.fail = lambda _: fake_s3.error(403, "AccessDenied")
            with pytest.raises(StoreError) as raised:
                await read_all(store, location)
            expected = StoreFault.NOT_FOUND if fault == "gone" else StoreFault.INPUT_OUTPUT
            assert raised.value.fault is expected
            damaged = store.parts.fetching.damaged
            assert (damaged > 0) == (fault == "altered")
            assert ("gave other bytes" in (await store.status()).explanation) == (damaged > 0)
            fake.alter, fake.cut, fake.fail = False, None, lambda _: None
            fake.objects.update(objects)
            assert await read_all(store, location) == PREFACE + SIZES[size]


async def test_of_many_who_ask_one_fetches(tmp_path: Path) -> None:
    async with fake_s3.served() as fake:
        chosen = of(fake)
        async with opened_store(tmp_path, open_far(chosen), chosen) as store:
            location = await far_only(store, b"data")
            fake.requests.clear()
            got: list[bytes] = []

            async def ask() -> None:
                got.append(await read_all(store, location))

            async with anyio.create_task_group() as tasks:
                for _ in range(10):
                    tasks.start_soon(ask)
            assert got == [PREFACE + b"data"] * 10
            assert len(fake.requests) == 1


async def test_a_large_object_uploaded_under_another_bound_is_read_whole(tmp_path: Path) -> None:
    async with fake_s3.served() as fake:
        chosen = of(fake)
        async with opened_store(tmp_path, open_far(chosen), chosen) as store:
            location = await far_only(store, LARGE)
            fake.objects.pop(f"blocks/{location.key}")
            assert await read_all(store, location) == PREFACE + LARGE
            part = ByteRange(4_000_000, 500_000)
            assert await read_all(store, location, [part]) == (PREFACE + LARGE)[4_000_000:4_500_000]
