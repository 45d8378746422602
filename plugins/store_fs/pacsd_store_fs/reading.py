"""Reading committed objects; every function blocks."""

import os
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import ByteRange, Location, ObjectStat
from pacsd_store_fs.health import store_error
from pacsd_store_fs.layout import parse_key

_US_PER_NS = 1000


def path_of(objects: Path, key: str) -> Path:
    """The file of a key; raises StoreError for a text that is not a key of this store."""
    if parse_key(key) is None:
        raise StoreError(StoreFault.NOT_FOUND, "not a key of this store")
    return objects / key


PIECE_BYTES = 1024 * 1024
"""The longest piece in which an object is read."""


class Reading:
    """An object on its way out, piece by piece; all methods block.

    A small one is opened, read and closed at once: three calls for one hop to a thread.
    """

    def __init__(self, path: Path, ranges: Sequence[ByteRange] | None) -> None:
        self._path = path
        self._wanted = ranges
        self._left: deque[ByteRange] = deque()
        self._descriptor: int | None = None
        self.is_over = False

    def next_piece(self) -> bytes:
        """Up to PIECE_BYTES; b"" only of an object, or ranges, without any.

        Raises:
            StoreError: there is no such object or range, or it cannot be read.
        """
        descriptor = self._opened()
        piece = self._read(descriptor, self._left[0]) if self._left else b""
        if not self._left:
            self.close()
        return piece

    def close(self) -> None:
        """Read no more. Idempotent."""
        descriptor, self._descriptor = self._descriptor, None
        self.is_over = True
        if descriptor is not None:
            os.close(descriptor)

    def _opened(self) -> int:
        if self._descriptor is None:
            self._descriptor = _open(self._path)
            size_bytes = os.fstat(self._descriptor).st_size
            ranges = (ByteRange(0, size_bytes),) if self._wanted is None else self._wanted
            _check(ranges, size_bytes)
            self._left.extend(each for each in ranges if each.length_bytes)
        return self._descriptor

    def _read(self, descriptor: int, wanted: ByteRange) -> bytes:
        size_bytes = min(PIECE_BYTES, wanted.length_bytes)
        piece = _read_piece(descriptor, wanted.offset_bytes, size_bytes)
        self._left.popleft()
        left_bytes = wanted.length_bytes - len(piece)
        if left_bytes:
            self._left.appendleft(ByteRange(wanted.offset_bytes + len(piece), left_bytes))
        return piece


def read_together(
    objects: Path, wanted: Sequence[tuple[Location, ByteRange]]
) -> list[bytes | StoreError]:
    """A range of each object, or why it cannot be read."""
    return [_read_range(objects, location.key, part) for location, part in wanted]


def _read_range(objects: Path, key: str, part: ByteRange) -> bytes | StoreError:
    try:
        reading = Reading(path_of(objects, key), (part,))
        with closing(reading):
            pieces = []
            while not reading.is_over:
                pieces.append(reading.next_piece())
            return b"".join(pieces)
    except StoreError as error:
        return error


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise StoreError(StoreFault.NOT_FOUND, "no such object") from error
    except OSError as error:
        raise store_error("open", error) from error


def _check(ranges: Sequence[ByteRange], size_bytes: int) -> None:
    for wanted in ranges:
        end_bytes = wanted.offset_bytes + wanted.length_bytes
        if min(wanted.offset_bytes, wanted.length_bytes) < 0 or end_bytes > size_bytes:
            raise StoreError(StoreFault.OUT_OF_RANGE, f"{wanted} of {size_bytes} bytes")


def _read_piece(descriptor: int, offset_bytes: int, length_bytes: int) -> bytes:
    """Up to `length_bytes`, at least one."""
    try:
        piece = os.pread(descriptor, length_bytes, offset_bytes)
    except OSError as error:
        raise store_error("read", error) from error
    if not piece:
        raise StoreError(StoreFault.INPUT_OUTPUT, "read: the file became shorter")
    return piece


def open_object(path: Path) -> BinaryIO:
    """An object's file, to be read; StoreError: there is none, or it cannot be opened."""
    return os.fdopen(_open(path), "rb")


def stat_object(path: Path) -> ObjectStat | None:
    """Size and time of an object, None when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise store_error("stat", error) from error
    return ObjectStat(found.st_size, found.st_mtime_ns // _US_PER_NS)
