"""One object being written: a file in `stage/`, hashed and written by a thread.

A small object waits in memory for its commit: it then takes one hop to a thread instead of two.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Buffer, StageRequest
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.health import Health, store_error
from pacsd_store_fs.workers import Workers

SMALL_BYTES = 65_536
"""An object of so many bytes may wait in memory."""

WAITING_BYTES = 8 * 1024 * 1024
"""So many bytes of all small objects together; the next one is written at once."""


class WaitingRoom:
    """Counts the bytes of small objects that wait; for any thread."""

    def __init__(self, room_bytes: int = WAITING_BYTES) -> None:
        self.room_bytes = room_bytes
        self._lock = Lock()

    def enter(self, size_bytes: int) -> bool:
        """Whether there is room for so many bytes; then they are counted until they leave."""
        with self._lock:
            if size_bytes > min(SMALL_BYTES, self.room_bytes):
                return False
            self.room_bytes -= size_bytes
            return True

    def leave(self, size_bytes: int) -> None:
        """So many bytes wait no more."""
        with self._lock:
            self.room_bytes += size_bytes


class FileStage:
    """A staged object. The file is created with what is written first, an idle sender has none.

    `write` and `abort` are for the event loop; the other methods block and are for the thread that
    has the object in hand, one at a time.
    """

    def __init__(
        self,
        request: StageRequest,
        path: Path,
        disk: Disk,
        health: Health,
        workers: Workers,
        waiting_room: WaitingRoom,
    ) -> None:
        self.partition = request.partition
        self.path = path
        self.size_bytes = 0
        self._request = request
        self._disk = disk
        self._health = health
        self._workers = workers
        self._waiting_room = waiting_room
        self._waiting = b""
        self._descriptor: int | None = None
        self._is_over = False

    async def write(self, buffers: Sequence[Buffer], /) -> None:
        """Digest the buffers and append them to the file, soon."""
        is_first = self._descriptor is None and not self._waiting and not self._is_over
        if is_first and self._waiting_room.enter(sum(map(len, buffers))):
            self._waiting = b"".join(buffers)
        else:
            await self._workers.do(partial(self.write_out, buffers))

    async def abort(self) -> None:
        """Remove the file."""
        if not self._is_over:
            with anyio.CancelScope(shield=True):
                await self._workers.do(self.discard)

    def write_out(self, buffers: Sequence[Buffer] = ()) -> None:
        """Digest and append, first what waits; raises StoreError."""
        if self._is_over:
            raise StoreError(StoreFault.STOPPED, "write after commit or abort")
        self._health.check_writable()
        if self._waiting:
            buffers = (self._waiting, *buffers)
            self._stop_waiting()
        for buffer in buffers:
            self._request.digest.update(buffer)
        try:
            self._disk.write(self._open(), buffers)
        except OSError as error:
            raise store_error("write", error) from error
        self.size_bytes += sum(map(len, buffers))

    def seal(self, *, sync: bool) -> None:
        """End writing; with `sync` all bytes are on the medium afterwards. Raises StoreError.

        The descriptor is closed whatever happens: a failed fsync is never tried on it again.
        """
        if self._is_over:
            raise StoreError(StoreFault.STOPPED, "commit after commit or abort")
        if self._waiting:
            self.write_out()
        try:
            descriptor = self._open()
            try:
                if sync:
                    self._sync(descriptor)
            finally:
                self._descriptor = None
                self._disk.close(descriptor)
        except OSError as error:
            raise store_error("close", error) from error

    def renamed(self) -> None:
        """The file has its final name: nothing is left to discard."""
        self._is_over = True

    def discard(self) -> None:
        """Close and remove the file, as far as that works: what stays is removed at start."""
        self._is_over = True
        self._stop_waiting()
        descriptor, self._descriptor = self._descriptor, None
        with suppress(OSError):
            if descriptor is not None:
                self._disk.close(descriptor)
        with suppress(OSError):
            self._disk.remove(self.path)

    def _stop_waiting(self) -> None:
        self._waiting_room.leave(len(self._waiting))
        self._waiting = b""

    def _open(self) -> int:
        """The file's descriptor; creates it and writes the preface at the first call."""
        if self._descriptor is None:
            self._descriptor = self._disk.create(self.path)
            self._disk.write(self._descriptor, (self._request.preface,))
            self.size_bytes = len(self._request.preface)
        return self._descriptor

    def _sync(self, descriptor: int) -> None:
        try:
            self._disk.sync(descriptor)
        except OSError as error:
            raise self._health.sync_failed("fsync of a file", error) from error
