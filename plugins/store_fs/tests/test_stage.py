import errno
import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.health import Health
from pacsd_store_fs.stage import SMALL_BYTES, FileStage, WaitingRoom
from pacsd_store_fs.workers import Workers

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Buffer, StageRequest

OPEN_FILES = Path("/proc/self/fd")


class FailingDisk(Disk):
    """Fails the second write, or every close."""

    def __init__(self, *, write: int = 0, close: int = 0) -> None:
        self.write_fault = write
        self.close_fault = close
        self.writes = 0

    def write(self, descriptor: int, buffers: Sequence[Buffer]) -> None:
        self.writes += 1
        if self.write_fault and self.writes == 2:
            raise OSError(self.write_fault, "test")
        super().write(descriptor, buffers)

    def close(self, descriptor: int) -> None:
        super().close(descriptor)
        if self.close_fault:
            raise OSError(self.close_fault, "test")


def stage(path: Path, disk: Disk | None = None, room: WaitingRoom | None = None) -> FileStage:
    request = StageRequest(1, b"preface", hashlib.sha256())
    room = room or WaitingRoom()
    return FileStage(request, path, disk or Disk(), Health(), Workers("test", 1), room)


def names_in(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir()]


async def test_has_no_file_before_the_first_write(tmp_path: Path) -> None:
    staged = stage(tmp_path / "s")
    assert names_in(tmp_path) == []
    await staged.write([bytes(SMALL_BYTES + 1)])
    assert (tmp_path / "s").read_bytes() == b"preface" + bytes(SMALL_BYTES + 1)
    assert staged.size_bytes == SMALL_BYTES + 8
    await staged.abort()


async def test_a_small_object_waits_for_what_follows_or_its_end(tmp_path: Path) -> None:
    room = WaitingRoom(100)
    short, long = stage(tmp_path / "short", room=room), stage(tmp_path / "long", room=room)
    chunk = bytearray(b"data")
    for each in (short, long):
        await each.write([chunk, b"!"])
    chunk[:] = b"0000"
    assert names_in(tmp_path) == []
    assert room.room_bytes == 90
    await long.write([b" and more"])
    await long.write([b" to come"])
    assert room.room_bytes == 95
    for each in (short, long):
        each.seal(sync=True)
    assert (tmp_path / "short").read_bytes() == b"prefacedata!"
    assert (tmp_path / "long").read_bytes() == b"prefacedata! and more to come"
    assert (short.size_bytes, long.size_bytes) == (12, 29)
    assert room.room_bytes == 100


async def test_small_objects_wait_only_while_there_is_room(tmp_path: Path) -> None:
    room = WaitingRoom(5)
    first, second = (stage(tmp_path / name, room=room) for name in ("1", "2"))
    await first.write([b"four"])
    await second.write([b"four"])
    assert names_in(tmp_path) == ["2"]
    await first.abort()
    await second.abort()
    assert room.room_bytes == 5
    assert names_in(tmp_path) == []


async def test_a_small_object_that_cannot_be_written_fails_at_its_end(tmp_path: Path) -> None:
    room = WaitingRoom()
    staged = stage(tmp_path / "s", FailingDisk(write=errno.ENOSPC), room)
    await staged.write([b"data"])
    with pytest.raises(StoreError) as caught:
        staged.seal(sync=True)
    assert caught.value.fault is StoreFault.NO_SPACE
    staged.discard()
    assert names_in(tmp_path) == []
    assert room.room_bytes == WaitingRoom().room_bytes


def test_discard_closes_and_removes(tmp_path: Path) -> None:
    before = names_in(OPEN_FILES)
    staged = stage(tmp_path / "s")
    staged.write_out([b"data"])
    assert names_in(OPEN_FILES) != before
    staged.discard()
    assert names_in(tmp_path) == []
    assert names_in(OPEN_FILES) == before
    with pytest.raises(StoreError):
        staged.seal(sync=True)


@pytest.mark.parametrize(
    ("number", "fault"),
    [(errno.ENOSPC, StoreFault.NO_SPACE), (errno.EIO, StoreFault.INPUT_OUTPUT)],
)
async def test_a_failed_write_names_its_fault(
    tmp_path: Path, number: int, fault: StoreFault
) -> None:
    staged = stage(tmp_path / "s", FailingDisk(write=number))
    with pytest.raises(StoreError) as raised:
        await staged.write([bytes(SMALL_BYTES + 1)])
    assert raised.value.fault is fault
    await staged.abort()
    assert names_in(tmp_path) == []


def test_a_failed_close_fails_the_object(tmp_path: Path) -> None:
    staged = stage(tmp_path / "s", FailingDisk(close=errno.EDQUOT))
    staged.write_out([b"data"])
    with pytest.raises(StoreError) as raised:
        staged.seal(sync=False)
    assert raised.value.fault is StoreFault.NO_SPACE
    staged.discard()
    assert names_in(tmp_path) == []


def test_discard_after_renaming_leaves_the_new_name(tmp_path: Path) -> None:
    staged = stage(tmp_path / "s")
    staged.write_out([b"data"])
    staged.seal(sync=True)
    (tmp_path / "s").rename(tmp_path / "t")
    staged.renamed()
    staged.discard()
    assert (tmp_path / "t").exists()
