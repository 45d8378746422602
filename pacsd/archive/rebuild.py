"""An index made anew, of the files of a store and its state log alone.

Files are read several at a time but indexed by rising key, the order in which they came: who was
first under a SOP Instance UID, and which patient a study has, hangs on it. The file of a repaired
copy stands where the first one stood, and what was purged as far as the log knows it, until the log
says that it goes. A decision of the log takes its place among them: behind the
last file that was there when it was made.
"""

from collections import Counter, defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from pacsd.api.errors import StoreError
from pacsd.api.state_log import StateLog
from pacsd.api.store import BlobStore, Location
from pacsd.archive.entrances import Entrances
from pacsd.archive.former import Formers
from pacsd.archive.identity import Unacceptable
from pacsd.archive.mirror import Mirror, together
from pacsd.archive.places import Places
from pacsd.archive.state_records import StateRecord, decode_record
from pacsd.archive.stored_file import read_stored
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

    `unreadable` are keys of files that nobody understands.
    """

    files: int = 0
    size_bytes: int = 0
    became: Counter[Outcome] = field(default_factory=Counter)
    decisions: int = 0
    unreadable: list[str] = field(default_factory=list)

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
    decisions = await _Decisions.of(store.state_log)
    builder = _Builder(index, Mirror(store, index, decisions.places), decisions, clock)
    locations = decisions.places.in_order(store, _locations(store))
    files = decisions.formers.among(locations)
    send, receive = anyio.create_memory_object_stream[list[NewInstance]](1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(
            _read_all,
            partial(_read_entered, store, decisions.entrances),
            files,
            send,
            builder.rebuilt,
            progress,
            name="read files",
        )
        async with receive:
            await builder.take(receive)
    return builder.rebuilt


class _Decisions:
    """The records of the log that wait for their place, by partition, and the places of files."""

    def __init__(self, records: Sequence[StateRecord]) -> None:
        self.length = len(records)
        self.places = Places(records)
        self.formers = Formers(records, self.places)
        self.entrances = Entrances(records)
        self._waiting: defaultdict[int, deque[StateRecord]] = defaultdict(deque)
        for record in records:
            self._waiting[record.partition].append(record)

    @classmethod
    async def of(cls, log: StateLog) -> "_Decisions":
        return cls([decode_record(line) async for line in log.read()])

    def before(self, partition: int, key: str) -> list[StateRecord]:
        """Those that were made before the file of this key came, or the one it stands for."""
        waiting, due = self._waiting[partition], []
        place = self.places.place_of(key)
        while waiting and waiting[0].seen_key < place:
            due.append(waiting.popleft())
        return due

    def rest(self) -> list[StateRecord]:
        """All others."""
        return [record for waiting in self._waiting.values() for record in waiting]


class _Builder:
    """Indexes files and decisions in the order in which they came about."""

    def __init__(self, index: Index, mirror: Mirror, decisions: _Decisions, clock: Clock) -> None:
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
            due = self._decisions.before(new.reception.partition, new.copy.key)
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


async def _read_entered(store: BlobStore, entrances: Entrances, location: Location) -> NewInstance:
    return await entrances.enter(await read_stored(store, location))


async def _read_group(
    read: Read,
    files: Sequence[Location | NewInstance],
    rebuilt: Rebuilt,
    progress: Progress,
) -> list[NewInstance]:
    """The objects of files, and those that were purged, in their order."""
    found: dict[str, NewInstance] = {}
    waiting = (each for each in files if isinstance(each, Location))

    async def read_some() -> None:
        for location in waiting:
            try:
                found[location.key] = await read(location)
            except (Unacceptable, Part10Error, StoreError) as error:
                rebuilt.unreadable.append(location.key)
                progress.unreadable(location.key, str(error))
            rebuilt.files += 1
            rebuilt.size_bytes += location.size_bytes
            progress.read(location)

    async with anyio.create_task_group() as tasks:
        for _ in range(FILES_AT_ONCE):
            tasks.start_soon(read_some, name="read files")
    all_read = (found.get(each.key) if isinstance(each, Location) else each for each in files)
    return [each for each in all_read if each is not None]
