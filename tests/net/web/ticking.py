"""An event loop that is seen to be free while a thread works."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.from_thread
from anyio.lowlevel import checkpoint


class Ticks:
    """Turns of a task on the event loop, and how many of them work in threads has seen."""

    def __init__(self) -> None:
        self.seen = 0
        self._count = 0

    def see(self) -> None:
        """Called by the work: go on when the task had a turn; RuntimeError on the loop itself."""
        anyio.from_thread.run(self._one_more)

    async def tick(self) -> None:
        """Take turns until cancelled."""
        while True:
            self._count += 1
            await checkpoint()

    async def _one_more(self) -> None:
        before = self._count
        while self._count == before:
            await checkpoint()
        self.seen += 1


@asynccontextmanager
async def ticking() -> AsyncIterator[Ticks]:
    """Ticks while it is open."""
    ticks = Ticks()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ticks.tick)
        yield ticks
        tasks.cancel_scope.cancel()
