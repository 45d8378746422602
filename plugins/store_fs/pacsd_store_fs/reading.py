"""Reading committed objects; every function blocks."""

import os
from collections.abc import Sequence
from pathlib import Path

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import ByteRange, ObjectStat
from pacsd_store_fs.health import store_error
from pacsd_store_fs.layout import parse_key

_US_PER_NS = 1000


def path_of(objects: Path, key: str) -> Path:
    """The file of a key; raises StoreError for a text that is not a key of this store."""
    if parse_key(key) is None:
        raise StoreError(StoreFault.NOT_FOUND, "not a key of this store")
    return objects / key


def open_object(path: Path, ranges: Sequence[ByteRange] | None) -> tuple[int, Sequence[ByteRange]]:
    """A descriptor and the ranges to read, the whole object when None were given."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise StoreError(StoreFault.NOT_FOUND, "no such object") from error
    except OSError as error:
        raise store_error("open", error) from error
    size_bytes = os.fstat(descriptor).st_size
    if ranges is None:
        return descriptor, (ByteRange(0, size_bytes),)
    for wanted in ranges:
        end_bytes = wanted.offset_bytes + wanted.length_bytes
        if min(wanted.offset_bytes, wanted.length_bytes) < 0 or end_bytes > size_bytes:
            os.close(descriptor)
            raise StoreError(StoreFault.OUT_OF_RANGE, f"{wanted} of {size_bytes} bytes")
    return descriptor, ranges


def read_piece(descriptor: int, offset_bytes: int, length_bytes: int) -> bytes:
    """Up to `length_bytes`, at least one; raises StoreError when the file ends or fails."""
    try:
        piece = os.pread(descriptor, length_bytes, offset_bytes)
    except OSError as error:
        raise store_error("read", error) from error
    if not piece:
        raise StoreError(StoreFault.INPUT_OUTPUT, "read: the file became shorter")
    return piece


def stat_object(path: Path) -> ObjectStat | None:
    """Size and time of an object, None when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise store_error("stat", error) from error
    return ObjectStat(found.st_size, found.st_mtime_ns // _US_PER_NS)
