"""One object being written: a file in `stage/`, hashed and written by a thread."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Buffer, StageRequest
from pacsd_store_fs.disk import Disk
from pacsd_store_fs.health import Health, store_error


class FileStage:
    """A staged object. The file is created with the first write, so an idle sender has none.

    `write` and `abort` are for the event loop; the other methods block and are for the thread that
    has the object in hand, one at a time.
    """

    def __init__(
        self,
        request: StageRequest,
        path: Path,
        disk: Disk,
        health: Health,
        limiter: anyio.CapacityLimiter,
    ) -> None:
        self.partition = request.partition
        self.path = path
        self.size_bytes = 0
        self._request = request
        self._disk = disk
        self._health = health
        self._limiter = limiter
        self._descriptor: int | None = None
        self._is_over = False

    async def write(self, buffers: Sequence[Buffer], /) -> None:
        """Digest the buffers and append them to the file."""
        await anyio.to_thread.run_sync(self.write_out, buffers, limiter=self._limiter)

    async def abort(self) -> None:
        """Remove the file."""
        if not self._is_over:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self.discard, limiter=self._limiter)

    def write_out(self, buffers: Sequence[Buffer]) -> None:
        """Digest and append; raises StoreError."""
        if self._is_over:
            raise StoreError(StoreFault.STOPPED, "write after commit or abort")
        self._health.check_writable()
        for buffer in buffers:
            self._request.digest.update(buffer)
        try:
            self._disk.write(self._open(), buffers)
        except OSError as error:
            raise store_error("write", error) from error
        self.size_bytes += sum(len(buffer) for buffer in buffers)

    def seal(self, *, sync: bool) -> None:
        """End writing; with `sync` all bytes are on the medium afterwards. Raises StoreError.

        The descriptor is closed whatever happens: a failed fsync is never tried on it again.
        """
        if self._is_over:
            raise StoreError(StoreFault.STOPPED, "commit after commit or abort")
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
        descriptor, self._descriptor = self._descriptor, None
        with suppress(OSError):
            if descriptor is not None:
                self._disk.close(descriptor)
        with suppress(OSError):
            self._disk.remove(self.path)

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
