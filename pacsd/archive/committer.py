"""Group commit: staged objects gathered and made durable together, without any timer.

An idle committer commits at once; what arrives meanwhile is the next group.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, Location, Staged


@dataclass(slots=True, eq=False)
class _Entry:
    """One object that waits for its group."""

    staged: Staged
    data_set_bytes: int
    is_done: anyio.Event = field(default_factory=anyio.Event)
    result: Location | Exception | None = None


class Committer:
    """Commits groups of at most `max_objects`, and of `max_bytes` unless one object is larger.

    At most as many objects wait as are open, each bounded by its own memory: they are on disk.
    `after_group` runs after the answers of a group are given.
    """

    def __init__(
        self,
        store: BlobStore,
        *,
        max_objects: int,
        max_bytes: int,
        after_group: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._max_objects = max_objects
        self._max_bytes = max_bytes
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
        try:
            while True:
                await self._has_work.wait()
                self._has_work = anyio.Event()
                while self._waiting:
                    await self._commit(self._next_group())
                    await self._after_group()
                    await anyio.lowlevel.checkpoint_if_cancelled()
        finally:
            self._is_stopped = True
            for entry in self._waiting:
                _settle(entry, StoreError(StoreFault.STOPPED, "ingest ended"))
            self._waiting.clear()

    async def commit(self, staged: Staged, data_set_bytes: int) -> Location:
        """Join the next group; returns once the object is durable.

        Cancelled before its group begins, the object leaves the queue, still staged; cancelled
        later, it first waits for the group to end.

        Raises:
            StoreError: it is not kept.
        """
        if self._is_stopped:
            raise StoreError(StoreFault.STOPPED, "ingest ended")
        entry = _Entry(staged, data_set_bytes)
        self._waiting.append(entry)
        self._has_work.set()
        try:
            await entry.is_done.wait()
        except anyio.get_cancelled_exc_class():
            await self._withdraw(entry)
            raise
        if isinstance(entry.result, Location):
            return entry.result
        raise entry.result or AssertionError("settled without a result")

    async def _withdraw(self, entry: _Entry) -> None:
        if entry in self._waiting:
            self._waiting.remove(entry)
            return
        with anyio.CancelScope(shield=True):
            await entry.is_done.wait()

    def _next_group(self) -> list[_Entry]:
        group = [self._waiting.popleft()]
        total_bytes = group[0].data_set_bytes
        while self._waiting and len(group) < self._max_objects:
            total_bytes += self._waiting[0].data_set_bytes
            if total_bytes > self._max_bytes:
                break
            group.append(self._waiting.popleft())
        return group

    async def _commit(self, group: list[_Entry]) -> None:
        results: Sequence[Location | Exception]
        with anyio.CancelScope(shield=True):
            try:
                results = await self._ask_store(group)
            except Exception as bug:  # noqa: BLE001 - raised again by every `commit` that waits
                results = [bug] * len(group)
        for entry, result in zip(group, results, strict=True):
            _settle(entry, result)

    async def _ask_store(self, group: list[_Entry]) -> Sequence[Location | StoreError]:
        results = await self._store.commit([entry.staged for entry in group])
        if len(results) != len(group):
            raise ValueError(f"the store answered {len(results)} of {len(group)} objects")
        return results


def _settle(entry: _Entry, result: Location | Exception) -> None:
    entry.result = result
    entry.is_done.set()
