"""One file put into a bucket, and looked at before it counts.

A file is read twice: its SHA-256 goes ahead of it. Takes the memory of its bytes, or of three parts
of a large one.
"""

import hashlib
from collections.abc import AsyncIterator
from functools import partial
from typing import BinaryIO

import anyio.to_thread
from pacsd_s3_client.far import MAX_PARTS, Far, FarObject
from pacsd_s3_client.faults import FarError, FarFault

from pacsd_target_s3.settings import TargetBucketSettings

PIECE_BYTES = 1024 * 1024


class IncompleteError(Exception):
    """A file is not as long as it is said to be."""


async def send(
    far: Far,
    settings: TargetBucketSettings,
    name: str,
    file: BinaryIO,
    size_bytes: int,
    *,
    looks_first: bool,
) -> None:
    """Put a file, in place of what is there under its name; on return the bucket has it for good.

    Whoever may have sent it before looks first: what is there already is not put again.

    Raises:
        FarError: it is not there, or nobody can tell.
        IncompleteError: it has not `size_bytes`; nothing was sent.
        OSError: it cannot be read.
    """
    sha256 = await anyio.to_thread.run_sync(_digest, file, size_bytes)
    if looks_first and await _is_there(far, settings, name, size_bytes, sha256):
        return
    etag = await _put(far, settings, name, file, size_bytes, sha256)
    found = await far.facts(name)
    if found is None:
        raise FarError(FarFault.REFUSED, "it took the object and has it not")
    if not _is_it(found, size_bytes, sha256) or (etag and found.etag != etag):
        text = f"it took the object and shows another, of {found.size_bytes} bytes"
        raise FarError(FarFault.REFUSED, text)
    if settings.verify == "read" and not await _gives(far, settings, name, size_bytes, sha256):
        raise FarError(FarFault.REFUSED, "it gives other bytes than it took")


async def _put(
    far: Far,
    settings: TargetBucketSettings,
    name: str,
    file: BinaryIO,
    size_bytes: int,
    sha256: str,
) -> str:
    attributes = {"Storage-Class": settings.storage_class} if settings.storage_class else {}
    if size_bytes <= settings.part_bytes:
        data = await anyio.to_thread.run_sync(_whole, file)
        return await far.put(name, data, sha256, attributes)
    part_bytes = max(settings.part_bytes, -(-size_bytes // MAX_PARTS))
    return await far.put_in_parts(
        name, _pieces(file), sha256, part_bytes=part_bytes, attributes=attributes
    )


async def _is_there(
    far: Far, settings: TargetBucketSettings, name: str, size_bytes: int, sha256: str
) -> bool:
    found = await far.facts(name)
    if found is None or not _is_it(found, size_bytes, sha256):
        return False
    return settings.verify != "read" or await _gives(far, settings, name, size_bytes, sha256)


def _is_it(found: FarObject, size_bytes: int, sha256: str) -> bool:
    return (found.size_bytes, found.sha256) == (size_bytes, sha256)


async def _gives(
    far: Far, settings: TargetBucketSettings, name: str, size_bytes: int, sha256: str
) -> bool:
    """Whether the bytes that are read back are those; in ranges, each within one time limit."""
    digest = hashlib.sha256()
    for start in range(0, size_bytes, settings.part_bytes):
        length = min(settings.part_bytes, size_bytes - start)
        data = await far.get_range(name, start, length)
        await anyio.to_thread.run_sync(digest.update, data)
    return digest.hexdigest() == sha256


def _digest(file: BinaryIO, size_bytes: int) -> str:
    file.seek(0)
    digest, read_bytes = hashlib.sha256(), 0
    while piece := file.read(PIECE_BYTES):
        digest.update(piece)
        read_bytes += len(piece)
    if read_bytes != size_bytes:
        raise IncompleteError(f"its file has {read_bytes} bytes instead of {size_bytes}")
    return digest.hexdigest()


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    await anyio.to_thread.run_sync(file.seek, 0)
    while piece := await anyio.to_thread.run_sync(partial(file.read, PIECE_BYTES)):
        yield piece
