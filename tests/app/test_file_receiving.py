import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from pacsd.app import file_receiving
from pacsd.app.dicom_files import DicomFile, examine
from pacsd.app.file_receiving import FileReceiver, Received
from pacsd.dicom.part10 import decode_file_meta
from pacsd.dimse.commands import CStoreRQ
from pacsd.net.responses import Work
from pacsd.net.storage import DataSetSink, DimseAnswer
from pacsd.testing import objects
from pacsd.ul.negotiation import PresentationContext
from tests.app.dicom_folder import CT
from tests.dicom.written import DEFLATED, EXPLICIT, deflate

OBJECT = objects.data_set({"StudyInstanceUID": "1.2.1"}, pixel_bytes=1_000)
OTHER = objects.data_set({"StudyInstanceUID": "1.2.1"}, pixel_bytes=1_002)
HOMELESS = objects.data_set({"StudyInstanceUID": ""})
NAME = Path("1.2.1/1.2.3.dcm")


class Receiving:
    """A receiver that works in this test, and what failed."""

    def __init__(self, folder: Path, tasks: anyio.abc.TaskGroup) -> None:
        self.failures: list[tuple[str, str]] = []
        self.drained = 0
        self.tasks = tasks
        self.receiver = FileReceiver(
            folder, "PEER", "OWN", self.spawn, lambda uid, why: self.failures.append((uid, why))
        )

    def spawn(self, work: Work, name: str) -> None:
        self.tasks.start_soon(work, name=name)

    def drain(self) -> None:
        self.drained += 1

    def begin(
        self, uid: str = "1.2.3", syntax_uid: str = EXPLICIT.uid, sop_class_uid: str = CT
    ) -> DataSetSink:
        context = PresentationContext(1, CT, syntax_uid)
        request = CStoreRQ(
            message_id=1, affected_sop_class_uid=sop_class_uid, affected_sop_instance_uid=uid
        )
        return self.receiver.port.begin(context, request, self.drain)

    async def take(
        self, data: bytes = OBJECT, uid: str = "1.2.3", syntax_uid: str = EXPLICIT.uid
    ) -> DimseAnswer:
        sink = self.begin(uid, syntax_uid)
        for start in range(0, len(data), 300):
            sink.write(memoryview(data)[start : start + 300])
        return await sink.finish()


@asynccontextmanager
async def receiving_into(folder: Path) -> AsyncIterator[Receiving]:
    async with anyio.create_task_group() as tasks:
        yield Receiving(folder, tasks)


def no_link(*_: object) -> None:
    raise PermissionError


def names(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


async def test_a_file_of_every_byte(tmp_path: Path) -> None:
    async with receiving_into(tmp_path) as receiving:
        assert await receiving.take() == DimseAnswer(0)
        assert names(tmp_path) == [str(NAME)]
        written = (tmp_path / NAME).read_bytes()
        meta, offset = decode_file_meta(written)
        assert written[offset:] == OBJECT
        assert meta.media_storage_sop_class_uid == CT
        assert meta.media_storage_sop_instance_uid == "1.2.3"
        assert meta.transfer_syntax_uid == EXPLICIT.uid
        assert (meta.source_ae_title, meta.receiving_ae_title) == ("PEER", "OWN")
        assert receiving.receiver.received == Received(1, 0, 0, len(OBJECT))
        assert receiving.failures == []


@pytest.mark.parametrize("has_links", [True, False])
async def test_nobody_else_may_read_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_links: bool
) -> None:
    if not has_links:
        monkeypatch.setattr(Path, "hardlink_to", no_link)
    mask = os.umask(0)
    try:
        async with receiving_into(tmp_path) as receiving:
            assert await receiving.take() == DimseAnswer(0)
    finally:
        os.umask(mask)
    written = tmp_path / NAME
    assert (written.stat().st_mode & 0o777, written.parent.stat().st_mode & 0o777) == (0o600, 0o700)


async def test_a_deflated_one_tells_its_study_as_well(tmp_path: Path) -> None:
    async with receiving_into(tmp_path) as receiving:
        await receiving.take(deflate(OBJECT), syntax_uid=DEFLATED.uid)
        assert names(tmp_path) == [str(NAME)]
        found = examine(tmp_path / NAME)
        assert isinstance(found, DicomFile)
        assert found.transfer_syntax_uid == DEFLATED.uid


@pytest.mark.parametrize("study", ["", "../up", "/etc/x", "..", "a"])
async def test_without_a_study_it_lies_flat(tmp_path: Path, study: str) -> None:
    async with receiving_into(tmp_path) as receiving:
        await receiving.take(objects.data_set({"StudyInstanceUID": study}))
        assert names(tmp_path) == ["1.2.3.dcm"]


@pytest.mark.parametrize("uid", ["../1.2", "", ".", "a/b", "1" * 65])
async def test_no_name_is_made_of_what_is_no_uid(tmp_path: Path, uid: str) -> None:
    async with receiving_into(tmp_path) as receiving:
        answer = await receiving.take(uid=uid)
        assert answer.status == 0x0117
        assert names(tmp_path) == []
        assert receiving.failures == [(uid[:61] + "..." if len(uid) > 64 else uid, "not a UID")]


async def test_another_class_than_agreed_on(tmp_path: Path) -> None:
    async with receiving_into(tmp_path) as receiving:
        answer = await receiving.begin(sop_class_uid="1.2").finish()
        assert answer.status == 0x0122


async def test_the_same_once_more(tmp_path: Path) -> None:
    async with receiving_into(tmp_path) as receiving:
        await receiving.take()
        before = (tmp_path / NAME).stat()
        assert await receiving.take() == DimseAnswer(0)
        after = (tmp_path / NAME).stat()  # it was read again, and not written
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
        assert names(tmp_path) == [str(NAME)]
        assert (receiving.receiver.received.files, receiving.receiver.received.there) == (1, 1)


@pytest.mark.parametrize("there", [b"mine", b"", OTHER])
async def test_other_content_is_never_replaced(tmp_path: Path, there: bytes) -> None:
    async with receiving_into(tmp_path) as receiving:
        await receiving.take(OTHER)
        if there is not OTHER:
            (tmp_path / NAME).write_bytes(there)
        before = (tmp_path / NAME).read_bytes()
        answer = await receiving.take()
        assert (answer.status, answer.comment) == (0xC001, "1.2.3.dcm is there with other content")
        assert (tmp_path / NAME).read_bytes() == before
        assert names(tmp_path) == [str(NAME)]
        assert receiving.failures == [("1.2.3", "1.2.3.dcm is there with other content")]


async def test_the_same_bytes_in_another_syntax_are_another_object(tmp_path: Path) -> None:
    async with receiving_into(tmp_path) as receiving:
        await receiving.take()
        answer = await receiving.take(syntax_uid="1.2.840.10008.1.2.4.50")
        assert answer.status == 0xC001


async def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "hardlink_to", no_link)
    async with receiving_into(tmp_path) as receiving:
        assert await receiving.take() == DimseAnswer(0)
        assert await receiving.take() == DimseAnswer(0)
        assert (await receiving.take(OTHER)).status == 0xC001
        assert names(tmp_path) == [str(NAME)]


async def test_a_disk_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving_into(tmp_path) as receiving:

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        answer = await receiving.take()
        assert (answer.status, answer.comment) == (0xA700, "No space left on device")
        assert names(tmp_path) == []
        assert receiving.receiver.received.failures == 1


async def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    async with receiving_into(tmp_path / "gone") as receiving:
        answer = await receiving.take()
        assert (answer.status, answer.comment) == (0xA700, "No such file or directory")


async def test_half_an_object_leaves_nothing(tmp_path: Path) -> None:
    async with receiving_into(tmp_path) as receiving:
        sink = receiving.begin()
        sink.write(OBJECT[:100])
        await sink.abort("the connection closed")
        other = receiving.begin("1.2.4")
        other.write(OBJECT[:100])
        await anyio.wait_all_tasks_blocked()
        assert len(names(tmp_path)) == 1
        receiving.receiver.discard()
        assert names(tmp_path) == []
        other.cancel()


async def test_it_is_congested_until_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving_into(tmp_path) as receiving:
        monkeypatch.setattr(file_receiving, "MAX_WAITING_BYTES", 100)
        sink = receiving.begin()
        sink.write(OBJECT[:100])
        assert not sink.is_congested
        sink.write(OBJECT[100:])
        assert sink.is_congested
        assert await sink.finish() == DimseAnswer(0)
        assert not sink.is_congested
        assert receiving.drained
