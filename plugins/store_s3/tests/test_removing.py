from pathlib import Path

from pacsd_s3_client.far import open_far

from contrib.peers import fake_s3
from pacsd.testing.blob_store_contract import commit_one, list_all
from tests.far_stores import far_memory, opened_store, settings, until


async def test_what_is_deleted_goes_once_the_far_store_is_back(tmp_path: Path) -> None:
    async with fake_s3.served() as fake:
        chosen = settings(endpoint=fake.endpoint)
        async with opened_store(tmp_path, open_far(chosen), chosen) as store:
            locations = [await commit_one(store, b"x") for _ in range(5)]
            await store.all_uploaded()
            fake.fail = lambda _: fake_s3.error(503, "SlowDown")
            for location in locations[:4]:
                await store.delete(location)
            await until(lambda: any(each.startswith("DELETE") for each in fake.requests))
            assert await list_all(store) == locations[4:]
            assert len(store.parts.catalogue.deleted) == 4
        # It is not forgotten at a restart.
        async with opened_store(tmp_path, open_far(chosen), chosen) as store:
            assert await list_all(store) == locations[4:]
            fake.fail = lambda _: None
            await store.all_uploaded()
        kept = [name for name in fake.objects if name.startswith("objects/")]
        assert kept == [f"objects/{locations[4].key}"]


async def test_what_is_deleted_while_it_is_uploaded_does_not_come_back(tmp_path: Path) -> None:
    far = far_memory()
    async with opened_store(tmp_path, far) as store:
        for _ in range(30):
            await store.delete(await commit_one(store, b"x"))
        await store.all_uploaded()
        assert await far.names("objects") == []
