"""Numbers and keys. A key is the path of an object below `objects`, made from a number of ours.

Number 0x00a01f of partition 1 is `1/000/000/00a/01f.dcm`: three hexadecimal digits to a level, so
a directory holds 4,096 consecutive objects, or 4,096 directories.
"""

import re
from typing import NamedTuple

NUMBERS_PER_DIRECTORY = 4096
DIRECTORY_LEVELS = 3
LEVEL_DIGITS = 3
SUFFIX = ".dcm"

_LEVEL_BITS = 12
_LEVEL_MASK = NUMBERS_PER_DIRECTORY - 1
_PARTITION = re.compile(r"[1-9][0-9]{0,8}")
_LEVEL = re.compile(r"[0-9a-f]{3}")
_FILE = re.compile(r"[0-9a-f]{3}\.dcm")
_KEY = re.compile(r"([1-9][0-9]{0,8})/([0-9a-f]{3})/([0-9a-f]{3})/([0-9a-f]{3})/([0-9a-f]{3})\.dcm")


class Place(NamedTuple):
    """A partition and a number in it; compares in the order objects are listed."""

    partition: int
    number: int

    @property
    def directory(self) -> str:
        """The directory below `objects` in which the object lies."""
        shifts = range(DIRECTORY_LEVELS * _LEVEL_BITS, 0, -_LEVEL_BITS)
        levels = (f"{self.number >> shift & _LEVEL_MASK:03x}" for shift in shifts)
        return "/".join((str(self.partition), *levels))

    @property
    def key(self) -> str:
        """The path of the object below `objects`."""
        return f"{self.directory}/{self.number & _LEVEL_MASK:03x}{SUFFIX}"


def parse_key(key: str) -> Place | None:
    """The place a key names; None for any text that is not a key, such as a way out."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    partition, *levels = match.groups()
    return Place(int(partition), int("".join(levels), 16))


def is_partition_name(name: str) -> bool:
    """Whether a directory of this name in `objects` is a partition's."""
    return _PARTITION.fullmatch(name) is not None


def is_level_name(name: str) -> bool:
    """Whether a directory of this name below a partition is one of ours."""
    return _LEVEL.fullmatch(name) is not None


def is_file_name(name: str) -> bool:
    """Whether a file of this name on the lowest level is an object."""
    return _FILE.fullmatch(name) is not None
