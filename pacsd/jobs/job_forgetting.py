"""Jobs that ended long ago are forgotten, some at a time, while others store."""

from collections.abc import Awaitable, Callable

import anyio

from pacsd.index.errors import IndexFault
from pacsd.index.jobs import Jobs
from pacsd.jobs.observer import JobObserver

IDLE_S = 600.0
"""After which it looks again when nothing was old enough, or nothing worked."""
PAUSE_S = 0.2
"""Between two parts: whoever stores goes first."""
TOGETHER = 1_000
"""Jobs forgotten at once: some milliseconds of the writer."""


class JobForgetting:
    """Forgets jobs that ended more than `keep_us` ago, while `run` runs; None: none, ever."""

    def __init__(
        self,
        jobs: Jobs,
        observer: JobObserver,
        *,
        keep_us: int | None,
        now_us: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._jobs = jobs
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
            return await self._jobs.forget(self._now_us() - keep_us, TOGETHER)
        except IndexFault as fault:
            self._observer.jobs_failed(fault)
            return 0
