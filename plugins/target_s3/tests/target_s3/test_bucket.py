import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import obstore
import pytest
from aiohttp import web
from pacsd_s3_client.far import Retries
from pacsd_target_s3.bucket import Bucket

from contrib.peers import fake_s3, seaweedfs
from contrib.peers.fake_s3 import FakeS3
from contrib.peers.seaweedfs import SeaweedFS
from pacsd.api.audit import AuditNote
from pacsd.api.route_target import DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.route_contract import RouteTargetContract
from tests.far_buckets import UIDS, bucket_of, delivery, host_with_instances, name_of, unknown
from tests.far_stores import until

AGAIN, DELIVERED, REFUSED = (
    DeliveryOutcome.AGAIN,
    DeliveryOutcome.DELIVERED,
    DeliveryOutcome.REFUSED,
)
PART = 5 * 2**20


@pytest.fixture
async def fake() -> AsyncIterator[FakeS3]:
    async with fake_s3.served() as fake:
        yield fake


@pytest.fixture
async def host(tmp_path: Path) -> FakeHost:
    return await host_with_instances(tmp_path)


class TestBucket(RouteTargetContract):
    @pytest.fixture
    def target(self, tmp_path: Path, fake: FakeS3) -> Bucket:
        return bucket_of(fake_host(tmp_path), endpoint=fake.endpoint)


class TestBucketOfNobody(RouteTargetContract):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Bucket:
        return bucket_of(fake_host(tmp_path), endpoint="http://127.0.0.1:1")


def failing(status: int, code: str) -> fake_s3.Answer:
    return lambda _: fake_s3.error(status, code)


def failing_for(uid: str, status: int, code: str) -> fake_s3.Answer:
    def fail(request: web.Request) -> web.Response | None:
        is_it = request.match_info["name"] == name_of(uid) and request.method == "PUT"
        return fake_s3.error(status, code) if is_it else None

    return fail


def breaking(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def test_instances_become_objects_as_they_are_stored(host: FakeHost, fake: FakeS3) -> None:
    target = bucket_of(host, endpoint=fake.endpoint, prefix="copies/of/")
    assert await target.check() is None
    for attempt in (1, 2):  # what is sent twice does no harm
        result = await target.send(await delivery(host, attempt=attempt))
        assert result == DeliveryResult(DELIVERED, status="200")
        for uid in UIDS:
            with await host.instances.open(uid) as stored:
                assert fake.objects[f"copies/of/{name_of(uid)}"].data == stored.read()
    assert len(fake.objects) == len(UIDS)
    assert len([each for each in fake.requests if each.startswith("PUT")]) == len(UIDS)


async def test_a_real_server_has_what_was_sent(tmp_path: Path, seaweed: SeaweedFS) -> None:
    host = await host_with_instances(tmp_path, pixel_bytes=2 * PART)
    target = bucket_of(
        host,
        endpoint=seaweed.endpoint,
        access_key_id=seaweedfs.ACCESS_KEY_ID,
        secret_access_key=seaweedfs.SECRET_ACCESS_KEY,
        part_bytes=PART,
        verify="read",
    )
    assert await target.check() is None
    for attempt in (1, 2):
        result = await target.send(await delivery(host, attempt=attempt))
        assert result == DeliveryResult(DELIVERED, status="200")
    client = seaweed.client()
    for uid in UIDS:
        with await host.instances.open(uid) as stored:
            assert obstore.get(client, name_of(uid)).bytes() == stored.read()


async def test_a_real_server_says_what_is_wrong(host: FakeHost, seaweed: SeaweedFS) -> None:
    key = seaweedfs.ACCESS_KEY_ID
    wrong = bucket_of(
        host,
        endpoint=seaweed.endpoint,
        access_key_id=key,
        secret_access_key="do-not-show",  # noqa: S106
    )
    said = "bucket pacsd: the secret access key is not the right one (403 SignatureDoesNotMatch)"
    assert await wrong.check() == said
    assert await wrong.send(await delivery(host)) == DeliveryResult(AGAIN, said)
    stranger = bucket_of(host, endpoint=seaweed.endpoint, access_key_id="do-not-show")
    assert "it does not know the access key" in str(await stranger.check())


async def test_the_audit_trail_says_what_left(host: FakeHost, fake: FakeS3) -> None:
    target = bucket_of(host, endpoint=fake.endpoint)
    await target.send(await delivery(host, unknown("1.2.3.9")))
    detail = "3 of 4 instances to bucket:offsite"
    assert host.audit.notes == [AuditNote("send", "not all", "1.2.3", detail)]


async def test_one_that_cannot_be_had_or_has_no_uid_is_left_alone(
    host: FakeHost, fake: FakeS3
) -> None:
    odd, gone = unknown("../../x"), unknown("1.2.3.9")
    result = await bucket_of(host, endpoint=fake.endpoint).send(await delivery(host, odd, gone))
    assert result.outcome is DELIVERED
    first, second = sorted(result.exceptions, key=lambda each: each.sop_instance_uid)
    assert (first.sop_instance_uid, first.outcome) == ("../../x", REFUSED)
    assert "is not 1-64 digits and dots" in first.explanation
    assert (second.sop_instance_uid, second.outcome) == ("1.2.3.9", AGAIN)
    assert "there is no such instance" in second.explanation
    assert {*fake.objects} == {*map(name_of, UIDS)}


async def test_one_that_is_not_as_long_as_it_is_said_to_be(host: FakeHost, fake: FakeS3) -> None:
    asked = await delivery(host)
    wrong = replace(asked, instances=(unknown(UIDS[0]), *asked.instances[1:]))
    result = await bucket_of(host, endpoint=fake.endpoint).send(wrong)
    [left] = result.exceptions
    assert (left.sop_instance_uid, left.outcome) == (UIDS[0], AGAIN)
    assert "instead of 9" in left.explanation
    assert name_of(UIDS[0]) not in fake.objects


@pytest.mark.parametrize(
    ("status", "code", "outcome", "why"),
    [
        (400, "EntityTooLarge", REFUSED, "the object is too large for it (400 EntityTooLarge)"),
        (413, "", REFUSED, "the object is too large for it, or for a proxy before it (413)"),
        (400, "InvalidRequest", AGAIN, "it refuses the request (400 InvalidRequest)"),
        (400, "BadDigest", AGAIN, "it refuses the request (400 BadDigest)"),
    ],
)
async def test_what_is_wrong_with_one_object_is_its_own(
    host: FakeHost, fake: FakeS3, status: int, code: str, outcome: DeliveryOutcome, why: str
) -> None:
    fake.fail = failing_for(UIDS[1], status, code)
    target = bucket_of(host, endpoint=fake.endpoint)
    result = await target.send(await delivery(host))
    left = InstanceResult(UIDS[1], outcome, f"bucket pacsd: {why}")
    assert result == DeliveryResult(DELIVERED, exceptions=(left,), status="200")
    assert {*fake.objects} == {name_of(UIDS[0]), name_of(UIDS[2])}
    assert await target.check() is None


@pytest.mark.parametrize(
    ("fail", "why"),
    [
        (failing(403, "AccessDenied"), "access is denied: the key has not all the rights"),
        (failing(403, "InvalidAccessKeyId"), "it does not know the access key"),
        (failing(404, "NoSuchBucket"), "the bucket does not exist"),
        (failing(403, "ExpiredToken"), "the session token has expired"),
        (failing(507, "InsufficientStorage"), "it has no space left"),
        (failing(503, "SlowDown"), "it is overloaded (503 SlowDown)"),
        (failing(500, "InternalError"), "it fails (500 InternalError)"),
        (breaking, "the connection broke"),
    ],
)
async def test_what_any_object_would_be_told_is_an_again_of_all(
    host: FakeHost, fake: FakeS3, fail: fake_s3.Answer, why: str
) -> None:
    target = bucket_of(host, endpoint=fake.endpoint)
    fake.fail = fail
    result = await target.send(await delivery(host))
    assert (result.outcome, result.exceptions) == (AGAIN, ())
    assert result.explanation.startswith(f"bucket pacsd: {why}")
    assert str(await target.check()).startswith(f"bucket pacsd: {why}")
    assert host.audit.notes == []
    fake.fail = lambda _: None
    assert await target.check() is None
    assert (await target.send(await delivery(host))).outcome is DELIVERED


async def test_a_server_that_does_not_answer_is_left(host: FakeHost, fake: FakeS3) -> None:
    target = bucket_of(host, endpoint=fake.endpoint, request_timeout_s=0.2)
    fake.goes_on = anyio.Event()
    result = await target.send(await delivery(host))
    assert result == DeliveryResult(AGAIN, "bucket pacsd: no answer in time")
    assert await target.check() == "bucket pacsd: no answer in time"
    fake.goes_on.set()


async def test_what_was_sent_before_a_failure_is_sent(host: FakeHost, fake: FakeS3) -> None:
    fake.fail = failing_for(UIDS[1], 503, "SlowDown")
    result = await bucket_of(host, endpoint=fake.endpoint, at_once=1).send(await delivery(host))
    why = "bucket pacsd: it is overloaded (503 SlowDown)"
    done = InstanceResult(UIDS[0], DELIVERED, status="200")
    assert result == DeliveryResult(AGAIN, why, (done,))
    assert {*fake.objects} == {name_of(UIDS[0])}
    [note] = host.audit.notes
    assert note.detail == "1 of 3 instances to bucket:offsite"


async def test_a_moment_of_failure_is_got_over(tmp_path: Path, fake: FakeS3) -> None:
    host = await host_with_instances(tmp_path, pixel_bytes=2 * PART)
    failed: set[str] = set()

    def fail_once(request: web.Request) -> web.Response | None:
        if request.path_qs in failed or request.method == "HEAD":
            return None
        failed.add(request.path_qs)
        return fake_s3.error(503, "SlowDown")

    fake.fail = fail_once
    target = bucket_of(
        host, retries=Retries(3, 0.001, 0.01), endpoint=fake.endpoint, part_bytes=PART
    )
    assert await target.send(await delivery(host)) == DeliveryResult(DELIVERED, status="200")
    assert len(failed) > len(UIDS)
    assert fake.uploads == {}


async def test_all_deliveries_together_send_so_many_at_once(host: FakeHost, fake: FakeS3) -> None:
    target = bucket_of(host, endpoint=fake.endpoint, at_once=2)
    fake.goes_on = anyio.Event()
    results: list[DeliveryResult] = []

    async def send() -> None:
        results.append(await target.send(await delivery(host)))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(send)
        await until(lambda: len(fake.requests) >= 2)
        await anyio.wait_all_tasks_blocked()
        assert len(fake.requests) == 2
        fake.goes_on.set()
    assert results == [DeliveryResult(DELIVERED, status="200")] * 3


async def test_one_that_is_broken_off_leaves_no_parts(tmp_path: Path, fake: FakeS3) -> None:
    host = await host_with_instances(tmp_path, pixel_bytes=4 * PART)
    target = bucket_of(host, endpoint=fake.endpoint, part_bytes=PART, at_once=1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(target.send, await delivery(host))
        await until(lambda: bool(fake.uploads))
        tasks.cancel_scope.cancel()
    assert fake.uploads == {}
    assert fake.objects == {}


@pytest.mark.parametrize(("method", "right"), [("GET", "get"), ("POST", "put")])
async def test_each_right_is_asked_for(
    host: FakeHost, fake: FakeS3, method: str, right: str
) -> None:
    def deny(request: web.Request) -> web.Response | None:
        return fake_s3.error(403, "AccessDenied") if request.method == method else None

    fake.fail = deny
    said = str(await bucket_of(host, endpoint=fake.endpoint).check())
    assert "access is denied" in said, right
    assert (fake.objects, fake.uploads) == ({}, {})


async def test_keys_come_from_a_file_and_are_read_again(
    tmp_path: Path, host: FakeHost, fake: FakeS3
) -> None:
    path, seen = tmp_path / "keys", set[str]()

    def look(request: web.Request) -> None:
        seen.add(request.headers["Authorization"].partition("Credential=")[2].partition("/")[0])

    fake.fail = look
    target = bucket_of(host, endpoint=fake.endpoint, credentials_file=path)
    gone = "bucket pacsd: credentials_file: No such file or directory"
    assert await target.check() == gone
    assert await target.send(await delivery(host)) == DeliveryResult(AGAIN, gone)
    path.touch(mode=0o600)
    for number in (1, 2):
        keys = f"aws_access_key_id=key-{number}\naws_secret_access_key=do-not-show\n"
        path.write_text(f"[default]\n{keys}")
        os.utime(path, ns=(number, number))
        assert await target.check() is None
    assert seen == {"key-1", "key-2"}
    path.write_text("do-not-show")
    said = str(await target.check())
    assert "is no file of sections and keys" in said
    assert "do-not-show" not in said


async def test_certificates_that_are_gone_are_told(tmp_path: Path, host: FakeHost) -> None:
    target = bucket_of(host, endpoint="https://127.0.0.1:1", ca_file=tmp_path / "gone.pem")
    assert await target.check() == "bucket pacsd: ca_file: No such file or directory"
