"""Storing goes first: while it keeps the archive busy, what has a queue does a bounded share.

A modality waits for each answer, and cannot be told to come later; what is forwarded waits on disk.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import exp

import anyio

DEFAULT_SHARE = 0.5
BUSY = 0.5
"""Objects that are being made durable at a time, on the average: from so many on it is busy."""

_WINDOW_S = 1.0
"""Of that average."""
_LOOK_S = 0.1
"""So often who waits sees whether it is still busy,"""
_LONGEST_S = 1.0
"""and so long one waits for each thing it wants to do: nobody starves, and no peer gives up,"""
_LONGEST_IN_ALL_S = 10.0
"""nor so long for many at once."""
_MOST_IN_HAND = 16.0
"""What may be done at once that could have been done before."""


@dataclass(slots=True, eq=False)
class _Waiting:
    count: int
    may_go: anyio.Event = field(default_factory=anyio.Event)


class Precedence:
    """Counts what is stored, and lets others do `share` as many things, all of them together."""

    def __init__(
        self, share: float = DEFAULT_SHARE, now_s: Callable[[], float] = anyio.current_time
    ) -> None:
        self._share = share
        self._now_s = now_s
        self._storing = 0
        self._average = 0.0
        self._looked_at_s = 0.0
        self._in_hand = 0.0
        self._waiting: deque[_Waiting] = deque()
        self.waited_s = 0.0
        """What others have waited, all together."""

    @property
    def is_busy(self) -> bool:
        """Whether storing keeps the archive busy now."""
        self._look()
        return self._average >= BUSY

    @contextmanager
    def storing(self) -> Iterator[None]:
        """One object is being made durable, for the time of a block."""
        self._look()
        self._storing += 1
        try:
            yield
        finally:
            self._look()
            self._storing -= 1
            self._earn()

    async def give_way(self, count: int = 1) -> None:
        """Wait until so many things may be done; where it is not busy they may be now.

        They go in their order. It takes no longer than a second for each thing, and ten in all.
        """
        if not self.is_busy:
            return
        if not self._waiting and self._in_hand >= count:
            self._in_hand -= count
            return
        waiting, began_s = _Waiting(count), self._now_s()
        self._waiting.append(waiting)
        try:
            with anyio.move_on_after(min(count * _LONGEST_S, _LONGEST_IN_ALL_S)):
                await self._turn(waiting)
        finally:
            self.waited_s += self._now_s() - began_s
            if not waiting.may_go.is_set():
                self._waiting.remove(waiting)

    async def _turn(self, waiting: _Waiting) -> None:
        while not waiting.may_go.is_set() and self.is_busy:
            with anyio.move_on_after(_LOOK_S):
                await waiting.may_go.wait()

    def _look(self) -> None:
        now_s = self._now_s()
        old = exp((self._looked_at_s - now_s) / _WINDOW_S)
        self._average = self._average * old + self._storing * (1 - old)
        self._looked_at_s = now_s

    def _earn(self) -> None:
        self._in_hand += self._share
        while self._waiting and self._in_hand >= self._waiting[0].count:
            first = self._waiting.popleft()
            self._in_hand -= first.count
            first.may_go.set()
        if not self._waiting:
            self._in_hand = min(self._in_hand, _MOST_IN_HAND)
