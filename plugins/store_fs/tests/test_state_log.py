import errno
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.health import Health
from pacsd_store_fs.state_log import FileStateLog, StateLogFile
from pacsd_store_fs.workers import Workers

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Buffer


class FailingDisk(Disk):
    """Fails at the operations it is told, each so often; tells what it was asked to flush."""

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()
        self.error = errno.EIO
        self.flushed: list[str] = []

    def write(self, descriptor: int, buffers: Sequence[Buffer]) -> None:
        if self._is_to_fail("write"):
            super().write(descriptor, [buffers[0], b"half a li"])
            raise OSError(errno.ENOSPC, "full")
        super().write(descriptor, buffers)

    def sync(self, descriptor: int) -> None:
        self.flushed.append("file")
        self._fail_if_told("sync")
        super().sync(descriptor)

    def sync_directory(self, path: Path) -> None:
        self.flushed.append("directory")
        self._fail_if_told("sync_directory")
        super().sync_directory(path)

    def close(self, descriptor: int) -> None:
        super().close(descriptor)
        self._fail_if_told("close")

    def remove(self, path: Path) -> None:
        self._fail_if_told("remove")
        super().remove(path)

    def _fail_if_told(self, operation: str) -> None:
        if self._is_to_fail(operation):
            raise OSError(self.error, "broken")

    def _is_to_fail(self, operation: str) -> bool:
        self.failures[operation] -= 1
        return self.failures[operation] >= 0

    def fail(self, **failures: int) -> None:
        self.failures = Counter(failures)


def opened(folder: Path, disk: Disk | None = None, health: Health | None = None) -> FileStateLog:
    return FileStateLog(opened_file(folder, disk, health), Workers("log", 1))


def opened_file(
    folder: Path, disk: Disk | None = None, health: Health | None = None, *, sync: bool = True
) -> StateLogFile:
    return StateLogFile(folder / "state.log", disk or Disk(), health or Health(), sync=sync)


async def records_of(log: FileStateLog) -> list[bytes]:
    return [record async for record in log.read()]


async def test_records_are_there_after_a_restart(tmp_path: Path) -> None:
    await opened(tmp_path).append([b"one", b"two"])
    await opened(tmp_path).append([b"three"])
    assert await records_of(opened(tmp_path)) == [b"one", b"two", b"three"]
    assert (tmp_path / "state.log").stat().st_mode & 0o777 == 0o600


async def test_more_records_than_are_read_at_once(tmp_path: Path) -> None:
    many = [f"record {number}".encode() for number in range(2_500)]
    await opened(tmp_path).append(many)
    assert await records_of(opened(tmp_path)) == many


@pytest.mark.parametrize("torn", [b"0", b"8bad", b"00000000 rec", bytes(70_000)])
async def test_what_a_crash_cut_short_is_taken_away(tmp_path: Path, torn: bytes) -> None:
    await opened(tmp_path).append([b"one"])
    path = tmp_path / "state.log"
    path.write_bytes(path.read_bytes() + torn)
    log = opened(tmp_path)
    assert await records_of(log) == [b"one"]
    await log.append([b"two"])
    assert await records_of(log) == [b"one", b"two"]


async def test_a_damaged_record_is_told(tmp_path: Path) -> None:
    log = opened(tmp_path)
    await log.append([b"one", b"two"])
    path = tmp_path / "state.log"
    path.write_bytes(path.read_bytes().replace(b"one", b"0ne"))
    with pytest.raises(StoreError, match="offset 0 is damaged"):
        await records_of(log)


@pytest.mark.parametrize("before", [[], [b"one"]])
@pytest.mark.parametrize(
    ("operation", "fault"),
    [("write", StoreFault.NO_SPACE), ("sync", StoreFault.INPUT_OUTPUT)],
)
async def test_of_an_append_that_fails_nothing_is_left(
    tmp_path: Path, before: list[bytes], operation: str, fault: StoreFault
) -> None:
    disk = FailingDisk()
    log = opened(tmp_path, disk)
    await log.append(before)
    disk.fail(**{operation: 1})
    with pytest.raises(StoreError) as raised:
        await log.append([b"two", b"three"])
    assert raised.value.fault is fault
    # Taking back is flushed as well.
    assert disk.flushed[-1] == "file"
    assert await records_of(log) == before
    assert await records_of(opened(tmp_path)) == before
    await log.append([b"four"])
    assert await records_of(log) == [*before, b"four"]
    assert await records_of(opened(tmp_path)) == [*before, b"four"]


async def test_a_write_of_nothing_needs_no_taking_back(tmp_path: Path) -> None:
    class FullDisk(Disk):
        def write(self, descriptor: int, buffers: Sequence[Buffer]) -> None:
            raise OSError(errno.EROFS, f"{descriptor}: not {len(buffers)} more")

        def sync(self, descriptor: int) -> None:
            raise AssertionError(descriptor)

    log = opened(tmp_path, FullDisk())
    for _ in range(3):
        with pytest.raises(StoreError, match="write the state log: EROFS"):
            await log.append([b"one"])
    assert await records_of(log) == []


async def test_what_cannot_be_taken_back_is_the_last(tmp_path: Path) -> None:
    disk, health = FailingDisk(), Health()
    log = opened(tmp_path, disk, health)
    await log.append([b"one"])
    disk.fail(sync=2)
    with pytest.raises(StoreError, match="EIO; that was not taken back") as raised:
        await log.append([b"two"])
    assert raised.value.fault is StoreFault.READ_ONLY
    # Two failed flushes are enough to take no objects in either.
    assert health.is_read_only
    with pytest.raises(StoreError, match="no more records until restarted") as raised:
        await log.append([b"three"])
    assert raised.value.fault is StoreFault.READ_ONLY
    assert await records_of(log) == [b"one"]

    afterwards = opened(tmp_path)
    await afterwards.append([b"four"])
    assert await records_of(afterwards) == [b"one", b"four"]


async def test_what_cannot_be_cut_is_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_descriptor: int, _length: int) -> None:
        raise OSError(errno.EIO, "broken")

    disk, health = FailingDisk(), Health()
    log = opened(tmp_path, disk, health)
    await log.append([b"one"])
    disk.fail(write=1)
    with monkeypatch.context() as patched:
        patched.setattr(os, "ftruncate", failing)
        with pytest.raises(StoreError, match="ENOSPC; that was not taken back"):
            await log.append([b"two", b"three"])
    assert b"two" in (tmp_path / "state.log").read_bytes()
    with pytest.raises(StoreError, match="cut the state log: EIO") as raised:
        await log.append([b"four"])
    assert raised.value.fault is StoreFault.READ_ONLY
    assert await records_of(log) == [b"one"]
    # No flush failed: objects are taken in as before.
    assert health.explanation == ""


async def test_a_log_whose_name_may_not_last_is_made_anew(tmp_path: Path) -> None:
    disk = FailingDisk()
    log = opened(tmp_path, disk)
    disk.fail(sync_directory=1)
    with pytest.raises(StoreError, match="fsync of a directory: EIO"):
        await log.append([b"one"])
    assert not (tmp_path / "state.log").exists()
    await log.append([b"two"])
    assert disk.flushed == ["directory", "directory", "file"]
    assert await records_of(log) == [b"two"]


async def test_a_name_that_may_not_last_and_stays_is_not_used(tmp_path: Path) -> None:
    disk = FailingDisk()
    log = opened(tmp_path, disk)
    disk.fail(sync_directory=1, remove=1)
    for told in ("fsync of a directory: EIO", "open the state log: EEXIST"):
        with pytest.raises(StoreError, match=told):
            await log.append([b"one"])
    assert await records_of(log) == []


async def test_a_file_that_cannot_be_closed_was_flushed_before(tmp_path: Path) -> None:
    disk = FailingDisk()
    log = opened(tmp_path, disk)
    await log.append([b"one"])
    disk.fail(close=1)
    await log.append([b"two"])
    assert await records_of(log) == [b"one", b"two"]


def test_a_reader_sees_nothing_that_is_not_flushed(tmp_path: Path) -> None:
    class AskingDisk(Disk):
        def sync(self, descriptor: int) -> None:
            seen.append(file.read(0)[0])
            super().sync(descriptor)

    seen: list[list[bytes]] = []
    file = opened_file(tmp_path, AskingDisk())
    file.append([b"one"])
    file.append([b"two"])
    assert seen == [[], [b"one"]]
    assert file.read(0)[0] == [b"one", b"two"]


async def test_what_an_earlier_process_left_is_flushed_before_it_is_read(tmp_path: Path) -> None:
    await opened(tmp_path).append([b"one"])
    disk, health = FailingDisk(), Health()
    log = opened(tmp_path, disk, health)
    disk.fail(sync=1)
    with pytest.raises(StoreError, match="fsync of the state log: EIO"):
        await records_of(log)
    assert "1 failed flushes" in health.explanation
    assert await records_of(log) == [b"one"]
    assert await records_of(log) == [b"one"]
    assert disk.flushed == ["file", "file", "directory"]


def test_what_an_earlier_process_failed_to_flush_is_read_from_the_medium(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def advise(_descriptor: int, offset: int, length: int, advice: int) -> None:
        advised.append((offset, length, advice))

    advised: list[tuple[int, int, int]] = []
    opened_file(tmp_path).append([b"one"])
    monkeypatch.setattr(os, "posix_fadvise", advise)
    assert opened_file(tmp_path).read(0)[0] == [b"one"]
    assert advised == [(0, 0, os.POSIX_FADV_DONTNEED)]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EINVAL])
async def test_a_store_mounted_read_only_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    await opened(tmp_path).append([b"one"])
    disk = FailingDisk()
    disk.error = number
    disk.fail(sync=2)
    log = opened(tmp_path, disk)
    # A file system that became read-only by itself may still have something to flush.
    with pytest.raises(StoreError, match="fsync of the state log"):
        await records_of(log)
    mounted = os.statvfs(tmp_path)
    read_only = os.statvfs_result((*mounted[:8], mounted.f_flag | os.ST_RDONLY, mounted.f_namemax))
    monkeypatch.setattr(os, "fstatvfs", lambda _descriptor: read_only)
    assert await records_of(log) == [b"one"]


def test_relaxed_nothing_is_flushed_but_taken_back(tmp_path: Path) -> None:
    disk = FailingDisk()
    file = opened_file(tmp_path, disk, sync=False)
    file.append([b"one"])
    disk.fail(write=1)
    with pytest.raises(StoreError):
        file.append([b"two"])
    for each in (file, opened_file(tmp_path, disk, sync=False)):
        assert each.read(0)[0] == [b"one"]
    assert disk.flushed == []


@pytest.mark.parametrize("changed", [b"", b"00000000 theirs\n"])
async def test_a_log_that_somebody_changed_is_left_alone(tmp_path: Path, changed: bytes) -> None:
    log = opened(tmp_path)
    await log.append([b"one", b"two"])
    path = tmp_path / "state.log"
    theirs = path.read_bytes() + changed if changed else b""
    path.write_bytes(theirs)
    with pytest.raises(StoreError, match="somebody changed it"):
        await log.append([b"three"])
    assert path.read_bytes() == theirs


async def test_a_log_that_became_shorter_is_told(tmp_path: Path) -> None:
    log = opened(tmp_path)
    await log.append([b"one", b"two"])
    os.truncate(tmp_path / "state.log", 13)
    with pytest.raises(StoreError, match="offset 13 is damaged"):
        await records_of(log)


@pytest.mark.parametrize("action", ["open the state log", "read the state log"])
async def test_a_log_that_cannot_be_opened_is_told(tmp_path: Path, action: str) -> None:
    log = opened(tmp_path)
    path = tmp_path / "state.log"
    if action.startswith("read"):
        await log.append([b"one"])
        path.unlink()
    else:
        path.symlink_to("elsewhere")
    with pytest.raises(StoreError, match=action):
        await records_of(log)


async def test_failed_flushes_count_as_the_stores_do(tmp_path: Path) -> None:
    disk, health = FailingDisk(), Health()
    log = opened(tmp_path, disk, health)
    for _ in range(2):
        disk.fail(sync=1)
        with pytest.raises(StoreError):
            await log.append([b"one"])
    assert health.is_read_only
    with pytest.raises(StoreError, match="2 failed flushes") as raised:
        await log.append([b"two"])
    assert raised.value.fault is StoreFault.READ_ONLY
    assert await records_of(log) == []
