"""Jobs and deliveries that ended long ago are forgotten, some at a time, while others store."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio

from pacsd.index.errors import IndexFault
from pacsd.jobs.observer import JobObserver

IDLE_S = 600.0
"""After which it looks again when nothing was old enough, or nothing worked."""
PAUSE_S = 0.2
"""Between two parts: whoever stores goes first."""
TOGETHER = 1_000
"""Rows forgotten at once: some milliseconds of the writer."""


class Forgets(Protocol):
    """What forgets; see `Jobs` and `Ledger`."""

    async def forget(self, before_us: int, limit: int) -> int:
        """Forget at most `limit` of what ended before then; how many that were."""


class JobForgetting:
    """Forgets what ended more than `keep_us` ago, while `run` runs; None: nothing, ever."""

    def __init__(
        self,
        ended: Forgets,
        observer: JobObserver,
        *,
        keep_us: int | None,
        now_us: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._ended = ended
        self._observer = observer
        self._keep_us = keep_us
        self._now_us = now_us
        self._sleep = sleep

    async def run(self) -> None:
        """Forget until cancelled."""
        if self._keep_us is None:
            return
        while True:
            count = await self._forget_part(self._keep_us)
            await self._sleep(PAUSE_S if count == TOGETHER else IDLE_S)

    async def _forget_part(self, keep_us: int) -> int:
        try:
            return await self._ended.forget(self._now_us() - keep_us, TOGETHER)
        except IndexFault as fault:
            self._observer.jobs_failed(fault)
            return 0
