"""Storing goes first: while it keeps the archive busy, what has a queue does a bounded share.

A modality waits for each answer, and cannot be told to come later; what is forwarded waits on disk.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import exp

import anyio

DEFAULT_SHARE = 0.5
BUSY = 0.5
"""The part of the time in which something is being made durable: from so much on it is busy."""
LONGEST_S = 1.0
"""So long one waits for each thing it wants to do: nobody starves, and no peer gives up."""

_WINDOW_S = 1.0
"""In which that part is seen; what was before counts less and less."""
_LOOK_S = 0.1
"""So often who waits sees whether it is still busy."""
_MOST_IN_HAND = 16.0
"""What may be done at once that could have been done before."""


class Precedence:
    """Sees how busy storing is, and lets others do `share` as many things, all of them together.

    An infinite share: it has none.
    """

    def __init__(
        self, share: float = DEFAULT_SHARE, now_s: Callable[[], float] = anyio.current_time
    ) -> None:
        self._share = share
        self._now_s = now_s
        self._storing = 0
        self._busy = 0.0
        self._looked_at_s = 0.0
        self._in_hand = 0.0
        self._waiting: deque[anyio.Event] = deque()
        self.waited_s = 0.0
        """What others have waited, all together."""

    @property
    def is_busy(self) -> bool:
        """Whether storing keeps the archive busy now."""
        self._look()
        return self._busy >= BUSY

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

    async def give_way(self) -> None:
        """Wait until one thing may be done, a second at most; where it is not busy it may be now.

        Who waits goes in the order of coming: whoever has much to do comes for each thing anew.
        """
        if self._share == float("inf") or not self.is_busy:
            return
        if self._in_hand >= 1 and not self._waiting:
            self._in_hand -= 1
            return
        may_go, began_s = anyio.Event(), self._now_s()
        self._waiting.append(may_go)
        try:
            with anyio.move_on_after(LONGEST_S):
                await self._turn(may_go)
        finally:
            self.waited_s += self._now_s() - began_s
            if not may_go.is_set():
                self._waiting.remove(may_go)

    async def _turn(self, may_go: anyio.Event) -> None:
        while not may_go.is_set() and self.is_busy:
            with anyio.move_on_after(_LOOK_S):
                await may_go.wait()

    def _look(self) -> None:
        now_s = self._now_s()
        old = exp((self._looked_at_s - now_s) / _WINDOW_S)
        self._busy = self._busy * old + min(1, self._storing) * (1 - old)
        self._looked_at_s = now_s

    def _earn(self) -> None:
        self._in_hand = min(self._in_hand + self._share, max(_MOST_IN_HAND, self._share))
        while self._waiting and self._in_hand >= 1:
            self._waiting.popleft().set()
            self._in_hand -= 1
