"""The data directory: made if need be, and locked by the one daemon that writes to it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_NAME = "lock"


class DataDirError(Exception):
    """The data directory cannot be used; the text says why."""


@contextmanager
def locked(path: Path) -> Iterator[Path]:
    """Hold the data directory; gives its absolute path.

    The lock goes with the process, however that ends.

    Raises:
        DataDirError: it cannot be made or opened, or another daemon holds it.
    """
    absolute = path.absolute()
    try:
        absolute.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(absolute / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirError(f"data_dir = {absolute}: {error.strerror}") from error
    try:
        _lock(descriptor, absolute)
        yield absolute
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        raise DataDirError(
            f"data_dir = {path}: another pacsd (process {holder or 'unknown'}) uses it"
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
