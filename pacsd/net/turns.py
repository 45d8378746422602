"""Turns: so many at once, the others wait, those of higher priority before those of lower."""

import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import anyio

from pacsd.dimse.commands import Priority

_RANK = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}


class Turns:
    """At most `limit` are inside; of those who wait the first of the highest priority is next."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._order = count()
        self._waiting: list[tuple[int, int, anyio.Event]] = []

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[None]:
        """Wait for a turn, and have it within the block."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(priority)
        try:
            yield
        finally:
            self._hand_on()

    async def _wait(self, priority: Priority) -> None:
        may_go = anyio.Event()
        waiting = (_RANK[priority], next(self._order), may_go)
        heapq.heappush(self._waiting, waiting)
        try:
            await may_go.wait()
        except BaseException:
            if may_go.is_set():
                self._hand_on()
            else:
                self._waiting.remove(waiting)
                heapq.heapify(self._waiting)
            raise

    def _hand_on(self) -> None:
        if self._waiting:
            heapq.heappop(self._waiting)[2].set()
        else:
            self._free += 1
