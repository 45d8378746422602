"""Marks in the files of objects: those that are there, and the same file with others.

What stands before the marks and behind them passes as it is; of an object of any size little is in
memory, and a large one is copied by the kernel.
"""

import os
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO

from pacsd.api.coercion import NotCoerced
from pacsd.app.plugins.file_beginning import FileBeginning, read_beginning
from pacsd.dicom.errors import DicomError
from pacsd.dicom.hop_marks import Trail, encode_trail, read_trail
from pacsd.dicom.inflate import Inflater

_CHUNK_BYTES = 1024 * 1024
_LARGEST_SENT = 1 << 30
# Deflate cannot do better than 1032:1. Nothing that is inflated here is kept.
_ANY_RATIO = 1_100
_ANY_LENGTH = 1 << 62


def marks_of(file: BinaryIO) -> tuple[str, ...]:
    """The marks of an object, the oldest first; blocks.

    Raises:
        NotCoerced: it cannot be read so far.
        OSError: the file cannot be read.
    """
    return _trail(file)[1].marks


def write_marked(file: BinaryIO, target: BinaryIO, marks: Sequence[str]) -> None:
    """Write the file again, with these marks instead of those that it has; blocks.

    Raises:
        NotCoerced: it cannot be read.
        OSError: one of both fails.
    """
    beginning, trail = _trail(file)
    target.write(os.pread(file.fileno(), beginning.offset, 0))
    before = beginning.first[: trail.start] + encode_trail(trail, marks)
    if beginning.syntax.is_deflated:
        target.writelines(_deflated(before, _inflated_from(file, beginning, trail.end)))
        target.flush()
        return
    target.write(before)
    target.flush()
    at = beginning.offset + trail.end
    while at < beginning.size:
        sent = os.sendfile(target.fileno(), file.fileno(), at, _LARGEST_SENT)
        if not sent:
            raise OSError("a coerced copy has become shorter")
        at += sent


def _trail(file: BinaryIO) -> tuple[FileBeginning, Trail]:
    try:
        found = read_beginning(file)
        return found, read_trail(found.first, found.syntax, is_whole=found.is_whole)
    except DicomError as error:
        raise NotCoerced(f"it cannot be read: {error}") from error


def _inflated_from(file: BinaryIO, beginning: FileBeginning, end: int) -> Iterator[bytes]:
    """What stands behind this offset of the data set."""
    inflater, passed, at = Inflater(_ANY_LENGTH, _ANY_RATIO), 0, beginning.offset
    while chunk := os.pread(file.fileno(), _CHUNK_BYTES, at):
        at += len(chunk)
        for piece in inflater.pieces(chunk):
            yield piece[max(0, end - passed) :]
            passed += len(piece)
    if not inflater.is_complete:
        raise NotCoerced("the deflated data set is cut short (PS3.5 section A.5)")


def _deflated(before: bytes, behind: Iterator[bytes]) -> Iterator[bytes]:
    """PS3.5 section A.5, padded to even length."""
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    size = 0
    for piece in chain((before,), behind):
        some = deflater.compress(piece)
        size += len(some)
        yield some
    last = deflater.flush()
    yield last + b"\0" * ((size + len(last)) & 1)
