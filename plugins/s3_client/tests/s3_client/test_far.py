import errno
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from pacsd_s3_client.far import Encryption, Far, FarObject, Retries, open_far
from pacsd_s3_client.faults import FarError, FarFault

from contrib.peers import fake_s3
from tests.far_stores import far_memory, settings

SECRET = "do-not-show"  # noqa: S105


def of(fake: fake_s3.FakeS3) -> Far:
    return open_far(
        settings(
            endpoint=fake.endpoint,
            access_key_id="key",
            secret_access_key=SECRET,
            request_timeout_s=20,
        )
    )


async def test_puts_once_and_gives_back() -> None:
    async with fake_s3.served() as fake:
        far = of(fake)
        await far.put_new("a/b", b"data", "digest")
        with pytest.raises(FarError) as raised:
            await far.put_new("a/b", b"other")
        assert raised.value.fault is FarFault.EXISTS
        data, facts = await far.get("a/b", most_bytes=4)
        assert (data, facts.size_bytes, facts.sha256) == (b"data", 4, "digest")
        assert await far.facts("a/b") == facts
        assert await far.get_range("a/b", 1, 2) == b"at"
        await far.delete("a/b")
        await far.delete("a/b")
        assert await far.facts("a/b") is None


async def test_puts_in_place_of_another() -> None:
    async with fake_s3.served() as fake:
        far = of(fake)
        await far.put("a", b"other", "other digest")
        etag = await far.put("a", b"data", "digest", {"Storage-Class": "STANDARD_IA"})
        data, facts = await far.get("a", most_bytes=4)
        assert (data, facts.sha256, facts.etag) == (b"data", "digest", etag)
        assert fake.objects["a"].attributes["x-amz-storage-class"] == "STANDARD_IA"


async def test_the_rights_to_get_and_to_put_are_asked_for_and_nothing_is_put() -> None:
    async with fake_s3.served() as fake:
        far = of(fake)
        await far.check_get("a")
        await far.check_put("a")
        assert (fake.objects, fake.uploads) == ({}, {})
        await far.put_new("a", b"")
        await far.check_get("a")
        fake.fail = refusing(404, "NoSuchBucket")
        for check in (far.check_get, far.check_put):
            with pytest.raises(FarError, match="the bucket does not exist"):
                await check("a")


async def test_tries_again_only_if_it_is_opened_so() -> None:
    failures = [503, 500]

    def fail(_: web.Request) -> web.Response | None:
        return fake_s3.error(failures.pop(), "InternalError") if failures else None

    async with fake_s3.served() as fake:
        fake.fail = fail
        patient = open_far(settings(endpoint=fake.endpoint), retries=Retries(2, 0.001, 0.01))
        await patient.put("a", b"data", "digest")
        assert failures == []
        failures.append(500)
        with pytest.raises(FarError, match="it fails"):
            await of(fake).put("a", b"data", "digest")


async def test_the_server_is_told_how_to_encrypt() -> None:
    async with fake_s3.served() as fake:
        encryption = Encryption("aws:kms", "a-key")
        far = open_far(settings(endpoint=fake.endpoint), encryption=encryption)
        await far.put("a", b"data", "digest")
        attributes = fake.objects["a"].attributes
        assert attributes["x-amz-server-side-encryption"] == "aws:kms"
        assert attributes["x-amz-server-side-encryption-aws-kms-key-id"] == "a-key"


async def test_keys_come_from_a_file(tmp_path: Path) -> None:
    path, seen = tmp_path / "keys", list[str]()
    keys = "aws_access_key_id=of-a-file\naws_secret_access_key=s\naws_session_token=t\n"
    path.touch(mode=0o600)
    path.write_text(f"[default]\n{keys}")

    def look(request: web.Request) -> None:
        seen.append(request.headers["Authorization"])
        assert request.headers["x-amz-security-token"] == "t"

    async with fake_s3.served() as fake:
        fake.fail = look
        no_keys = {"access_key_id": None, "secret_access_key": None}
        far = open_far(settings(endpoint=fake.endpoint, credentials_file=path, **no_keys))
        await far.put_new("a", b"data")
    assert "Credential=of-a-file/" in seen[0]
    path.write_text("")
    with pytest.raises(FarError, match=r"credentials_file: .* has no \[default\] with"):
        open_far(settings(credentials_file=path, **no_keys))


async def test_names_come_in_order_after_another() -> None:
    far = far_memory()
    for name in ("f/2", "f/1", "f/3", "g/0"):
        await far.put_new(name, b"x")
    assert [each.name for each in await far.names("f", "f/1")] == ["f/2", "f/3"]
    assert await far.names("f", "f/3") == []
    assert await far.names("nothing") == []


async def test_takes_no_more_than_it_wants() -> None:
    far = far_memory()
    await far.put_new("a", bytes(10))
    with pytest.raises(FarError, match="has 10 bytes, more than 9"):
        await far.get("a", most_bytes=9)


async def test_a_large_object_goes_in_parts_and_a_broken_off_one_is_none() -> None:
    far, part = far_memory(), bytes(5 * 2**20)

    async def pieces(*, breaks: bool) -> AsyncIterator[bytes]:
        for _ in range(3):
            yield part
        if breaks:
            raise OSError(errno.EIO, "disk")

    await far.put_in_parts("whole", pieces(breaks=False), "digest", part_bytes=len(part))
    found = await far.facts("whole")
    assert isinstance(found, FarObject)
    assert (found.size_bytes, found.sha256) == (3 * len(part), "digest")
    with pytest.raises(OSError, match="disk"):
        await far.put_in_parts("broken", pieces(breaks=True), "digest", part_bytes=len(part))
    assert await far.facts("broken") is None


def refusing(status: int, code: str) -> fake_s3.Answer:
    return lambda _: fake_s3.error(status, code)


def breaking(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


@pytest.mark.parametrize(
    ("fail", "sentence"),
    [
        (refusing(403, "AccessDenied"), "access is denied"),
        (refusing(404, "NoSuchBucket"), "the bucket does not exist"),
        (refusing(403, "RequestTimeTooSkewed"), "set the clock"),
        (refusing(507, "InsufficientStorage"), "no space left"),
        (refusing(503, "SlowDown"), "overloaded"),
        (refusing(500, "InternalError"), "it fails"),
        (breaking, "the connection broke"),
    ],
)
async def test_says_what_is_wrong(fail: fake_s3.Answer, sentence: str) -> None:
    async with fake_s3.served() as fake:
        fake.fail = fail
        far = of(fake)
        with pytest.raises(FarError) as raised:
            await far.put_new("a", b"data")
        assert sentence in raised.value.sentence
        assert SECRET not in f"{raised.value!r} {raised.value.__cause__!r}"
        assert raised.value.__suppress_context__


async def test_a_cut_answer_is_none() -> None:
    async with fake_s3.served() as fake:
        far = of(fake)
        await far.put_new("a", bytes(100_000))
        fake.cut = 50_000
        with pytest.raises(FarError) as raised:
            await far.get("a", most_bytes=100_000)
        assert raised.value.fault is FarFault.DOWN
        with pytest.raises(FarError):
            await far.get_range("a", 0, 60_000)


async def test_an_endpoint_nobody_listens_at() -> None:
    far = open_far(settings(endpoint="http://127.0.0.1:1"))
    with pytest.raises(FarError, match="nobody listens at the endpoint"):
        await far.facts("a")


def test_certificates_that_are_none(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    with pytest.raises(OSError, match="No such file"):
        open_far(settings(ca_file=ca_file))
