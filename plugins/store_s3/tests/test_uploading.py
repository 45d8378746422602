"""A far store that fails in every way (hostile row P03): nothing acknowledged is lost."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from aiohttp import web
from pacsd_s3_client.far import open_far
from pacsd_store_s3.settings import StoreS3Settings

from contrib.peers import fake_s3
from contrib.peers.fake_s3 import FakeS3
from pacsd.api.errors import StoreError, StoreFault
from pacsd.testing.blob_store_contract import PREFACE, commit_one, list_all, read_all, stage
from tests.far_stores import opened_store, settings, until

Fail = Callable[[web.Request], web.StreamResponse | None]


def of(fake: FakeS3, **values: object) -> StoreS3Settings:
    key = {"access_key_id": "key", "secret_access_key": "secret"}
    return settings(endpoint=fake.endpoint, request_timeout_s=20, **key, **values)


def refusing(status: int, code: str) -> Fail:
    return lambda _: fake_s3.error(status, code)


def breaking(request: web.Request) -> None:
    if request.method == "PUT" and request.transport is not None:
        request.transport.abort()


FAILURES: dict[str, tuple[Fail, str]] = {
    "broken": (refusing(500, "InternalError"), "it fails"),
    "overloaded": (refusing(503, "SlowDown"), "overloaded"),
    "denied": (refusing(403, "AccessDenied"), "access is denied"),
    "full": (refusing(507, "InsufficientStorage"), "no space left"),
    "reset": (breaking, "the connection broke"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_p03_what_fails_while_uploading_is_tried_until_it_works(
    tmp_path: Path, failure: str
) -> None:
    async with fake_s3.served() as fake:
        chosen = of(fake)
        async with opened_store(tmp_path, open_far(chosen), chosen) as store:
            fake.fail, sentence = FAILURES[failure]
            locations = [await commit_one(store, bytes([number])) for number in range(20)]
            await until(lambda: store.parts.line.outage is not None)
            status = await store.status()
            assert sentence in status.explanation
            assert "20 objects wait" in status.explanation
            assert not status.is_read_only
            assert await list_all(store) == locations
            fake.fail = lambda _: None
            await store.all_uploaded()
            assert (await store.status()).explanation == ""
        assert {f"objects/{each.key}" for each in locations} <= fake.objects.keys()


async def test_p03_a_store_that_lies_is_found_out(tmp_path: Path) -> None:
    async with fake_s3.served() as fake:
        chosen = of(fake, max_cache_bytes=0)
        async with opened_store(tmp_path, open_far(chosen), chosen) as store:
            fake.forgets = True
            location = await commit_one(store, b"data")
            await until(lambda: store.parts.line.refused == 1)
            assert "it took the object and has it not" in (await store.status()).explanation
            assert await read_all(store, location) == PREFACE + b"data"
            fake.forgets = False
            await store.all_uploaded()
            assert (await store.status()).explanation == ""


async def test_p03_an_object_that_is_refused_holds_up_no_other(tmp_path: Path) -> None:
    async with fake_s3.served() as fake:
        chosen = of(fake, concurrency=1)
        poisonous = ""

        def refuse(request: web.Request) -> web.Response | None:
            is_it = request.match_info["name"] == f"objects/{poisonous}"
            return fake_s3.error(400, "InvalidRequest") if is_it else None

        async with opened_store(tmp_path, open_far(chosen), chosen) as store:
            fake.fail = lambda _: fake_s3.error(503, "SlowDown")
            locations = [await commit_one(store, bytes([number])) for number in range(5)]
            poisonous = locations[0].key
            fake.fail = refuse
            await until(lambda: store.parts.catalogue.waiting_objects == 1)
            await until(lambda: store.parts.line.refused == 1)
            assert "1 objects are refused" in (await store.status()).explanation
            assert "InvalidRequest" in (await store.status()).explanation
            fake.fail = lambda _: None
            await store.all_uploaded()


async def test_p03_acknowledged_by_far_means_that_it_has_it(tmp_path: Path) -> None:
    async with fake_s3.served() as fake:
        chosen = of(fake, acknowledge="far", acknowledge_timeout_s=1)
        async with opened_store(tmp_path, open_far(chosen), chosen) as store:
            kept = await commit_one(store, b"kept")
            assert f"objects/{kept.key}" in fake.objects
            fake.fail = refusing(507, "InsufficientStorage")
            group = [await stage(store, b"one"), await stage(store, b"two")]
            results = await store.commit(group)
            for result in results:
                assert isinstance(result, StoreError)
                assert result.fault is StoreFault.NO_SPACE
            assert await list_all(store) == [kept]
            fake.fail = refusing(400, "InvalidRequest")
            [result] = await store.commit([await stage(store, b"three")])
            assert isinstance(result, StoreError)
            fake.fail = lambda _: None
            late = await commit_one(store, b"late")
            await store.all_uploaded()
            assert await list_all(store) == [kept, late]
            assert store.parts.catalogue.waiting_objects == 0


async def test_p03_a_server_that_stands_still_is_waited_for_in_bounds(tmp_path: Path) -> None:
    async with fake_s3.served() as fake:
        chosen = of(fake, acknowledge="far", acknowledge_timeout_s=0.2)
        async with opened_store(tmp_path, open_far(chosen), chosen) as store:
            fake.goes_on = anyio.Event()
            [result] = await store.commit([await stage(store, b"data")])
            assert isinstance(result, StoreError)
            assert "no answer in time" in result.explanation
            fake.goes_on.set()
            await store.all_uploaded()
            assert await list_all(store) == []
        assert not [name for name in fake.objects if name.startswith("objects/")]
