"""Files that nothing names any more, removed one after the other behind the answers.

A file that a crash leaves over is found at the next start: it has no row in the index.
"""

import anyio
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectSendStream

from pacsd.api.crashpoints import crashpoint
from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, Location
from pacsd.archive.observer import IngestObserver

MAX_WAITING = 256
"""Files that wait; with so many more, ingest waits for the store to remove one."""


class Disposal:
    """Removes files while `run` runs; what was added is removed before that ends."""

    def __init__(self, store: BlobStore, observer: IngestObserver) -> None:
        self._store = store
        self._observer = observer
        self._added: MemoryObjectSendStream[Location] | None = None

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Remove until `close`, and only then end."""
        self._added, waiting = anyio.create_memory_object_stream[Location](MAX_WAITING)
        task_status.started()
        with anyio.CancelScope(shield=True):
            async with waiting:
                async for location in waiting:
                    await self._remove(location)

    def close(self) -> None:
        """Nothing more is added."""
        if self._added is not None:
            self._added.close()

    async def add(self, location: Location) -> None:
        """Have a file removed, soon; waits while too many wait already."""
        if self._added is None:
            raise RuntimeError("add before run")
        await self._added.send(location)

    async def _remove(self, location: Location) -> None:
        crashpoint("before_dispose")
        try:
            await self._store.delete(location)
        except StoreError as error:
            self._observer.not_removed(location, error)
        crashpoint("after_dispose")
