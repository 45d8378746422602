"""Group commit: staged objects gathered, made durable and indexed together, without any timer.

An idle committer commits at once; what arrives meanwhile is the next group. While a group is
written into the index, the next one is already being flushed to the store.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel

from pacsd.api.crashpoints import crashpoint
from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, Location, Staged
from pacsd.archive.handover import Handover
from pacsd.archive.precedence import Precedence
from pacsd.archive.register import Register
from pacsd.archive.unsettled import Unsettled
from pacsd.index.records import NewInstance, Verdict

Describe = Callable[[Location], NewInstance]
"""What the index shall know of an object, once it has a location."""


@dataclass(frozen=True, slots=True)
class _Durable:
    """What of a group the store keeps."""

    entries: list["_Entry"]
    locations: list[Location]


@dataclass(slots=True, eq=False)
class _Entry:
    """One object that waits for its group."""

    staged: Staged
    data_set_bytes: int
    describe: Describe
    is_done: anyio.Event = field(default_factory=anyio.Event)
    result: Verdict | Exception | None = None


class Committer:
    """Commits groups of at most `max_objects`, and of `max_bytes` unless one object is larger.

    At most as many objects wait as are open: they are on disk, or small ones with the store.
    `dispose` is given each file that the index has no use for, `after_group` runs after that; both
    once the answers of a group are given. Files of groups that the index failed go to `unsettled`,
    which is settled before another group is made durable or indexed.
    """

    def __init__(
        self,
        store: BlobStore,
        register: Register,
        *,
        max_objects: int,
        max_bytes: int,
        precedence: Precedence,
        unsettled: Unsettled,
        dispose: Callable[[Location], Awaitable[None]],
        after_group: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._register = register
        self._max_objects = max_objects
        self._max_bytes = max_bytes
        self._precedence = precedence
        self._unsettled = unsettled
        self._dispose = dispose
        self._after_group = after_group
        self._waiting: deque[_Entry] = deque()
        self._has_work = anyio.Event()
        self._is_stopped = False

    @property
    def waiting_objects(self) -> int:
        """Objects whose group has not begun."""
        return len(self._waiting)

    async def run(self) -> None:
        """Commit until cancelled; a group that has begun is finished, who waits is refused."""
        durable = Handover[_Durable]()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._index_groups, durable, name="ingest: index groups")
            try:
                await self._flush_groups(durable)
            finally:
                durable.close()

    async def commit(self, staged: Staged, data_set_bytes: int, describe: Describe) -> Verdict:
        """Join the next group; returns once the object is durable and indexed.

        Cancelled before its group begins, the object leaves the queue, still staged; cancelled
        later, it first waits for the group to end.

        Raises:
            StoreError: it is not kept.
            IndexFault: it may be kept, but is not indexed.
        """
        if self._is_stopped:
            raise StoreError(StoreFault.STOPPED, "ingest ended")
        entry = _Entry(staged, data_set_bytes, describe)
        self._waiting.append(entry)
        self._has_work.set()
        try:
            with self._precedence.storing():
                await entry.is_done.wait()
        except anyio.get_cancelled_exc_class():
            await self._withdraw(entry)
            raise
        if isinstance(entry.result, Verdict):
            return entry.result
        raise entry.result or AssertionError("settled without a result")

    async def _withdraw(self, entry: _Entry) -> None:
        if entry in self._waiting:
            self._waiting.remove(entry)
            return
        with anyio.CancelScope(shield=True):
            await entry.is_done.wait()

    async def _flush_groups(self, durable: Handover[_Durable]) -> None:
        try:
            while True:
                await self._has_work.wait()
                self._has_work = anyio.Event()
                while self._waiting:
                    group = self._next_group()
                    with anyio.CancelScope(shield=True):
                        await self._flush(group, durable)
                    await anyio.lowlevel.checkpoint_if_cancelled()
        finally:
            self._is_stopped = True
            for entry in self._waiting:
                _answer(entry, StoreError(StoreFault.STOPPED, "ingest ended"))
            self._waiting.clear()

    def _next_group(self) -> list[_Entry]:
        group = [self._waiting.popleft()]
        total_bytes = group[0].data_set_bytes
        while self._waiting and len(group) < self._max_objects:
            total_bytes += self._waiting[0].data_set_bytes
            if total_bytes > self._max_bytes:
                break
            group.append(self._waiting.popleft())
        return group

    async def _flush(self, group: list[_Entry], durable: Handover[_Durable]) -> None:
        """Make a group durable; who is not is answered, the others go on to the index."""
        try:
            # While the index fails no file is made that it would not take.
            await self._unsettled.settle()
            results = await self._ask_store(group)
        except Exception as bug:  # noqa: BLE001 - raised again by every `commit` that waits
            results = [bug] * len(group)
        kept = _Durable([], [])
        for entry, result in zip(group, results, strict=True):
            if isinstance(result, Location):
                kept.entries.append(entry)
                kept.locations.append(result)
            else:
                _answer(entry, result)
        if kept.entries:
            await self._hand_on(kept, durable)
        else:
            await self._after_group()

    async def _hand_on(self, kept: _Durable, durable: Handover[_Durable]) -> None:
        try:
            await durable.give(kept)
        except anyio.BrokenResourceError:
            # The half that indexes has died: nobody else answers these. Their files stay.
            for entry in kept.entries:
                _answer(entry, StoreError(StoreFault.STOPPED, "ingest ended"))
            raise

    async def _ask_store(self, group: list[_Entry]) -> Sequence[Location | Exception]:
        results = await self._store.commit([entry.staged for entry in group])
        if len(results) != len(group):
            raise ValueError(f"the store answered {len(results)} of {len(group)} objects")
        return results

    async def _index_groups(self, durable: Handover[_Durable]) -> None:
        """Index whatever was made durable, to the last group: it ends with the flushing."""
        try:
            with anyio.CancelScope(shield=True):
                while (group := await durable.take()) is not None:
                    await self._index(group)
                    await self._after_group()
        finally:
            durable.close()

    async def _index(self, group: _Durable) -> None:
        """Index a group and answer it; files that may be indexed in spite of a fault are unsettled.

        A StoreError comes from what is kept in the store before anything is indexed.
        """
        try:
            await self._unsettled.settle()
            crashpoint("before_index")
            verdicts = await self._ask_register(group)
            crashpoint("after_index")
        except Exception as error:  # noqa: BLE001 - raised again by every `commit` that waits
            for entry in group.entries:
                _answer(entry, error)
            if not isinstance(error, StoreError):
                self._unsettled.add(group.locations)
                return
            for location in group.locations:
                await self._dispose(location)
            return
        for entry, verdict in zip(group.entries, verdicts, strict=True):
            _answer(entry, verdict)
        for location, verdict in zip(group.locations, verdicts, strict=True):
            if not verdict.keeps_file:
                await self._dispose(location)
            if verdict.removable is not None:
                await self._dispose(verdict.removable)

    async def _ask_register(self, group: _Durable) -> Sequence[Verdict]:
        pairs = zip(group.entries, group.locations, strict=True)
        verdicts = await self._register.add([entry.describe(where) for entry, where in pairs])
        if len(verdicts) != len(group.entries):
            raise ValueError(f"the index answered {len(verdicts)} of {len(group.entries)} objects")
        return verdicts


def _answer(entry: _Entry, result: Verdict | Exception) -> None:
    entry.result = result
    entry.is_done.set()
