"""The lines of the ledger: what is known to be so, one fact each."""

from dataclasses import dataclass
from typing import TypeAlias

from pacsd_store_s3.keys import is_key

UNKNOWN_FLOOR = "~"
"""Sorts behind every key."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The far store has this object: that was looked at."""

    key: str
    size_bytes: int
    modified_at_us: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """The object is gone for everybody; the far store may still have it."""

    key: str


@dataclass(frozen=True, slots=True)
class Removed:
    """What was deleted is gone from the far store, too."""

    key: str


@dataclass(frozen=True, slots=True)
class Copied:
    """The spool has a copy, fetched from the far store, under this key of its own."""

    key: str
    spool_key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Floor:
    """Of all uploaded objects with a key above this one the ledger tells."""

    key: str


Entry: TypeAlias = Uploaded | Deleted | Removed | Copied | Floor


def encode(entry: Entry) -> str:
    """An entry as a line."""
    match entry:
        case Uploaded(key, size_bytes, modified_at_us):
            return f"uploaded {key} {size_bytes} {modified_at_us}"
        case Deleted(key):
            return f"deleted {key}"
        case Removed(key):
            return f"removed {key}"
        case Copied(key, spool_key, size_bytes):
            return f"copied {key} {spool_key} {size_bytes}"
        case Floor(key):
            return f"floor {key}" if key else "floor"


def decode(line: str) -> Entry | None:
    """The entry of a line, None for one that is none."""
    match line.split(" "):
        case ["uploaded", key, size, modified] if is_key(key) and _are_numbers(size, modified):
            return Uploaded(key, int(size), int(modified))
        case ["deleted", key] if is_key(key):
            return Deleted(key)
        case ["removed", key] if is_key(key):
            return Removed(key)
        case ["copied", key, spool_key, size] if is_key(key) and _are_numbers(size):
            return Copied(key, spool_key, int(size))
        case ["floor"]:
            return Floor("")
        case ["floor", key]:
            return Floor(key)
    return None


def _are_numbers(*texts: str) -> bool:
    return all(text.isascii() and text.isdigit() for text in texts)
