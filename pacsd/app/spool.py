"""Bulk data that waits, in files without a name: gone with the request, or with the process."""

import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import anyio.to_thread

from pacsd.dicom.headers import Buffer
from pacsd.dicomweb.errors import TooLarge
from pacsd.net.web.exchange import Unavailable
from pacsd.net.web.spooling import Spool, Spooled

CHUNK_BYTES = 1024 * 1024

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class FolderSpools:
    """Spools in a folder, which take `max_bytes` together and leave `min_free_bytes` to others."""

    def __init__(self, folder: Path, max_bytes: int, min_free_bytes: int = 0) -> None:
        self._folder = folder
        self.max_bytes = max_bytes
        self.min_free_bytes = min_free_bytes
        self.used_bytes = 0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Spool]:
        """An empty one; its file is made when something is written.

        Raises:
            Unavailable: as `Spool` says.
        """
        spool = FolderSpool(self._folder, self)
        try:
            yield spool
        finally:
            with anyio.CancelScope(shield=True):
                await spool.close()


class FolderSpool:
    """The file of one request. Implements `Spool`."""

    def __init__(self, folder: Path, budget: FolderSpools) -> None:
        self._folder = folder
        self._budget = budget
        self._descriptor = -1
        self._held = bytearray()
        self._written_bytes = 0
        self._size_bytes = 0

    async def write(self, data: Buffer) -> None:
        """Append to it; in the file it is once there is enough of it."""
        size = len(data)
        most, rule = self._budget.max_bytes, "(dicomweb.max_spool_bytes)"
        if self._size_bytes + size > most:
            raise TooLarge("bulk data", None, f"of more than {most} bytes has to wait {rule}")
        if self._budget.used_bytes + size > most:
            raise Unavailable(f"{self._budget.used_bytes} bytes of bulk data wait already {rule}")
        self._budget.used_bytes += size
        self._size_bytes += size
        self._held += data
        if len(self._held) >= CHUNK_BYTES:
            await self._flush()

    async def read(self, spooled: Spooled) -> AsyncGenerator[bytes, None]:
        """What was written there, in bounded pieces."""
        at, end = spooled.offset, spooled.offset + spooled.size_bytes
        while at < end:
            if at >= self._written_bytes:
                begin = at - self._written_bytes
                stop = min(end - self._written_bytes, begin + CHUNK_BYTES)
                piece = bytes(self._held[begin:stop])
            else:
                size = min(end, self._written_bytes, at + CHUNK_BYTES) - at
                piece = await _in_thread(os.pread, self._descriptor, size, at)
            if not piece:
                raise Unavailable("bulk data that waited: its file has become shorter")
            at += len(piece)
            yield piece

    async def clear(self) -> None:
        """Nothing of what was written is needed any more; begin at offset 0."""
        if self._descriptor >= 0 and self._written_bytes:
            await _in_thread(os.ftruncate, self._descriptor, 0)
        self._forget()

    async def close(self) -> None:
        """The request is over. In a thread: what was long takes the file system its time."""
        self._forget()
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            await anyio.to_thread.run_sync(os.close, descriptor)

    def _forget(self) -> None:
        self._budget.used_bytes -= self._size_bytes
        self._size_bytes = self._written_bytes = 0
        self._held.clear()

    async def _flush(self) -> None:
        if self._descriptor < 0:
            self._descriptor = await _in_thread(_new_file, self._folder)
        data = bytes(self._held)
        free_bytes = await _in_thread(_free_bytes, self._folder)
        if free_bytes - len(data) < self._budget.min_free_bytes:
            rule = "the disk of data_dir is nearly full (store.min_free_bytes)"
            raise Unavailable(f"bulk data cannot wait: {rule}")
        await _in_thread(_write_all, self._descriptor, data, self._written_bytes)
        self._written_bytes += len(data)
        self._held.clear()


async def _in_thread(work: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    try:
        return await anyio.to_thread.run_sync(work, *arguments)
    except OSError as error:
        raise Unavailable(f"bulk data that has to wait: {error.strerror}") from error


def _new_file(folder: Path) -> int:
    """A file of ours alone, without a name: gone once it is closed."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as made:
        return os.dup(made.fileno())


def _free_bytes(folder: Path) -> int:
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    left = memoryview(data)
    while left:
        written = os.pwrite(descriptor, left, offset)
        left, offset = left[written:], offset + written
