"""Data sets to be sent, as asynchronous buffers: read from a file, re-encoded on the way.

What blocks or computes runs in a worker thread. Never more than a few chunks exist at once.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from pathlib import Path
from typing import BinaryIO

from anyio import to_thread

from pacsd.dicom.headers import Buffer
from pacsd.dicom.reencode import Reencoder

CHUNK_BYTES = 262_144
"""How much is read, and handed on, at once: an even number."""


async def read_file(path: Path, offset: int) -> AsyncGenerator[bytes, None]:
    """The data set of a file, from `offset` to its end.

    Raises:
        OSError: the file cannot be read.
    """
    file, chunk = await to_thread.run_sync(_open, path, offset)
    try:
        while chunk:
            yield chunk
            chunk = await to_thread.run_sync(file.read, CHUNK_BYTES)
    finally:
        file.close()


async def reencode(
    data_set: AsyncIterable[Buffer], reencoder: Reencoder
) -> AsyncGenerator[bytes, None]:
    """The same data set in another Transfer Syntax.

    Raises:
        DicomError: it cannot be had in that; some of it may have been given by then.
    """
    gathered = bytearray()
    async for data in data_set:
        pieces = reencoder.feed(data)
        while await to_thread.run_sync(_gather, pieces, gathered):
            yield _take_even(gathered)
    pieces = reencoder.finish()
    while await to_thread.run_sync(_gather, pieces, gathered):
        yield _take_even(gathered)
    if gathered:
        yield bytes(gathered)


async def pad(data_set: AsyncIterable[Buffer]) -> AsyncGenerator[Buffer, None]:
    """The same data set, deflated, with even length (PS3.5 section A.5)."""
    async for data in data_set:  # only the last can be odd
        yield bytes(data) + b"\0" if len(data) % 2 else data


def _open(path: Path, offset: int) -> tuple[BinaryIO, bytes]:
    """The open file and its first chunk: many files are no longer, and one thread hop is enough."""
    file = path.open("rb")
    try:
        file.seek(offset)
        return file, file.read(CHUNK_BYTES)
    except BaseException:
        file.close()
        raise


def _gather(pieces: Iterator[Buffer], gathered: bytearray) -> bool:
    """Gather pieces up to a chunk; False when they are at their end before it is full."""
    for piece in pieces:
        gathered += piece
        if len(gathered) >= CHUNK_BYTES:
            return True
    return False


def _take_even(gathered: bytearray) -> bytes:
    """All of it but an odd last byte (PS3.8 annex E.1)."""
    even = len(gathered) & ~1
    taken = bytes(gathered[:even])
    del gathered[:even]
    return taken
