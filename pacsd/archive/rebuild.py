"""An index made anew, of the files of a store and its state log alone.

Files are read several at a time but indexed by rising key, the order in which they came: who was
first under a SOP Instance UID, and which patient a study has, hangs on it. The file of a repaired
copy stands where the first one stood, and what was purged as far as the log knows it, until the log
says that it goes. A decision of the log takes its place among them: behind the last file that was
there when it was made. The files of several stores are merged: between two decisions in the order
in which they began to come.
"""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, Location
from pacsd.archive.entrances import Entrances
from pacsd.archive.identity import Unacceptable
from pacsd.archive.mirror import Mirror, together
from pacsd.archive.retelling import Decisions, merged
from pacsd.archive.state_records import StateRecord
from pacsd.archive.stored_file import read_stored
from pacsd.archive.stores import name_in_log, parts_of
from pacsd.dicom.errors import Part10Error
from pacsd.index.index import Index
from pacsd.index.records import AuditEntry, NewInstance, Outcome, Scope

FILES_AT_ONCE = 8
GROUP_FILES = 128
"""Read before any of them is indexed, and indexed in one transaction."""

ACTOR = "pacsd"

Read: TypeAlias = Callable[[Location], Awaitable[NewInstance]]
"""Reads a stored file, and knows how its instance came in."""


class Progress(Protocol):
    """Is told how a rebuild goes on, on the event loop."""

    def read(self, location: Location, /) -> None:
        """A file was read, or could not be."""

    def unreadable(self, key: str, why: str, /) -> None:
        """A file is not understood; it stays where it is. No patient's value is in `why`."""


class Clock:
    """What time it is in the index that is made: that of what is told."""

    def __init__(self) -> None:
        self.us = 0

    def __call__(self) -> int:
        """UTC microseconds."""
        return self.us


@dataclass(slots=True)
class Rebuilt:
    """What came of it: files and bytes read, what became of them, records of the log applied.

    `unreadable` are keys of files that nobody understands, of several stores with their names.
    """

    files: int = 0
    size_bytes: int = 0
    became: Counter[Outcome] = field(default_factory=Counter)
    decisions: int = 0
    unreadable: list[str] = field(default_factory=list)
    is_of_several: bool = False

    def called(self, location: Location) -> str:
        """A file as people find it."""
        return f"{location.store}: {location.key}" if self.is_of_several else location.key

    @property
    def surplus(self) -> int:
        """Files that hold what another one holds; they stay, for a check of the store to remove."""
        return self.became[Outcome.DUPLICATE] + self.became[Outcome.REFUSED_DELETED]


async def rebuild(store: BlobStore, index: Index, clock: Clock, progress: Progress) -> Rebuilt:
    """Fill a new index, whose clock is `clock` and whose quarantine has no bound.

    Raises:
        StoreError: the store cannot be listed, or its log not be read.
        StateRecordError: the log holds what is not understood.
        IndexFault: the index takes nothing.
    """
    decisions = await Decisions.of(store)
    builder = _Builder(index, Mirror(store, index, decisions.places), decisions, clock)
    builder.rebuilt.is_of_several = len(parts_of(store, "")) > 1
    async with anyio.create_task_group() as tasks, AsyncExitStack() as stack:
        streams: list[AsyncIterator[list[NewInstance]]] = []
        for name, part in parts_of(store, "").items():
            of = name_in_log(store, name)
            locations = decisions.places.in_order(store, _locations(part), of)
            files = decisions.formers.among(locations, of)
            send, receive = anyio.create_memory_object_stream[list[NewInstance]](1)
            read = partial(_read_entered, store, decisions.entrances)
            tasks.start_soon(
                _read_all, read, files, send, builder.rebuilt, progress, name="read files"
            )
            streams.append(await stack.enter_async_context(receive))
        await builder.take(streams[0] if len(streams) == 1 else merged(streams, decisions.rank))
    return builder.rebuilt


class _Builder:
    """Indexes files and decisions in the order in which they came about."""

    def __init__(self, index: Index, mirror: Mirror, decisions: Decisions, clock: Clock) -> None:
        self.rebuilt = Rebuilt(decisions=decisions.length)
        self._index = index
        self._mirror = mirror
        self._decisions = decisions
        self._clock = clock

    async def take(self, groups: AsyncIterator[list[NewInstance]]) -> None:
        """Index all there is, then what was decided last."""
        async for group in groups:
            await self._take(group)
        await self._decide(self._decisions.rest())
        await self._index.note_log_position(self._decisions.length)
        detail = f"{self.rebuilt.files} files, {self.rebuilt.decisions} decisions"
        await self._index.audit(Scope(), AuditEntry(ACTOR, "index rebuild", "done", detail=detail))

    async def _take(self, group: Sequence[NewInstance]) -> None:
        waiting: list[NewInstance] = []
        for new in group:
            due = self._decisions.before(new)
            if due:
                await self._add(waiting)
                await self._decide(due)
                waiting = []
            waiting.append(new)
        await self._add(waiting)

    async def _add(self, group: Sequence[NewInstance]) -> None:
        if group:
            self._clock.us = max(new.reception.received_at_us for new in group)
            verdicts = await self._index.add(group)
            self.rebuilt.became.update(verdict.outcome for verdict in verdicts)

    async def _decide(self, records: Sequence[StateRecord]) -> None:
        for part in together(records):
            self._clock.us = part[-1].at_us
            await self._mirror.apply(part, None)


async def _read_all(
    read: Read,
    files: AsyncGenerator[Location | NewInstance, None],
    groups: MemoryObjectSendStream[list[NewInstance]],
    rebuilt: Rebuilt,
    progress: Progress,
) -> None:
    """Read every file; groups come in the order of their places."""
    group: list[Location | NewInstance] = []
    async with groups, aclosing(files):
        async for file in files:
            group.append(file)
            if len(group) == GROUP_FILES:
                await groups.send(await _read_group(read, group, rebuilt, progress))
                group = []
        await groups.send(await _read_group(read, group, rebuilt, progress))


async def _locations(store: BlobStore) -> AsyncGenerator[Location, None]:
    cursor: str | None = None
    while True:
        page = await store.list(cursor)
        for location in page.locations:
            yield location
        cursor = page.next_cursor
        if cursor is None:
            return


async def _read_entered(
    store: BlobStore, entrances: Mapping[str, Entrances], location: Location
) -> NewInstance:
    new = await read_stored(store, location)
    theirs = entrances.get(name_in_log(store, location.store))
    # What the log says is gone is told first, and then that it goes: others came behind it.
    return new if theirs is None else theirs.entered(new) or new


async def _read_group(
    read: Read,
    files: Sequence[Location | NewInstance],
    rebuilt: Rebuilt,
    progress: Progress,
) -> list[NewInstance]:
    """The objects of files, and those that were purged, in their order."""
    found: dict[Location, NewInstance] = {}
    waiting = (each for each in files if isinstance(each, Location))

    async def read_some() -> None:
        for location in waiting:
            try:
                found[location] = await read(location)
            except (Unacceptable, Part10Error, StoreError) as error:
                rebuilt.unreadable.append(rebuilt.called(location))
                progress.unreadable(rebuilt.called(location), str(error))
            rebuilt.files += 1
            rebuilt.size_bytes += location.size_bytes
            progress.read(location)

    async with anyio.create_task_group() as tasks:
        for _ in range(FILES_AT_ONCE):
            tasks.start_soon(read_some, name="read files")
    all_read = (found.get(each) if isinstance(each, Location) else each for each in files)
    return [each for each in all_read if each is not None]
