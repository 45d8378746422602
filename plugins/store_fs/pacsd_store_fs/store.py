"""FileStore, the BlobStore on one directory: hops from the event loop to threads and back."""

import itertools
import os
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO

import anyio

from pacsd.api.errors import StoreError
from pacsd.api.store import (
    ByteRange,
    Location,
    ObjectPage,
    ObjectStat,
    Staged,
    StageRequest,
    StoreStatus,
)
from pacsd_store_fs.commit import GroupCommit
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.health import Health, store_error
from pacsd_store_fs.layout import parse_key
from pacsd_store_fs.listing import list_page
from pacsd_store_fs.reading import Reading, open_object, path_of, read_together, stat_object
from pacsd_store_fs.root import StoreRoot
from pacsd_store_fs.stage import FileStage, WaitingRoom
from pacsd_store_fs.state_log import FileStateLog, StateLogFile
from pacsd_store_fs.workers import Workers


class FileStore:
    """Objects as files of an opened root. Readers have threads of their own beside the writers'."""

    def __init__(
        self,
        name: str,
        root: StoreRoot,
        *,
        threads: int = 4,
        sync: bool = True,
        disk: Disk | None = None,
    ) -> None:
        self._name = name
        self._root = root
        self._sync = sync
        self._disk = disk or Disk()
        self._health = Health()
        self._stage_numbers = itertools.count(1)
        self._waiting_room = WaitingRoom()
        self._writers = Workers(f"{name}-write", threads)
        self._readers = Workers(f"{name}-read", threads)
        self._flushers = ThreadPoolExecutor(threads, thread_name_prefix=f"{name}-flush")
        self._commit_lock = anyio.Lock(fast_acquire=True)
        self.state_log = FileStateLog(
            StateLogFile(root.state_log, self._disk, self._health, sync=sync), self._writers
        )
        self._group_commit = GroupCommit(
            name, root.objects, self._disk, self._health, self._flushers, sync=sync
        )

    async def close(self) -> None:
        """End the threads and let others open the root; nothing may be called any more."""
        await self._readers.do(self._flushers.shutdown)
        self._writers.close()
        self._readers.close()
        self._root.close()

    async def stage(self, request: StageRequest, /) -> FileStage:
        """Open a new object; its file appears with the first write."""
        self._health.check_writable()
        path = self._root.stage / f"{next(self._stage_numbers):x}"
        return FileStage(request, path, self._disk, self._health, self._writers, self._waiting_room)

    async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
        """Make a group durable."""
        stages = [staged for staged in group if isinstance(staged, FileStage)]
        if len(stages) != len(group):
            raise TypeError("commit: a staged object of another store")
        async with self._commit_lock:
            return await self._writers.do(partial(self._group_commit.commit, stages))

    async def read(
        self, location: Location, ranges: Sequence[ByteRange] | None = None, /
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes in pieces of up to 1 MiB."""
        reading = Reading(path_of(self._root.objects, location.key), ranges)
        try:
            while not reading.is_over:
                piece = await self._readers.do(reading.next_piece)
                if piece:
                    yield piece
        finally:
            reading.close()

    async def read_together(
        self, wanted: Sequence[tuple[Location, ByteRange]], /
    ) -> Sequence[bytes | StoreError]:
        """All of them in one hop."""
        return await self._readers.do(partial(read_together, self._root.objects, wanted))

    async def open_file(self, location: Location, /) -> BinaryIO:
        """The file that it is, which no deletion changes for who has it open."""
        path = path_of(self._root.objects, location.key)
        return await self._readers.do(partial(open_object, path))

    async def stat(self, location: Location, /) -> ObjectStat | None:
        """What is known about an object."""
        if parse_key(location.key) is None:
            return None
        path = self._root.objects / location.key
        return await self._readers.do(partial(stat_object, path))

    async def delete(self, location: Location, /) -> None:
        """Remove an object durably."""
        if parse_key(location.key) is not None:
            path = self._root.objects / location.key
            await self._writers.do(partial(self._delete, path))

    async def list(self, cursor: str | None = None, /) -> ObjectPage:
        """A page of the objects after the key `cursor`."""
        return await self._readers.do(partial(list_page, self._name, self._root.objects, cursor))

    async def status(self) -> StoreStatus:
        """Free space, and what failed so far."""
        return await self._readers.do(self._status)

    def _delete(self, path: Path) -> None:
        self._health.check_writable()
        try:
            self._disk.remove(path)
        except OSError as error:
            raise store_error("delete", error) from error
        try:
            if self._sync and path.parent.is_dir():
                self._disk.sync_directory(path.parent)
        except OSError as error:
            raise self._health.sync_failed("fsync of a directory", error) from error

    def _status(self) -> StoreStatus:
        try:
            found = os.statvfs(self._root.path)
        except OSError as error:
            return StoreStatus(0, 0, is_read_only=True, explanation=str(store_error("stat", error)))
        is_mounted_read_only = bool(found.f_flag & os.ST_RDONLY)
        explanation = "mounted read-only" if is_mounted_read_only else self._health.explanation
        return StoreStatus(
            free_bytes=found.f_bavail * found.f_frsize,
            # File systems without a fixed number of inodes say 0 of 0.
            free_inodes=found.f_favail if found.f_files else None,
            is_read_only=is_mounted_read_only or self._health.is_read_only,
            explanation=explanation,
        )
