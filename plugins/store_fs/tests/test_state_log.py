import errno
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
    """Fails at the operation it is told."""

    failing = ""

    def write(self, descriptor: int, buffers: Sequence[Buffer]) -> None:
        if self.failing == "write":
            super().write(descriptor, [b"half a li"])
            raise OSError(errno.ENOSPC, "full")
        super().write(descriptor, buffers)

    def sync(self, descriptor: int) -> None:
        if self.failing == "sync":
            raise OSError(errno.EIO, "broken")
        super().sync(descriptor)


def opened(folder: Path, disk: Disk | None = None, health: Health | None = None) -> FileStateLog:
    path = folder / "state.log"
    file = StateLogFile(path, disk or Disk(), health or Health(), sync=True)
    return FileStateLog(file, Workers("log", 1))


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


async def test_a_write_that_fails_leaves_no_half_record(tmp_path: Path) -> None:
    disk = FailingDisk()
    log = opened(tmp_path, disk)
    await log.append([b"one"])
    disk.failing = "write"
    with pytest.raises(StoreError) as raised:
        await log.append([b"two"])
    assert raised.value.fault is StoreFault.NO_SPACE
    disk.failing = ""
    await log.append([b"three"])
    assert await records_of(log) == [b"one", b"three"]


async def test_failed_flushes_count_as_the_stores_do(tmp_path: Path) -> None:
    disk, health = FailingDisk(), Health()
    log = opened(tmp_path, disk, health)
    await log.append([b"one"])
    disk.failing = "sync"
    for _ in range(2):
        with pytest.raises(StoreError):
            await log.append([b"two"])
    assert health.is_read_only
    disk.failing = ""
    with pytest.raises(StoreError) as raised:
        await log.append([b"three"])
    assert raised.value.fault is StoreFault.READ_ONLY
