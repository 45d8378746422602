"""Files written so that a power cut leaves them whole under their name, or not there. All blocks.

A file is written below `.incoming` in the same folder, flushed, and only then given its name.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import BinaryIO

INCOMING = ".incoming"
LEFT_OVER_AFTER_S = 24 * 3_600.0
"""What is older there is what a crash left."""

_PIECE_BYTES = 1024 * 1024
_RANDOM_BYTES = 16


class Incomplete(Exception):
    """A file is not as long as it is said to be."""


def write(source: BinaryIO, size_bytes: int, root: Path, place: PurePosixPath) -> None:
    """Write a file and flush it; `source` is closed. One that is there with these bytes stays.

    It has its name for good once `sync_folders` has returned, too.

    Raises:
        OSError: it cannot be written.
        Incomplete: the source is not `size_bytes` long.
    """
    path = root / place
    with source:
        if not _is_there(source, path):
            source.seek(0)
            part = _incoming(root) / f"{token_hex(_RANDOM_BYTES)}.part"
            try:
                _copy(source, size_bytes, part)
                path.parent.mkdir(parents=True, exist_ok=True)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)


def sync_folders(root: Path, places: Iterable[PurePosixPath]) -> None:
    """Have the names of files survive a power cut, and those of the folders they lie in.

    Raises:
        OSError: a folder cannot be flushed.
    """
    folders = {parent for place in places for parent in place.parents}
    for folder in sorted(folders, reverse=True):
        _sync(root / folder, os.O_RDONLY | os.O_DIRECTORY)


def remove_left_over(root: Path) -> int:
    """Remove what a crash left below `.incoming`, and say how many files that were.

    Raises:
        OSError: it cannot be looked through.
    """
    found = 0
    for part in (root / INCOMING).glob("*.part"):
        if time.time() - part.stat().st_mtime > LEFT_OVER_AFTER_S:
            part.unlink(missing_ok=True)
            found += 1
    return found


def _incoming(root: Path) -> Path:
    folder = root / INCOMING
    folder.mkdir(exist_ok=True)  # not its parents: a root that is gone is not made
    return folder


def _copy(source: BinaryIO, size_bytes: int, part: Path) -> None:
    with part.open("xb") as file:
        written = 0
        while piece := source.read(_PIECE_BYTES):
            written += file.write(piece)
        if written != size_bytes:
            raise Incomplete(f"its file has {written} bytes instead of {size_bytes}")
        file.flush()
        os.fsync(file.fileno())


def _is_there(source: BinaryIO, path: Path) -> bool:
    """Whether a file has the bytes of another; then it is flushed: whoever wrote it may not have.

    A file that cannot be read or is none is written anew, or that says what is wrong.
    """
    try:
        with path.open("rb") as there:
            while (piece := source.read(_PIECE_BYTES)) == there.read(_PIECE_BYTES):
                if not piece:
                    os.fsync(there.fileno())
                    return True
    except OSError:
        return False
    return False


def _sync(path: Path, flags: int) -> None:
    opened = os.open(path, flags)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
