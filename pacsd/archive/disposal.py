"""Files that nothing names any more, removed one after the other behind the answers.

A file that a crash leaves over is found at the next start: it has no row in the index.
"""

from collections.abc import Sequence

import anyio
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from pacsd.api.crashpoints import crashpoint
from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, Location
from pacsd.archive.observer import IngestObserver
from pacsd.archive.register import Register
from pacsd.index.errors import IndexFault

MAX_WAITING = 256
"""Files that wait; with so many more, ingest waits for the store to remove one."""

_TOGETHER = 32
"""So many files are asked for at once."""


class Disposal:
    """Removes files while `run` runs; what was added is removed before that ends.

    No file is removed that the index names. `taking_in` is held from the question to the removal:
    whoever takes files in that the index does not know holds it, too.
    """

    def __init__(
        self,
        store: BlobStore,
        register: Register,
        observer: IngestObserver,
        taking_in: anyio.Lock,
    ) -> None:
        self._store = store
        self._register = register
        self._observer = observer
        self._taking_in = taking_in
        self._added: MemoryObjectSendStream[Location] | None = None

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Remove until `close`, and only then end."""
        self._added, waiting = anyio.create_memory_object_stream[Location](MAX_WAITING)
        task_status.started()
        with anyio.CancelScope(shield=True):
            async with waiting:
                async for location in waiting:
                    await self._remove_all([location, *_at_hand(waiting, _TOGETHER - 1)])

    def close(self) -> None:
        """Nothing more is added."""
        if self._added is not None:
            self._added.close()

    async def add(self, location: Location) -> None:
        """Have a file removed, soon; waits while too many wait already."""
        if self._added is None:
            raise RuntimeError("add before run")
        await self._added.send(location)

    async def remove(self, locations: Sequence[Location]) -> None:
        """Remove those files now that the index does not name; the observer is told of the rest.

        Raises:
            IndexFault: it cannot be asked, and all of them stay.
        """
        async with self._taking_in:
            known = await self._known(locations)
            for location in locations:
                if location not in known:
                    await self.remove_unnamed(location)

    async def _remove_all(self, locations: Sequence[Location]) -> None:
        try:
            await self.remove(locations)
        except IndexFault as fault:
            for location in locations:
                self._observer.not_removed(location, fault)

    async def _known(self, locations: Sequence[Location]) -> frozenset[Location]:
        known: set[Location] = set()
        for store in {location.store for location in locations}:
            theirs = {each.key: each for each in locations if each.store == store}
            keys = await self._register.known_keys(store, theirs)
            known |= {theirs[key] for key in keys}
        return frozenset(known)

    async def remove_unnamed(self, location: Location) -> None:
        """Remove a file now that the index does not name, for whoever holds `taking_in`."""
        crashpoint("before_dispose")
        try:
            await self._store.delete(location)
        except StoreError as error:
            self._observer.not_removed(location, error)
        except Exception as bug:  # noqa: BLE001 - a store's bug, which ends no ingest
            explanation = f"delete: {bug!r}"
            self._observer.not_removed(location, StoreError(StoreFault.INPUT_OUTPUT, explanation))
        crashpoint("after_dispose")


def _at_hand(waiting: MemoryObjectReceiveStream[Location], limit: int) -> list[Location]:
    """What waits already."""
    taken: list[Location] = []
    while len(taken) < limit and waiting.statistics().current_buffer_used:
        taken.append(waiting.receive_nowait())
    return taken
