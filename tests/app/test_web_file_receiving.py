from pathlib import Path

import pytest

from pacsd.app import web_file_receiving
from pacsd.app.file_receiving import Received
from pacsd.app.web_file_receiving import WebFileReceiver
from pacsd.dicomweb.targets import Kind, Target
from pacsd.testing.objects import data_set
from tests.dicom.written import DEFLATED, EXPLICIT, deflate
from tests.net.web.serving import part10

STUDY = Target(Kind.STUDY, "1.2.1")
OBJECT = data_set({"StudyInstanceUID": "1.2.1", "SOPInstanceUID": "1.2.3"}, pixel_bytes=100_000)
FILE = part10(OBJECT, "1.2.3")
NAME = "1.2.1/1.2.3.dcm"


class Receiving:
    """A receiver, and what it told."""

    def __init__(self, folder: Path, target: Target = STUDY) -> None:
        self.folder = folder
        self.failures: list[tuple[str, str]] = []
        self.advanced = 0
        self.receiver = WebFileReceiver(folder, target, self.failed, self.advance)

    def failed(self, uid: str, why: str) -> None:
        self.failures.append((uid, why))

    def advance(self) -> None:
        self.advanced += 1

    async def take(self, data: bytes = FILE, size: int = 7_000) -> None:
        sink = self.receiver.begin()
        for start in range(0, len(data), size):
            await sink.write(memoryview(data)[start : start + size])
        await sink.finish()

    @property
    def names(self) -> list[str]:
        paths = (each for each in self.folder.rglob("*") if each.is_file())
        return sorted(str(each.relative_to(self.folder)) for each in paths)


@pytest.mark.parametrize("size", [1, 7_000, 1 << 20])
async def test_a_file_of_every_byte(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_file_receiving, "WRITTEN_AT_ONCE_BYTES", 20_000)
    receiving = Receiving(tmp_path)
    await receiving.take(size=size)
    assert receiving.names == [NAME]
    assert (tmp_path / NAME).read_bytes() == FILE
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert receiving.receiver.received == Received(1, 0, 0, len(OBJECT))
    assert (receiving.failures, receiving.advanced) == ([], 1)


async def test_a_deflated_one(tmp_path: Path) -> None:
    receiving = Receiving(tmp_path)
    await receiving.take(part10(deflate(OBJECT), "1.2.3", DEFLATED.uid))
    assert receiving.names == [NAME]


async def test_the_same_once_more(tmp_path: Path) -> None:
    receiving = Receiving(tmp_path)
    await receiving.take()
    await receiving.take()
    received = receiving.receiver.received
    assert (received.files, received.there, received.failures) == (1, 1, 0)
    assert receiving.names == [NAME]


async def test_other_content_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "1.2.1").mkdir()
    (tmp_path / NAME).write_text("mine")
    receiving = Receiving(tmp_path)
    await receiving.take()
    assert (tmp_path / NAME).read_text() == "mine"
    assert receiving.names == [NAME]
    assert receiving.failures == [("1.2.3", "1.2.3.dcm is there with other content")]
    assert receiving.receiver.received == Received(failures=1)


OTHER = Target(Kind.INSTANCE, "1.2.1", "1.2.2", "1.2.4")


@pytest.mark.parametrize(
    ("file", "target", "uid", "why"),
    [
        (b"", STUDY, "a file", "no DICM"),
        (b"<html>" * 20_000, STUDY, "a file", "no DICM"),
        (FILE[:200], STUDY, "a file", "File Meta Information"),
        (part10(OBJECT, "../x"), STUDY, "../x", "no UID of a SOP Instance"),
        (part10(OBJECT, "1.2.3", "x/y"), STUDY, "1.2.3", "no UID of a Transfer Syntax"),
        (part10(OBJECT, "1.2.4"), STUDY, "1.2.4", "its data set has SOP Instance UID '1.2.3'"),
        (FILE, Target(Kind.STUDY, "9.9"), "1.2.3", "of study '1.2.1', which was not asked for"),
        (part10(b"\xff" * 99, "1.2.3"), STUDY, "1.2.3", "of study '', which was not asked for"),
        (FILE, OTHER, "1.2.3", "not asked for: that was 1.2.4"),
    ],
)
async def test_w41_what_is_not_what_it_should_be(
    tmp_path: Path, file: bytes, target: Target, uid: str, why: str
) -> None:
    receiving = Receiving(tmp_path, target)
    await receiving.take(file)
    ((named, said),) = receiving.failures
    assert named == uid
    assert why in said
    assert receiving.names == []
    assert receiving.receiver.received == Received(failures=1)


async def test_w41_half_a_file_leaves_nothing(tmp_path: Path) -> None:
    receiving = Receiving(tmp_path)
    for size in (100, 90_000):
        sink = receiving.receiver.begin()
        await sink.write(memoryview(FILE)[:size])
        await sink.abort()
    assert receiving.names == []
    assert receiving.failures == []


async def test_a_disk_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    receiving = Receiving(tmp_path)
    await receiving.take()
    assert receiving.failures == [("1.2.3", "No space left on device")]
    assert receiving.names == []


async def test_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_file_receiving, "WRITTEN_AT_ONCE_BYTES", 20_000)
    receiving = Receiving(tmp_path / "gone")
    await receiving.take()
    assert receiving.failures == [("1.2.3", "No such file or directory")]


def test_the_objects_are_as_they_are_said_to_be() -> None:
    assert FILE.endswith(OBJECT)
    assert EXPLICIT.uid.encode() in FILE[:400]
