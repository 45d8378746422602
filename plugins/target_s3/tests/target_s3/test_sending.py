"""One file, to a server that lies."""

import hashlib
import io

import pytest
from aiohttp import web
from pacsd_s3_client.far import Encryption, Far, open_far
from pacsd_s3_client.faults import FarError, FarFault
from pacsd_target_s3.sending import IncompleteError, send
from pacsd_target_s3.settings import TargetBucketSettings

from contrib.peers import fake_s3
from contrib.peers.fake_s3 import FakeS3
from tests.far_buckets import settings

PART = 5 * 2**20
SMALL, LARGE = b"small", bytes(range(256)) * (PART // 128) + b"odd"


def far_of(fake: FakeS3, **keys: object) -> tuple[Far, TargetBucketSettings]:
    chosen = settings(endpoint=fake.endpoint, part_bytes=PART, **keys)
    return open_far(chosen), chosen


async def sent(fake: FakeS3, data: bytes, *, looks_first: bool = False, **keys: object) -> None:
    far, chosen = far_of(fake, **keys)
    await send(far, chosen, "a/b", io.BytesIO(data), len(data), looks_first=looks_first)


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
@pytest.mark.parametrize("verify", ["shown", "read"])
async def test_what_is_sent_is_there(data: bytes, verify: str) -> None:
    async with fake_s3.served() as fake:
        await sent(fake, data, verify=verify, storage_class="STANDARD_IA")
        stored = fake.objects["a/b"]
    assert stored.data == data
    assert stored.attributes["x-amz-meta-pacsd-sha256"] == hashlib.sha256(data).hexdigest()
    assert stored.attributes["x-amz-storage-class"] == "STANDARD_IA"
    assert fake.uploads == {}


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
async def test_who_looks_first_does_not_put_what_is_there(data: bytes) -> None:
    async with fake_s3.served() as fake:
        await sent(fake, data, looks_first=True)
        fake.requests.clear()
        await sent(fake, data, looks_first=True, verify="read")
        assert {each.partition(" ")[0] for each in fake.requests} == {"HEAD", "GET"}
        await sent(fake, data + b"!", looks_first=True)
        assert fake.objects["a/b"].data == data + b"!"


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
async def test_what_is_not_shown_is_not_there(data: bytes) -> None:
    async with fake_s3.served() as fake:
        fake.forgets = True
        with pytest.raises(FarError, match="it took the object and has it not") as raised:
            await sent(fake, data)
    assert raised.value.fault is FarFault.REFUSED


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
async def test_who_reads_back_finds_out_that_other_bytes_are_kept(data: bytes) -> None:
    async with fake_s3.served() as fake:
        fake.damages = True
        with pytest.raises(FarError, match="it gives other bytes than it took"):
            await sent(fake, data, verify="read")
        fake.damages = False
        await sent(fake, data, verify="read", looks_first=True)
        assert fake.objects["a/b"].data == data


@pytest.mark.parametrize("altered", ["data", "etag", "attributes"])
async def test_one_that_shows_another_object_is_not_believed(altered: str) -> None:
    async with fake_s3.served() as fake:

        def alter(request: web.Request) -> None:
            if request.method == "HEAD":
                stored = fake.objects["a/b"]
                others = {"data": b"another", "etag": '"another"', "attributes": {}}
                setattr(stored, altered, others[altered])

        fake.fail = alter
        with pytest.raises(FarError, match="it took the object and shows another, of"):
            await sent(fake, SMALL)


async def test_a_file_that_is_not_as_long_as_said_is_not_sent() -> None:
    async with fake_s3.served() as fake:
        far, chosen = far_of(fake)
        with pytest.raises(IncompleteError, match="its file has 5 bytes instead of 6"):
            await send(far, chosen, "a", io.BytesIO(SMALL), 6, looks_first=False)
        assert fake.requests == []


async def test_a_huge_one_has_parts_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsd_target_s3.sending.MAX_PARTS", 2)
    async with fake_s3.served() as fake:
        await sent(fake, LARGE + bytes(PART))
        assert fake.objects["a/b"].data == LARGE + bytes(PART)
    puts = [each for each in fake.requests if each.startswith("PUT")]
    assert len(puts) == 2


async def test_it_is_encrypted_as_the_settings_say() -> None:
    async with fake_s3.served() as fake:
        heads: list[str] = []

        def look(request: web.Request) -> None:
            heads.append(request.headers.get("x-amz-server-side-encryption", ""))

        fake.fail = look
        chosen = settings(endpoint=fake.endpoint)
        far = open_far(chosen, encryption=Encryption("AES256"))
        await send(far, chosen, "a", io.BytesIO(SMALL), len(SMALL), looks_first=False)
    assert heads[0] == "AES256"
