"""What a crash left over, found at start: durable files that the index does not know.

Nobody was told that these are stored; but their senders may have gone, so they are kept. Such files
lie among the last ones written: those before are the work of a full check of the store.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
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

RECENT_FILES = 8_192
"""So many files that the index does know are looked past. Groups are indexed in the order of their
keys, but a file that was about to be removed may lie before others that are indexed."""

_GROUP = 64


class Records(Protocol):
    """The index, as adoption needs it."""

    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        """Index a group in one transaction."""

    async def highest_keys(self, store: str, limit: int, /) -> Sequence[str]:
        """The highest keys of a store that the index knows, the highest first."""


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
    """Index the files among the last ones that are not; before anything else is taken in.

    Raises:
        StoreError: the store cannot be listed, or a file not be removed.
        IndexFault: the index takes nothing.
    """
    known = await records.highest_keys(store_name, RECENT_FILES)
    cursor = known[-1] if len(known) == RECENT_FILES else None
    found = await _unknown(store, cursor, frozenset(known))
    adopted = Adopted(is_complete=len(found) <= MAX_FILES)
    found = found[:MAX_FILES]
    for start in range(0, len(found), _GROUP):
        await _adopt_group(store, records, found[start : start + _GROUP], adopted)
    return adopted


async def _unknown(store: BlobStore, key: str | None, known: AbstractSet[str]) -> list[Location]:
    """The files of the store behind that key which are not known, as far as they are counted."""
    found: list[Location] = []
    while len(found) <= MAX_FILES:
        page = await store.list(key)
        found += (each for each in page.locations if each.key not in known)
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
