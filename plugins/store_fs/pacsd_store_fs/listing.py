"""The objects of the store, in order of partition and number."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pacsd.api.store import Location, ObjectPage
from pacsd_store_fs.layout import DIRECTORY_LEVELS, SUFFIX, Place, parse_key

PAGE_OBJECTS = 1000


def list_page(store: str, objects: Path, cursor: str | None) -> ObjectPage:
    """Up to 1,000 objects after the key `cursor`; blocks, reads one directory at a time."""
    after = parse_key(cursor) if cursor else None
    keys = list(islice(_keys(objects, after), PAGE_OBJECTS))
    locations = (_location(store, objects, key) for key in keys)
    present = tuple(location for location in locations if location is not None)
    return ObjectPage(present, keys[-1] if len(keys) == PAGE_OBJECTS else None)


def _location(store: str, objects: Path, key: str) -> Location | None:
    """The object's location, None when it was deleted since its directory was read."""
    try:
        return Location(store, key, (objects / key).stat().st_size)
    except FileNotFoundError:
        return None


def _keys(objects: Path, after: Place | None) -> Iterator[str]:
    floor = tuple(after.key.removesuffix(SUFFIX).split("/")) if after else ()
    for partition in sorted(objects.iterdir(), key=lambda path: (len(path.name), path.name)):
        if after is None or int(partition.name) >= after.partition:
            is_first = after is not None and int(partition.name) == after.partition
            yield from _below(partition, partition.name, floor[1:] if is_first else ())


def _below(directory: Path, prefix: str, floor: tuple[str, ...]) -> Iterator[str]:
    """Keys below a directory, only those after the names in `floor`, one per level."""
    depth = prefix.count("/")
    for name in sorted(entry.name for entry in directory.iterdir()):
        level = name.removesuffix(SUFFIX)
        if floor and level < floor[0]:
            continue
        if depth < DIRECTORY_LEVELS:
            inner = floor[1:] if floor and level == floor[0] else ()
            yield from _below(directory / name, f"{prefix}/{name}", inner)
        elif not floor or level > floor[0]:
            yield f"{prefix}/{name}"
