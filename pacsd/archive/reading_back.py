"""A stored data set read back, to see whether it is still what was stored."""

import hashlib
from collections.abc import Callable
from contextlib import aclosing
from typing import Protocol

import anyio.to_thread

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, ByteRange, Location
from pacsd.archive.pace import Pace
from pacsd.index.records import CopyState

_INLINE_BYTES = 64 * 1024
"""Pieces up to this are digested on the event loop: a hop to a thread would take longer."""


class Filed(Protocol):
    """A file as the index knows it: a copy of an instance, or that of a version in quarantine."""

    @property
    def location(self) -> Location:
        """Where it lies."""

    @property
    def data_set_bytes(self) -> int:
        """The size of its data set, which stands at its end."""

    @property
    def sha256(self) -> bytes:
        """The digest of its data set."""


class ReadBack:
    """Reads data sets of one store back at a pace; `read_bytes` is called with what was read."""

    def __init__(
        self, store: BlobStore, pace: Pace, read_bytes: Callable[[int], None] = lambda _: None
    ) -> None:
        self._store = store
        self._pace = pace
        self._read_bytes = read_bytes

    async def __call__(self, filed: Filed) -> CopyState:
        """How the file was found; one that cannot be read counts as damaged.

        Raises:
            StoreError: the store is stopping.
        """
        try:
            digest = await self._digest(filed)
        except StoreError as error:
            if error.fault is StoreFault.STOPPED:
                raise
            is_gone = error.fault is StoreFault.NOT_FOUND
            return CopyState.MISSING if is_gone else CopyState.DAMAGED
        return CopyState.OK if digest == filed.sha256 else CopyState.DAMAGED

    async def _digest(self, filed: Filed) -> bytes:
        digest = hashlib.sha256()
        start = filed.location.size_bytes - filed.data_set_bytes
        data_set = ByteRange(start, filed.data_set_bytes)
        async with aclosing(self._store.read(filed.location, [data_set])) as pieces:
            async for piece in pieces:
                if len(piece) <= _INLINE_BYTES:
                    digest.update(piece)
                else:
                    await anyio.to_thread.run_sync(digest.update, piece)
                self._read_bytes(len(piece))
                await self._pace.spend(len(piece))
        return digest.digest()
