"""What a disk can refuse, at each step: no false success, nothing half kept, and it goes on."""

import errno
from collections.abc import Sequence
from pathlib import Path

import pytest
from pacsd_store_fs.disk import Disk

from pacsd.api.store import Buffer
from pacsd.index.session import WriteSession
from pacsd.index.sqlite import driver
from tests.crash.on_disk import OnDisk, on_disk

STEPS = ("create", "write", "sync", "close", "rename", "sync_directory")
NUMBERS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS)
STORED, NOT_NOW = 0x0000, 0xA700


class FaultyDisk(Disk):
    """Fails the next so many calls of one kind."""

    def __init__(self) -> None:
        self.step = ""
        self.number = 0
        self.left = 0

    def fail(self, step: str, number: int, times: int = 1) -> None:
        self.step, self.number, self.left = step, number, times

    def create(self, path: Path) -> int:
        self._fail("create")
        return super().create(path)

    def write(self, descriptor: int, buffers: Sequence[Buffer]) -> None:
        self._fail("write")
        super().write(descriptor, buffers)

    def sync(self, descriptor: int) -> None:
        self._fail("sync")
        super().sync(descriptor)

    def close(self, descriptor: int) -> None:
        super().close(descriptor)
        self._fail("close")

    def rename(self, source: Path, target: Path) -> None:
        self._fail("rename")
        super().rename(source, target)

    def make_directories(self, path: Path) -> None:
        self._fail("make_directories")
        super().make_directories(path)

    def sync_directory(self, path: Path) -> None:
        self._fail("sync_directory")
        super().sync_directory(path)

    def _fail(self, step: str) -> None:
        if step == self.step and self.left:
            self.left -= 1
            raise OSError(self.number, "told to fail")


async def all_is_well(archive: OnDisk, objects: int) -> None:
    """So many objects, a file and a row for each, and nothing besides."""
    found = await archive.check(with_digests=True)
    assert (found.rows, found.files, found.counts) == (objects, objects, {})
    assert list((archive.folder / "store/stage").iterdir()) == []


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("pixel_bytes", [0, 200_000])
async def test_row_d39_a_step_of_the_store_that_fails(
    step: str, number: int, pixel_bytes: int, tmp_path: Path
) -> None:
    disk = FaultyDisk()
    async with on_disk(tmp_path, disk) as archive:
        assert (await archive.send(1)).status == STORED
        disk.fail(step, number)
        assert (await archive.send(2, pixel_bytes=pixel_bytes)).status == NOT_NOW
        assert disk.left == 0
        for again in (2, 3):
            assert (await archive.send(again, pixel_bytes=pixel_bytes)).status == STORED
        await all_is_well(archive, 3)


async def test_row_d39_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    disk = FaultyDisk()
    async with on_disk(tmp_path, disk) as archive:
        disk.fail("make_directories", errno.ENOSPC)
        assert (await archive.send(1)).status == NOT_NOW
        assert (await archive.send(1)).status == STORED
        await all_is_well(archive, 1)


@pytest.mark.parametrize("step", ["sync", "sync_directory"])
async def test_row_d39_after_two_failed_flushes_it_takes_nothing_until_it_is_started_again(
    step: str, tmp_path: Path
) -> None:
    disk = FaultyDisk()
    async with on_disk(tmp_path, disk) as archive:
        assert (await archive.send(1)).status == STORED
        disk.fail(step, errno.EIO, times=2)
        for number in (2, 3, 4):
            assert (await archive.send(number)).status == NOT_NOW
    async with on_disk(tmp_path, disk) as archive:
        for number in (2, 3, 4):
            assert (await archive.send(number)).status == STORED
        await all_is_well(archive, 4)


def no_more_pages(session: WriteSession) -> None:
    connection = driver(session.connection)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


def more_pages(session: WriteSession) -> None:
    driver(session.connection).execute("PRAGMA max_page_count = 1000000")


async def test_row_d39_an_index_without_room(tmp_path: Path) -> None:
    async with on_disk(tmp_path) as archive:
        await archive.send(0)
        await archive.index._threads.write(no_more_pages)
        stored, number = 1, 1
        while (await archive.send(number)).status == STORED:
            number += 1
            stored += 1
        for _ in range(3):
            assert (await archive.send(number)).status == NOT_NOW
        await archive.index._threads.write(more_pages)
        for again in (number, number + 1):
            assert (await archive.send(again)).status == STORED
        await all_is_well(archive, stored + 2)
