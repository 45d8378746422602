"""Changes are forgotten when they are old, some at a time, while others store."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio

from pacsd.index.errors import IndexFault
from pacsd.index.index import Index

IDLE_S = 600.0
"""After which it looks again when nothing was old enough, or nothing worked."""

PAUSE_S = 0.2
"""Between two parts: whoever stores goes first."""

TOGETHER = 1_000
"""Changes forgotten at once: some milliseconds of the writer."""


class ForgettingObserver(Protocol):
    """Is told of it, on the event loop: it must not block."""

    def forgetting_failed(self, fault: IndexFault) -> None:
        """Nothing could be forgotten; it is tried again in a while."""


class Forgetting:
    """Forgets changes made more than `keep_us` ago, while `run` runs; None: none, ever."""

    def __init__(
        self,
        index: Index,
        *,
        keep_us: int | None,
        now_us: Callable[[], int],
        observer: ForgettingObserver,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._index = index
        self._keep_us = keep_us
        self._now_us = now_us
        self._observer = observer
        self._sleep = sleep

    async def run(self) -> None:
        """Forget until cancelled."""
        if self._keep_us is None:
            return
        while True:
            count = await self._forget_part(self._keep_us)
            await self._sleep(PAUSE_S if count == TOGETHER else IDLE_S)

    async def _forget_part(self, keep_us: int) -> int:
        """How many are forgotten; 0 as well if it fails."""
        try:
            return await self._index.changes.forget(self._now_us() - keep_us, TOGETHER)
        except IndexFault as fault:
            self._observer.forgetting_failed(fault)
            return 0
