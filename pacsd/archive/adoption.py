"""What a crash left over, found at start: durable files that the index does not know.

Nobody was told that these are stored; but their senders may have gone, so they are kept. Only the
files behind the last one indexed can be such, and of these there are few: a full check of the
store is the work of others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, Location
from pacsd.archive.identity import Unacceptable
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.errors import Part10Error
from pacsd.index.records import NewInstance, Verdict

MAX_FILES = 4_096
"""More than these are not looked at: an index that lacks so many files is not the store's."""

_GROUP = 64


class Records(Protocol):
    """The index, as adoption needs it."""

    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        """Index a group in one transaction."""

    async def last_key(self, store: str, /) -> str | None:
        """The highest key of a store that the index knows, None when there is none."""


@dataclass(slots=True)
class Adopted:
    """What was found: files indexed now, files removed, and files that nobody understands.

    `is_complete` is false when there were more than anybody looked at.
    """

    indexed: int = 0
    removed: int = 0
    unreadable: int = 0
    is_complete: bool = True


async def adopt(store: BlobStore, store_name: str, records: Records) -> Adopted:
    """Index the files behind the last one indexed; before anything else is taken in.

    Raises:
        StoreError: the store cannot be listed, or a file not be removed.
        IndexFault: the index takes nothing.
    """
    found = await _behind(store, await records.last_key(store_name))
    adopted = Adopted(is_complete=len(found) <= MAX_FILES)
    found = found[:MAX_FILES]
    for start in range(0, len(found), _GROUP):
        await _adopt_group(store, records, found[start : start + _GROUP], adopted)
    return adopted


async def _behind(store: BlobStore, key: str | None) -> list[Location]:
    """The files of the store behind that key, as far as they are counted."""
    found: list[Location] = []
    while len(found) <= MAX_FILES:
        page = await store.list(key)
        found += page.locations
        key = page.next_cursor
        if key is None:
            break
    return found


async def _adopt_group(
    store: BlobStore, records: Records, locations: Sequence[Location], adopted: Adopted
) -> None:
    group: list[NewInstance] = []
    for location in locations:
        try:
            group.append(await read_stored(store, location))
        except (Unacceptable, Part10Error, StoreError):
            adopted.unreadable += 1
    for new, verdict in zip(group, await records.add(group), strict=True):
        if verdict.keeps_file:
            adopted.indexed += 1
            continue
        await store.delete(new.copy.location)
        adopted.removed += 1
