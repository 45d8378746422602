"""The folder of the index in the data directory, and how one made anew takes its place.

    index                       the one in use
    index.rebuilding            one that is being made; of no use to anybody else
    index.rebuilt               one that is complete: it will be the one in use
    index.before-rebuild-TIME   one that was in use before; the operator's to remove

Everything here blocks and needs the data directory's lock.
"""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from pacsd.index.checking import stores_of
from pacsd.index.index import INDEX_FILE

FOLDER = "index"
_UNFINISHED = "index.rebuilding"
_COMPLETE = "index.rebuilt"
_BEFORE = "index.before-rebuild"


def settled(data_dir: Path) -> Path:
    """The folder of the index, made if need be; ends what a crash left half done."""
    _swap(data_dir)
    _remove_unfinished(data_dir)
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def is_there(data_dir: Path) -> bool:
    """Whether there is an index, in use or made anew."""
    return (data_dir / FOLDER / INDEX_FILE).exists() or (data_dir / _COMPLETE).exists()


def stores_in_use(data_dir: Path) -> frozenset[str] | None:
    """The stores in which the index knows files; None: there is none that can be read."""
    path = data_dir / FOLDER / INDEX_FILE
    return stores_of(path) if path.exists() else None


def begin(data_dir: Path) -> Path:
    """An empty folder for an index that is to be made."""
    _remove_unfinished(data_dir)
    folder = data_dir / _UNFINISHED
    folder.mkdir(mode=0o700)
    return folder


def complete(data_dir: Path) -> Path | None:
    """Put the index that was made in place; where the one before is now, None: there was none.

    At any instant the data directory says which of the two is to be used.
    """
    unfinished = data_dir / _UNFINISHED
    for path in (*unfinished.iterdir(), unfinished):
        _sync(path)
    unfinished.rename(data_dir / _COMPLETE)
    _sync(data_dir)
    return _swap(data_dir)


def _swap(data_dir: Path) -> Path | None:
    """Put a complete index in place, if there is one."""
    rebuilt, folder = data_dir / _COMPLETE, data_dir / FOLDER
    if not rebuilt.exists():
        return None
    before = None
    if folder.exists():
        before = next(each for each in _names(data_dir) if not each.exists())
        folder.rename(before)
        _sync(data_dir)
    rebuilt.rename(folder)
    _sync(data_dir)
    return before


def _names(data_dir: Path) -> Iterator[Path]:
    first = f"{_BEFORE}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    yield data_dir / first
    yield from (data_dir / f"{first}-{number}" for number in count(2))


def _remove_unfinished(data_dir: Path) -> None:
    unfinished = data_dir / _UNFINISHED
    if unfinished.exists():
        shutil.rmtree(unfinished)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
