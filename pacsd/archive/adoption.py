"""What a crash left over, found at start: durable files that the index does not know.

Nobody was told that these are stored; but their senders may have gone, so they are kept. Such files
lie among the last ones written: those before are the work of a full check of the store.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, Location
from pacsd.archive.admittance import Decide
from pacsd.archive.entrances import AskedAgain, Enter, Entrances
from pacsd.archive.identity import Unacceptable
from pacsd.archive.pace import Pace
from pacsd.archive.reading_back import ReadBack
from pacsd.archive.register import Register
from pacsd.archive.seen import SeenKeys
from pacsd.archive.stored_file import read_stored
from pacsd.archive.stores import name_in_log, parts_of
from pacsd.dicom.errors import Part10Error
from pacsd.index.records import Copy, CopyState, NewInstance, Verdict

MAX_FILES = 4_096
"""More than these are not looked at: an index that lacks so many files is not the store's."""

RECENT_FILES = 8_192
"""So many files that the index does know are looked past. Groups are indexed in the order of their
keys, but a file that was about to be removed may lie before others that are indexed."""

GROUP_FILES = 64
"""So many files are indexed together."""


@dataclass(slots=True)
class Adopted:
    """What was found: files indexed now, files removed, and files that nobody understands.

    `kept` were left: the index has no use for them, but what it has instead is not there, or bad.
    `stuck` the store does not remove, though it was decided that they go.
    `is_complete` is false when there were more than anybody looked at.
    """

    indexed: int = 0
    removed: int = 0
    kept: int = 0
    stuck: int = 0
    unreadable: int = 0
    is_complete: bool = True


class Fate(Enum):
    """What became of a file that the index did not know."""

    INDEXED = auto()
    REMOVED = auto()
    KEPT = auto()
    """The index has no use for it, but it may not be removed."""
    STUCK = auto()
    """It was decided that it goes, but the store does not remove it now."""
    UNREADABLE = auto()
    GONE = auto()


MayRemove = Callable[[NewInstance, Verdict], Awaitable[bool]]
"""Whether a file may be removed that the index has no use for."""


async def is_kept_elsewhere(
    stores: Collection[str],
    read_back: Callable[[Copy], Awaitable[CopyState]],
    new: NewInstance,
    verdict: Verdict,
) -> bool:
    """Whether what the index has instead of a file is the same data set, good, and in `stores`."""
    twin = twin_of(verdict)
    return (
        twin is not None
        and twin.sha256 == new.copy.sha256
        and twin.location.store in stores
        and await read_back(twin) is CopyState.OK
    )


def twin_of(verdict: Verdict) -> Copy | None:
    """What the index has instead of a file that it has no use for."""
    return verdict.version or verdict.existing


async def adopt_group(
    store: BlobStore,
    register: Register,
    locations: Sequence[Location],
    taking_in: anyio.Lock,
    may_remove: MayRemove,
    enter: Enter,
) -> list[Fate]:
    """Index files in one transaction and remove those that are not needed; each one's fate.

    `enter` says how the instances come in; those that do not, as it was decided, are removed.

    Whoever removes files that the index does not name holds `taking_in`, too.

    Raises:
        StoreError: a file cannot be removed.
        IndexFault: the index takes nothing.
    """
    read = [await _read(store, location) for location in locations]
    async with taking_in:
        entered = [await _entered(store, each, enter) for each in read]
        found = [await _still_there(store, each) for each in entered]
        verdicts = iter(await register.add([new for new in found if isinstance(new, NewInstance)]))
    return [
        await _clear_up(store, new, next(verdicts), may_remove)
        if isinstance(new, NewInstance)
        else new
        for new in found
    ]


async def _read(store: BlobStore, location: Location) -> NewInstance | Fate:
    try:
        return await read_stored(store, location)
    except StoreError as error:
        return Fate.GONE if error.fault is StoreFault.NOT_FOUND else Fate.UNREADABLE
    except (Unacceptable, Part10Error):
        return Fate.UNREADABLE


async def _entered(store: BlobStore, read: NewInstance | Fate, enter: Enter) -> NewInstance | Fate:
    if isinstance(read, Fate):
        return read
    new = await enter(read)
    if new is not None:
        return new
    try:
        await store.delete(read.copy.location)
    except StoreError:
        return Fate.STUCK
    return Fate.REMOVED


async def _still_there(store: BlobStore, read: NewInstance | Fate) -> NewInstance | Fate:
    if isinstance(read, NewInstance) and await store.stat(read.copy.location) is None:
        return Fate.GONE
    return read


async def _clear_up(
    store: BlobStore, new: NewInstance, verdict: Verdict, may_remove: MayRemove
) -> Fate:
    if verdict.removable is not None:
        await store.delete(verdict.removable)
    if verdict.keeps_file:
        return Fate.INDEXED
    if not await may_remove(new, verdict):
        return Fate.KEPT
    await store.delete(new.copy.location)
    return Fate.REMOVED


async def adopt(
    store: BlobStore, store_name: str, register: Register, decide: Decide | None = None
) -> Adopted:
    """Index the files among the last ones that are not; before anything else is taken in.

    Of several stores together, in each of them. `decide` is asked about those of which the state
    log does not say how they come in.

    Raises:
        StoreError: the store cannot be listed, or a file not be removed.
        IndexFault: the index takes nothing.
    """
    adopted, names = Adopted(), tuple(parts_of(store, store_name))
    taking_in, read_back = anyio.Lock(), ReadBack(store, Pace(None))
    may_remove = partial(is_kept_elsewhere, names, read_back)

    async def highest(name: str, _: int) -> str:
        return next(iter(await register.highest_keys(name, 1)), "")

    seen = SeenKeys(store, store_name, highest)
    for name in names:
        found = await _left_over(store, name, register)
        adopted.is_complete = adopted.is_complete and len(found) <= MAX_FILES
        found = found[:MAX_FILES]
        enter = await _enter(store, name, found, decide, seen)
        for start in range(0, len(found), GROUP_FILES):
            group = found[start : start + GROUP_FILES]
            fates = Counter(await adopt_group(store, register, group, taking_in, may_remove, enter))
            adopted.indexed += fates[Fate.INDEXED]
            adopted.removed += fates[Fate.REMOVED]
            adopted.kept += fates[Fate.KEPT]
            adopted.stuck += fates[Fate.STUCK]
            adopted.unreadable += fates[Fate.UNREADABLE]
    return adopted


async def _left_over(store: BlobStore, name: str, register: Register) -> list[Location]:
    """What one of the stores has that the index does not know, among its last files."""
    known = await register.highest_keys(name, RECENT_FILES)
    cursor = known[-1] if len(known) == RECENT_FILES else None
    return await _unknown(parts_of(store, name)[name], cursor, frozenset(known))


async def _enter(
    store: BlobStore, name: str, found: Sequence[Location], decide: Decide | None, seen: SeenKeys
) -> Enter:
    """How what was found in a store comes in."""
    log, in_log = store.state_log, name_in_log(store, name)
    entrances = await Entrances.among(log, {each.key for each in found}, in_log)
    if decide is None:
        return entrances.enter
    return AskedAgain(entrances, decide, log, store=in_log, behind=seen.behind).enter


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
