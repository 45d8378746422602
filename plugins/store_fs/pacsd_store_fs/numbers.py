"""The rising number each object of a partition gets."""

from pathlib import Path
from threading import Lock

from pacsd_store_fs.layout import DIRECTORY_LEVELS, LEVEL_DIGITS, NUMBERS_PER_DIRECTORY, Place


class Numbers:
    """Hands out numbers that only rise, also across restarts. Used by several threads.

    The first number after a start begins a directory of its own, behind the highest there is: so
    only directory names are read, and a number is never used twice even if its object was deleted.
    """

    def __init__(self, objects: Path) -> None:
        self._objects = objects
        self._lock = Lock()
        self._next: dict[int, int] = {}

    def take(self, partition: int) -> Place:
        """The next number of a partition; the directories are read at the first one."""
        with self._lock:
            number = self._next.get(partition)
            if number is None:
                number = _after_highest(self._objects / str(partition))
            self._next[partition] = number + 1
        return Place(partition, number)

    def leave_directory(self, place: Place) -> None:
        """Never again hand out a number in the directory of `place`."""
        following = (place.number // NUMBERS_PER_DIRECTORY + 1) * NUMBERS_PER_DIRECTORY
        with self._lock:
            self._next[place.partition] = max(self._next[place.partition], following)


def _after_highest(partition: Path) -> int:
    """The first number behind the highest directory; 0 when there is none."""
    if not partition.is_dir():
        return 0
    directory = partition
    highest = 0
    for _ in range(DIRECTORY_LEVELS):
        levels = [_level(entry) for entry in directory.iterdir()] if directory.is_dir() else []
        level = max(levels, default=-1)
        if level < 0 and directory == partition:
            return 0
        # A crash may leave a directory without the ones below it: they count as made.
        highest = highest * NUMBERS_PER_DIRECTORY + max(level, 0)
        directory /= f"{max(level, 0):03x}"
    return (highest + 1) * NUMBERS_PER_DIRECTORY


def _level(entry: Path) -> int:
    """The number a directory's name stands for, -1 for a name that is none of ours."""
    try:
        return int(entry.name, 16) if len(entry.name) == LEVEL_DIGITS else -1
    except ValueError:
        return -1
