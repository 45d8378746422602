"""The state log as a file: a line for each record, with a checksum before it.

A crash may cut the last line short; the next append takes it away. Everything of `StateLogFile`
blocks; `FileStateLog` takes it to threads.
"""

import os
import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from functools import partial
from pathlib import Path

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.state_log import check_record
from pacsd_store_fs.disk import FILE_MODE, Disk
from pacsd_store_fs.health import Health, store_error
from pacsd_store_fs.workers import Workers

_CHECKSUM_BYTES = 8
_READ_LINES = 1_000


class StateLogFile:
    """The file; made when the first record comes."""

    def __init__(self, path: Path, disk: Disk, health: Health, *, sync: bool) -> None:
        self._path = path
        self._disk = disk
        self._health = health
        self._sync = sync
        self._is_checked = False

    def append(self, records: Sequence[bytes]) -> None:
        """Write and flush; raises StoreError."""
        self._health.check_writable()
        try:
            if not self._is_checked:
                self._drop_torn_line()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except OSError as error:
            raise store_error("open the state log", error) from error
        try:
            # Until it is known to be whole, the next append looks again.
            self._is_checked = False
            self._disk.write(descriptor, [_line(record) for record in records])
            self._flush(descriptor)
            self._is_checked = True
        except OSError as error:
            raise store_error("write the state log", error) from error
        finally:
            self._disk.close(descriptor)

    def read(self, offset: int) -> tuple[list[bytes], int]:
        """Records from an offset on, and the offset behind them; none at the end."""
        records: list[bytes] = []
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                for line in _whole_lines(file):
                    records.append(_record(line, offset))
                    offset += len(line)
        except FileNotFoundError:
            return [], offset
        except OSError as error:
            raise store_error("read the state log", error) from error
        return records, offset

    def _drop_torn_line(self) -> None:
        """Make the file if there is none; cut what stands behind its last line feed."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, FILE_MODE)
        try:
            end = os.fstat(descriptor).st_size
            os.ftruncate(descriptor, _end_of_last_line(descriptor, end))
            self._flush(descriptor)
        finally:
            os.close(descriptor)
        if self._sync:
            self._disk.sync_directory(self._path.parent)

    def _flush(self, descriptor: int) -> None:
        if not self._sync:
            return
        try:
            self._disk.sync(descriptor)
        except OSError as error:
            raise self._health.sync_failed("fsync of the state log", error) from error


class FileStateLog:
    """A StateLog on one file."""

    def __init__(self, file: StateLogFile, workers: Workers) -> None:
        self._file = file
        self._workers = workers
        self._one_writer = anyio.Lock()

    async def append(self, records: Sequence[bytes], /) -> None:
        """Add records; see the port."""
        for record in records:
            check_record(record)
        if records:
            async with self._one_writer:
                with anyio.CancelScope(shield=True):
                    await self._workers.do(partial(self._file.append, records))

    async def read(self) -> AsyncGenerator[bytes, None]:
        """Every record; see the port."""
        records, offset = await self._workers.do(partial(self._file.read, 0))
        while records:
            for record in records:
                yield record
            records, offset = await self._workers.do(partial(self._file.read, offset))


def _line(record: bytes) -> bytes:
    return b"%08x %b\n" % (zlib.crc32(record), record)


def _record(line: bytes, offset: int) -> bytes:
    checksum, record = line[:_CHECKSUM_BYTES], line[_CHECKSUM_BYTES + 1 : -1]
    if line != _line(record):
        text = f"state log: the record at offset {offset} is damaged ({checksum!r})"
        raise StoreError(StoreFault.INPUT_OUTPUT, text)
    return record


def _whole_lines(file: Iterator[bytes]) -> Iterator[bytes]:
    for _, line in zip(range(_READ_LINES), file, strict=False):
        if line.endswith(b"\n"):
            yield line


def _end_of_last_line(descriptor: int, end: int) -> int:
    while end:
        start = max(0, end - 65_536)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
