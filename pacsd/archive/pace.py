"""A bound on how fast something is done that has time: bytes read or sent, say."""

from collections.abc import Awaitable, Callable

import anyio

_SHORTEST_SLEEP_S = 0.02
"""What is owed is slept in parts of at least this: the event loop has better to do."""


class Pace:
    """At most so much a second; None: as fast as it goes. Time that passed idle is lost."""

    def __init__(
        self,
        per_second: float | None,
        *,
        now_s: Callable[[], float] = anyio.current_time,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._per_second = per_second
        self._now_s = now_s
        self._sleep = sleep
        self._free_at_s = 0.0

    async def spend(self, count: int) -> None:
        """So much was done, or is to be: wait until the next may be."""
        if self._per_second is None:
            return
        now_s = self._now_s()
        cost_s = count / self._per_second
        self._free_at_s = max(self._free_at_s, now_s) + cost_s
        if self._free_at_s - now_s >= _SHORTEST_SLEEP_S:
            try:
                await self._sleep(self._free_at_s - now_s)
            except BaseException:  # it is not done, and nobody else waits for it
                self._free_at_s -= cost_s
                raise
