import errno
from collections.abc import AsyncIterator

import anyio
import pytest
from aiohttp import web
from obstore.store import S3Store
from pacsd_s3_client.faults import FarError, FarFault
from pacsd_s3_client.in_parts import GivenUpError, InParts, no_pieces

from contrib.peers import fake_s3
from contrib.peers.fake_s3 import FakeS3
from tests.far_stores import until

PART = 5 * 2**20


def store_of(fake: FakeS3) -> S3Store:
    return S3Store(
        fake_s3.BUCKET,
        config={
            "endpoint": fake.endpoint,
            "region": "us-east-1",
            "access_key_id": "key",
            "secret_access_key": "secret",
        },
        client_options={"allow_http": True, "timeout": "20s"},
        retry_config={"max_retries": 0},
    )


async def pieces(count: int = 3) -> AsyncIterator[bytes]:
    for number in range(count):
        yield bytes([number]) * PART


async def test_its_parts_become_one_object() -> None:
    async with fake_s3.served() as fake:
        etag = await InParts(store_of(fake), "a", pieces(), PART).put({"digest": "x"})
        stored = fake.objects["a"]
        assert stored.data == bytes(PART) + b"\1" * PART + b"\2" * PART
        assert stored.attributes["x-amz-meta-digest"] == "x"
        assert (etag, fake.uploads) == (stored.etag, {})


async def test_one_whose_pieces_fail_leaves_nothing() -> None:
    async with fake_s3.served() as fake:

        async def breaking() -> AsyncIterator[bytes]:
            yield bytes(PART)
            yield bytes(PART)
            await until(lambda: any(each.parts for each in fake.uploads.values()))
            raise OSError(errno.EIO, "disk")

        with pytest.raises(OSError, match="disk"):
            await InParts(store_of(fake), "a", breaking(), PART).put({})
        assert (fake.objects, fake.uploads) == ({}, {})


@pytest.mark.parametrize("refused", ["partNumber=2", "complete"])
async def test_one_that_is_refused_leaves_nothing(refused: str) -> None:
    def refuse(request: web.Request) -> web.Response | None:
        asked = request.query_string
        is_complete = request.method == "POST" and "uploads" not in request.query
        is_it = is_complete if refused == "complete" else refused in asked
        return fake_s3.error(503, "SlowDown") if is_it else None

    async with fake_s3.served() as fake:
        fake.fail = refuse
        with pytest.raises(FarError, match="overloaded") as raised:
            await InParts(store_of(fake), "a", pieces(), PART).put({})
        assert raised.value.fault is FarFault.DOWN
        assert (fake.objects, fake.uploads) == ({}, {})


async def test_one_that_is_cancelled_leaves_nothing() -> None:
    goes_on = anyio.Event()

    async def slow_pieces() -> AsyncIterator[bytes]:
        async for piece in pieces(4):
            yield piece
            await goes_on.wait()

    async with fake_s3.served() as fake, anyio.create_task_group() as tasks:
        tasks.start_soon(InParts(store_of(fake), "a", slow_pieces(), PART).put, {})
        await until(lambda: bool(fake.uploads))
        tasks.cancel_scope.cancel()
        goes_on.set()
    assert (fake.objects, fake.uploads) == ({}, {})


async def test_one_that_is_cancelled_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pacsd_s3_client.in_parts.TIDIES_WITHIN_S", 0.1)

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(PART)
        await anyio.sleep_forever()

    async with fake_s3.served() as fake:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(InParts(store_of(fake), "a", endless(), PART).put, {})
                await until(lambda: bool(fake.uploads))
                tasks.cancel_scope.cancel()
        assert fake.objects == {}


async def test_one_that_is_only_begun() -> None:
    async with fake_s3.served() as fake:
        with pytest.raises(GivenUpError):
            await InParts(store_of(fake), "a", no_pieces(), PART).put({})
        assert (fake.objects, fake.uploads) == ({}, {})
        assert [each.partition(" ")[0] for each in fake.requests] == ["POST", "DELETE"]
