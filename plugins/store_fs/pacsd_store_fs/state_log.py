"""The state log as a file: a line for each record, with a checksum before it.

Only what is flushed is read. What a crash cut short at the end is not, and the next append takes it
away; an append that fails is taken back. Everything of `StateLogFile` blocks; `FileStateLog` takes
it to threads.
"""

import errno
import os
import zlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.state_log import check_record
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.health import Health, store_error
from pacsd_store_fs.workers import Workers

_CHECKSUM_BYTES = 8
_READ_LINES = 1_000
_NEVER_FLUSHES = frozenset({errno.EROFS, errno.EINVAL})


class StateLogFile:
    """The file; made when the first record comes. One append at a time, any number of readers."""

    def __init__(self, path: Path, disk: Disk, health: Health, *, sync: bool) -> None:
        self._path = path
        self._disk = disk
        self._health = health
        self._sync = sync
        self._first_use = Lock()
        # Up to here there are whole lines and they are flushed; None before the first use.
        self._good_bytes: int | None = None
        self._is_there = False
        self._broken = ""

    def append(self, records: Sequence[bytes]) -> None:
        """Write and flush, all or nothing; raises StoreError.

        What could be neither flushed nor taken back would be read after a restart, or after a power
        cut be a hole before later records: then no further ones are taken.
        """
        if self._broken:
            raise StoreError(StoreFault.READ_ONLY, self._broken)
        self._health.check_writable()
        end = self._length()
        descriptor = self._open_to_append()
        try:
            self._drop_torn_line(descriptor, end)
            lines = [_line(record) for record in records]
            self._write_or_take_back(descriptor, end, lines)
            self._good_bytes = end + sum(map(len, lines))
        finally:
            # Flushed or taken back: nothing that closing may tell counts.
            with suppress(OSError):
                self._disk.close(descriptor)

    def read(self, offset: int) -> tuple[list[bytes], int]:
        """Records from an offset on, and the offset behind them; none at the end."""
        end = self._length()
        records: list[bytes] = []
        if offset == end:
            return records, offset
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                while offset < end and len(records) < _READ_LINES:
                    line = file.readline()
                    records.append(_record(line, offset))
                    offset += len(line)
        except OSError as error:
            raise store_error("read the state log", error) from error
        return records, offset

    def _length(self) -> int:
        """How long the file is, as far as it counts."""
        with self._first_use:
            if self._good_bytes is None:
                self._good_bytes = self._flushed_length()
            return self._good_bytes

    def _flushed_length(self) -> int:
        """Flush what an earlier process wrote: where its last whole line ends."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise store_error("open the state log", error) from error
        try:
            self._flush_what_is_there(descriptor)
            self._is_there = True
            return _end_of_last_line(descriptor, os.fstat(descriptor).st_size)
        except OSError as error:
            raise store_error("read the state log", error) from error
        finally:
            os.close(descriptor)

    def _flush_what_is_there(self, descriptor: int) -> None:
        if not self._sync:
            return
        try:
            self._disk.sync(descriptor)
            self._disk.sync_directory(self._path.parent)
        except OSError as error:
            if not (error.errno in _NEVER_FLUSHES and _is_mounted_read_only(descriptor)):
                raise self._health.sync_failed("fsync of the state log", error) from error
        # Pages the kernel once failed to write count as flushed: have the medium read instead.
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def _open_to_append(self) -> int:
        try:
            if not self._is_there:
                self._make()
            return os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise store_error("open the state log", error) from error

    def _make(self) -> None:
        self._disk.close(self._disk.create(self._path))
        try:
            if self._sync:
                self._disk.sync_directory(self._path.parent)
        except OSError as error:
            failure = self._health.sync_failed("fsync of a directory", error)
            # A second flush would not tell whether this name lasts: the next append makes it anew,
            # or fails to if it is still there.
            with suppress(OSError):
                self._disk.remove(self._path)
            raise failure from error
        self._is_there = True

    def _write_or_take_back(self, descriptor: int, end: int, lines: Sequence[bytes]) -> None:
        try:
            self._write(descriptor, lines)
        except BaseException as failure:
            try:
                self._cut(descriptor, end)
            except StoreError as error:
                self._broken = (
                    f"state log: {failure}; that was not taken back ({error}): "
                    "no more records until restarted"
                )
                raise StoreError(StoreFault.READ_ONLY, self._broken) from failure
            raise

    def _write(self, descriptor: int, lines: Sequence[bytes]) -> None:
        try:
            self._disk.write(descriptor, lines)
        except OSError as error:
            raise store_error("write the state log", error) from error
        self._flush(descriptor)

    def _drop_torn_line(self, descriptor: int, end: int) -> None:
        """Take away what a crash cut short; whole lines nobody here wrote are left alone."""
        try:
            found = _end_of_last_line(descriptor, os.fstat(descriptor).st_size)
        except OSError as error:
            raise store_error("read the state log", error) from error
        if found != end:
            text = f"state log: somebody changed it, its last line ends at {found}, not at {end}"
            raise StoreError(StoreFault.INPUT_OUTPUT, text)
        self._cut(descriptor, end)

    def _cut(self, descriptor: int, end: int) -> None:
        """Take away what stands behind `end`, durably."""
        try:
            if os.fstat(descriptor).st_size == end:
                return
            os.ftruncate(descriptor, end)
        except OSError as error:
            raise store_error("cut the state log", error) from error
        self._flush(descriptor)

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


def _is_mounted_read_only(descriptor: int) -> bool:
    """Whether there is nothing that could have to be flushed."""
    return bool(os.fstatvfs(descriptor).f_flag & os.ST_RDONLY)


def _end_of_last_line(descriptor: int, end: int) -> int:
    while end:
        start = max(0, end - 65_536)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
