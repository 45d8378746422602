"""A stored file read back: what the index should know of it, from the file alone."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing

import anyio.to_thread

from pacsd.api.store import BlobStore, Buffer, Location
from pacsd.archive.examination import Examination
from pacsd.archive.file_meta import decode_reception
from pacsd.archive.instance import InstanceRequest
from pacsd.dicom.part10 import (
    MAX_META_LENGTH_BYTES,
    PREAMBLE_LENGTH_BYTES,
    FileMeta,
    decode_file_meta,
)
from pacsd.index.records import NewCopy, NewInstance

_ENOUGH_BYTES = PREAMBLE_LENGTH_BYTES + MAX_META_LENGTH_BYTES + 1024
"""Of a file's beginning: File Meta Information lies in it, or is none."""

_INLINE_BYTES = 64 * 1024
"""Pieces up to this are digested on the event loop: a hop to a thread would take longer."""


async def read_stored(store: BlobStore, location: Location) -> NewInstance:
    """Read a file to its end: its header, its digest, and how it came to us.

    Raises:
        StoreError: it cannot be read.
        Part10Error: its File Meta Information cannot be understood, or is not ours.
        Unacceptable: its data set says nobody knows what.
    """
    async with aclosing(store.read(location)) as pieces:
        beginning = await _beginning(pieces)
        meta, offset = decode_file_meta(beginning)
        reading = _Reading(_request(meta))
        await reading.take(memoryview(beginning)[offset:])
        async for piece in pieces:
            await reading.take(piece)
    return reading.end(location)


class _Reading:
    """A data set that passes by once more."""

    def __init__(self, request: InstanceRequest) -> None:
        self._examination = Examination(request)
        self._digest = hashlib.sha256()
        self._bytes = 0

    async def take(self, piece: Buffer) -> None:
        if len(piece) <= _INLINE_BYTES:
            self._digest.update(piece)
        else:
            await anyio.to_thread.run_sync(self._digest.update, piece)
        self._examination.feed(piece)
        self._bytes += len(piece)

    def end(self, location: Location) -> NewInstance:
        self._examination.end(self._bytes)
        return self._examination.describe(
            NewCopy(
                store=location.store,
                key=location.key,
                size_bytes=location.size_bytes,
                data_set_bytes=self._bytes,
                sha256=self._digest.digest(),
            )
        )


async def _beginning(pieces: AsyncIterator[bytes]) -> bytes:
    """Enough of the file to hold its File Meta Information; `pieces` go on behind it."""
    beginning = b""
    async for piece in pieces:
        beginning += piece
        if len(beginning) >= _ENOUGH_BYTES:
            break
    return beginning


def _request(meta: FileMeta) -> InstanceRequest:
    return InstanceRequest(
        sop_class_uid=meta.media_storage_sop_class_uid,
        sop_instance_uid=meta.media_storage_sop_instance_uid,
        transfer_syntax_uid=meta.transfer_syntax_uid,
        reception=decode_reception(meta),
    )
