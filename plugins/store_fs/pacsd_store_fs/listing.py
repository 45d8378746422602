"""The objects of the store, in order of partition and number."""

import stat
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from pacsd.api.store import Location, ObjectPage
from pacsd_store_fs.layout import (
    DIRECTORY_LEVELS,
    SUFFIX,
    Place,
    is_file_name,
    is_level_name,
    is_partition_name,
    parse_key,
)

PAGE_OBJECTS = 1000


def list_page(store: str, objects: Path, cursor: str | None) -> ObjectPage:
    """Up to 1,000 objects after the key `cursor`; blocks, reads one directory at a time."""
    after = parse_key(cursor) if cursor else None
    keys = list(islice(_keys(objects, after), PAGE_OBJECTS))
    locations = (_location(store, objects, key) for key in keys)
    present = tuple(location for location in locations if location is not None)
    return ObjectPage(present, keys[-1] if len(keys) == PAGE_OBJECTS else None)


def _location(store: str, objects: Path, key: str) -> Location | None:
    """The object's location, None when it is no file or was deleted meanwhile."""
    try:
        found = (objects / key).lstat()
    except FileNotFoundError:
        return None
    return Location(store, key, found.st_size) if stat.S_ISREG(found.st_mode) else None


def _keys(objects: Path, after: Place | None) -> Iterator[str]:
    floor = tuple(after.key.removesuffix(SUFFIX).split("/")) if after else ()
    for name in sorted(_names(objects, is_partition_name), key=int):
        if after is None or int(name) >= after.partition:
            is_first = after is not None and int(name) == after.partition
            yield from _below(objects / name, name, floor[1:] if is_first else ())


def _below(directory: Path, prefix: str, floor: tuple[str, ...]) -> Iterator[str]:
    """Keys below a directory, only those after the names in `floor`, one per level."""
    is_lowest = prefix.count("/") == DIRECTORY_LEVELS
    for name in sorted(_names(directory, is_file_name if is_lowest else is_level_name)):
        level = name.removesuffix(SUFFIX)
        if floor and level < floor[0]:
            continue
        if not is_lowest:
            inner = floor[1:] if floor and level == floor[0] else ()
            yield from _below(directory / name, f"{prefix}/{name}", inner)
        elif not floor or level > floor[0]:
            yield f"{prefix}/{name}"


def _names(directory: Path, is_ours: Callable[[str], bool]) -> list[str]:
    """The names of the layout: `lost+found`, `.snapshot` and what somebody put there are passed."""
    try:
        return [entry.name for entry in directory.iterdir() if is_ours(entry.name)]
    except NotADirectoryError:
        return []
