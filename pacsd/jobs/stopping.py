"""An end with a grace, and waits that end with it."""

from collections.abc import Awaitable, Callable

import anyio


class Stopping:
    """Whether something is to end, and who waits for anything else meanwhile."""

    def __init__(self) -> None:
        self._asked = anyio.Event()

    def ask(self) -> None:
        """It is to end."""
        self._asked.set()

    @property
    def is_asked(self) -> bool:
        """Whether it is."""
        return self._asked.is_set()

    async def first_of(self, *waits: Callable[[], Awaitable[object]]) -> None:
        """Return when one of the waits does, or the end is asked for."""
        async with anyio.create_task_group() as tasks:
            for wait in waits:
                tasks.start_soon(_then_cancel, wait, tasks.cancel_scope)
            await self._asked.wait()
            tasks.cancel_scope.cancel()


async def _then_cancel(wait: Callable[[], Awaitable[object]], scope: anyio.CancelScope) -> None:
    await wait()
    scope.cancel()
