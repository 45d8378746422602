"""What every Host does, the daemon's and the one in memory, wherever the plugin lives.

To be called with the ports of a Host whose archive is empty, and where a plugin provides KEY under
the name KEY_NAME; AssertionError says what is not so.
"""
# ruff: noqa: S101 - assert is how a contract suite speaks

import json
import math
import tempfile
from collections.abc import Awaitable, Callable
from io import BytesIO

import anyio.to_thread
import pytest

from pacsd.api.audit import Audit, AuditNote
from pacsd.api.host import HostError, Jobs, Values
from pacsd.api.instances import MAX_READ_BYTES, InstanceFacts, Instances
from pacsd.api.keys import Key, Keys
from pacsd.api.labels import Labels
from pacsd.api.metrics import Metrics
from pacsd.api.plugin import Host
from pacsd.testing.objects import CT_IMAGE_STORAGE, dicom_file

EXPLICIT = "1.2.840.10008.1.2.1"
KEY_NAME = "host contract"
KEY = Key("2026-01", b"\x00\xff a secret")
MEBIBYTE = 1024 * 1024


async def check_host(host: Host) -> None:
    """All of it."""
    await check_values(host.values)
    await check_jobs(host.jobs)
    await check_instances(host.instances)
    await check_labels(host.labels)
    await check_audit(host.audit)
    await check_keys(host.keys)
    check_metrics(host.metrics)
    assert host.clock.now_us() >= 0


async def check_values(values: Values) -> None:
    """Values are kept under keys, and replaced if they are the expected ones."""
    await values.put("a", b"\x00\xff")
    assert await values.get("a") == b"\x00\xff"
    assert await values.get("b") is None
    assert not await values.put_if_equal("a", b"2", b"1")
    assert await values.put_if_equal("b", b"2", None)
    assert list(await values.keys()) == ["a", "b"]
    assert list(await values.keys("", "a")) == ["b"]
    assert await values.delete("a")
    assert not await values.delete("a")
    await _refused(values.put("k", bytes(65_537)), "value: 65537 bytes are more than")


async def check_jobs(jobs: Jobs) -> None:
    """Jobs have numbers; of a unique key one is open."""
    first = await jobs.enqueue("job", "päyload", unique_key="u", after_s=1_000)
    assert await jobs.enqueue("job", unique_key="u") == first
    assert await jobs.enqueue("other", unique_key="u", after_s=1_000) != first
    await _refused(jobs.enqueue("job", "x" * 61_441), "payload: 61441 bytes are more than")


async def check_labels(labels: Labels) -> None:
    """Labels are put on a study that is there, once, and taken off."""
    assert list(await labels.of("1.2.3")) == []
    assert await labels.set("1.2.3", "urgent")
    assert not await labels.set("1.2.3", "urgent")
    assert await labels.set("1.2.3", "geprüft")
    assert list(await labels.of("1.2.3")) == ["geprüft", "urgent"]
    assert await labels.remove("1.2.3", "urgent")
    assert not await labels.remove("1.2.3", "urgent")
    await _refused(labels.set("1.2.3", ""), "label: has 0 characters")
    await _refused(labels.set("1.2.3", "a\nb"), "cannot be printed")


async def check_audit(audit: Audit) -> None:
    """Notes are added if their words are neither empty nor too long."""
    await audit.append(AuditNote("send", "done", "1.2.3", "to research"))
    await _refused(audit.append(AuditNote("", "done")), "action: is empty")
    await _refused(audit.append(AuditNote("a" * 65, "done")), "action: 65 characters are more")


async def check_keys(keys: Keys) -> None:
    """A key is had by its name, and shows nothing."""
    key = await keys.get(KEY_NAME)
    assert key == KEY
    assert await keys.get(KEY_NAME) == KEY
    assert "secret" not in f"{key} {key!r}"
    await _refused(keys.get("lost"), "key 'lost': no plugin provides 'lost'")
    for name in ("", "x" * 201, "a\nb"):
        await _refused(keys.get(name), "key: a name has 1 to 200 printable characters of ASCII")


def check_metrics(metrics: Metrics) -> None:
    """What is counted needs a name; one name is of one kind, with the same labels."""
    metrics.count("studies", 2, modality="CT")
    metrics.gauge("waiting", 7)
    metrics.observe("seconds", 0.3)
    _refuses(metrics.count, "Studies")
    _refuses(metrics.count, "waiting")
    _refuses(metrics.count, "studies", -1, modality="CT")
    _refuses(metrics.count, "studies", other="CT")
    _refuses(metrics.gauge, "waiting", math.nan)


async def check_instances(instances: Instances) -> None:
    """What is added is listed and read, in part and as a file."""
    assert list(await instances.of_study("1.2.3")) == []
    await _check_adding(instances)
    await _check_listing(instances)
    await _check_header(instances)
    await _check_reading(instances)
    await _check_opening(instances)


async def _check_adding(instances: Instances) -> None:
    assert await instances.add(_file("1.2.3.1.1")) == "1.2.3.1.1"
    assert await instances.add(_file("1.2.3.1.1")) == "1.2.3.1.1"
    with tempfile.TemporaryFile() as file:
        file.write(_file("1.2.3.1.2", pixel_bytes=3 * MEBIBYTE).read())
        assert await instances.add(file) == "1.2.3.1.2"
        assert not file.closed
    assert await instances.add(_file("1.2.3.2.1", series="1.2.3.2")) == "1.2.3.2.1"
    await _refused(instances.add(BytesIO(b"no DICOM")), "no DICM")


async def _check_listing(instances: Instances) -> None:
    found = await instances.of_study("1.2.3")
    assert [each.sop_instance_uid for each in found] == ["1.2.3.1.1", "1.2.3.1.2", "1.2.3.2.1"]
    size = len(await instances.read("1.2.3.1.1", 0, MEBIBYTE))
    assert found[0] == InstanceFacts(
        "1.2.3.1.1", CT_IMAGE_STORAGE, "1.2.3.1", "1.2.3", EXPLICIT, size
    )
    assert list(await instances.of_study("1.2.3", "1.2.3.2")) == [found[2]]
    assert list(await instances.of_study("1.2.3", "", "1.2.3.1.1")) == list(found[1:])
    assert list(await instances.of_study("1.2")) == []


async def _check_header(instances: Instances) -> None:
    header = json.loads(await instances.header("1.2.3.1.2"))
    assert header["00080018"]["Value"] == ["1.2.3.1.2"]
    assert header["00100010"]["Value"] == [{"Alphabetic": "Test^Object"}]
    assert header["7FE00010"]["BulkDataURI"].startswith("bulkdata/")
    await _refused(instances.header("9.9"), "there is no such instance")


async def _check_reading(instances: Instances) -> None:
    size = (await instances.of_study("1.2.3"))[1].size_bytes
    assert await instances.read("1.2.3.1.2", 128, 4) == b"DICM"
    assert len(await instances.read("1.2.3.1.2", 0, MAX_READ_BYTES)) == size
    assert await instances.read("1.2.3.1.2", size - 2, 100) == b"\0\0"
    assert await instances.read("1.2.3.1.2", size + 2, 100) == b""
    await _refused(instances.read("1.2.3.1.2", -1, 1), "lies before the file")
    await _refused(instances.read("1.2.3.1.2", 0, MAX_READ_BYTES + 1), "is not between 0 and")
    await _refused(instances.read("9.9", 0, 1), "there is no such instance")


async def _check_opening(instances: Instances) -> None:
    with await instances.open("1.2.3.1.2") as file:
        content = await anyio.to_thread.run_sync(file.read)
        assert content == await instances.read("1.2.3.1.2", 0, MAX_READ_BYTES)
        assert file.seek(128) == 128  # noqa: PLR2004 - behind the preamble
        assert file.read(4) == b"DICM"
        assert not file.writable()
    await _refused(instances.open("9.9"), "there is no such instance")


def _refuses(call: Callable[..., None], *values: object, **labels: str) -> None:
    with pytest.raises(HostError):
        call(*values, **labels)


async def _refused(asking: Awaitable[object], why: str) -> None:
    with pytest.raises(HostError, match=why):
        await asking


def _file(uid: str, series: str = "1.2.3.1", pixel_bytes: int = 100) -> BytesIO:
    named = {"SOPInstanceUID": uid, "SeriesInstanceUID": series}
    return BytesIO(dicom_file(named, pixel_bytes=pixel_bytes))
