"""A bound on how fast something is read that nobody waits for."""

from collections.abc import Awaitable, Callable

import anyio

_SHORTEST_SLEEP_S = 0.02
"""What is owed is slept in parts of at least this: the event loop has better to do."""


class Pace:
    """At most so many bytes a second; None: as fast as it goes. Time that passed idle is lost."""

    def __init__(
        self,
        bytes_per_second: int | None,
        *,
        now_s: Callable[[], float] = anyio.current_time,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._bytes_per_second = bytes_per_second
        self._now_s = now_s
        self._sleep = sleep
        self._free_at_s = 0.0

    async def spend(self, count_bytes: int) -> None:
        """So many bytes were read: wait until the next may be."""
        if self._bytes_per_second is None:
            return
        now_s = self._now_s()
        cost_s = count_bytes / self._bytes_per_second
        self._free_at_s = max(self._free_at_s, now_s) + cost_s
        if self._free_at_s - now_s >= _SHORTEST_SLEEP_S:
            await self._sleep(self._free_at_s - now_s)
