"""The line of objects that wait to be uploaded: whose turn it is, and when.

The oldest goes first; those somebody waits for go before. While the far store is down one object
at a time is tried, each time another, and less and less often; the first that gets through lets all
go on. An object that is refused waits for itself alone.
"""

import heapq
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import anyio
from pacsd_s3_client.faults import FarError

from pacsd_store_s3.backoff import WHEN_REFUSED, WHILE_DOWN, Backoff


@dataclass(frozen=True, slots=True)
class Turn:
    """An object whose turn it is."""

    key: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Outage:
    """Since when the far store takes nothing, and why."""

    since_s: float
    why: FarError


@dataclass(slots=True)
class _Refusal:
    """How often an object was refused, and why the last time."""

    times: int
    why: FarError


class WaitingLine:
    """Any number of uploaders take turns; times are those of `clock`, in seconds."""

    def __init__(
        self,
        *,
        while_down: Backoff = WHILE_DOWN,
        when_refused: Backoff = WHEN_REFUSED,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._while_down = while_down
        self._when_refused = when_refused
        self._clock = clock
        self._urgent: OrderedDict[str, None] = OrderedDict()
        self._ready: OrderedDict[str, None] = OrderedDict()
        self._put_aside: list[tuple[float, str]] = []
        self._refusals: dict[str, _Refusal] = {}
        self._taken: dict[str, anyio.Event] = {}
        self._waiting: list[anyio.Event] = []
        self._epoch = 0
        self._failures = 0
        self._next_try_s = 0.0
        self.outage: Outage | None = None

    @property
    def refused(self) -> int:
        """How many objects the far store refuses."""
        return len(self._refusals)

    @property
    def last_refusal(self) -> FarError | None:
        """Why the one that came last to be refused is."""
        return next((each.why for each in reversed(self._refusals.values())), None)

    def join(self, key: str, *, is_urgent: bool = False) -> None:
        """An object waits from now on; one that waited already may become urgent."""
        if is_urgent:
            self._ready.pop(key, None)
            self._urgent[key] = None
        elif key not in self._urgent:
            self._ready[key] = None
        self._change()

    def leave(self, key: str) -> None:
        """An object waits no more; one whose turn it is is not stopped."""
        self._urgent.pop(key, None)
        self._ready.pop(key, None)
        self._refusals.pop(key, None)

    def relax(self, key: str) -> None:
        """Nobody waits for this object any more."""
        if self._urgent.pop(key, self) is None:
            self._ready[key] = None

    async def take(self) -> Turn:
        """Wait for the next turn; `give_back` ends it."""
        while True:
            wait_s = self._wait_s()
            if not wait_s:
                key = self._pop()
                self._taken[key] = anyio.Event()
                # Whoever waits next may find more, or has to see to what is put aside.
                self._change()
                return Turn(key, self._epoch)
            await self._until_changed(wait_s)

    async def _until_changed(self, wait_s: float) -> None:
        """Wait in the row of those who wait; of whom one is woken for each change."""
        woken = anyio.Event()
        self._waiting.append(woken)
        try:
            with anyio.move_on_after(wait_s):
                await woken.wait()
        except BaseException:
            if woken.is_set():
                self._change()
            raise
        finally:
            if not woken.is_set():
                self._waiting.remove(woken)

    def give_up(self, turn: Turn) -> None:
        """A turn is over in which nothing was tried: the object waits no more."""
        self._taken.pop(turn.key).set()
        self.leave(turn.key)
        self._change()

    def give_back(
        self,
        turn: Turn,
        failure: FarError | None,
        *,
        is_gone: bool = False,
        is_urgent: bool = False,
    ) -> None:
        """A turn is over: the object got through, or it waits on unless `is_gone`."""
        self._taken.pop(turn.key).set()
        if failure is None or failure.is_of_object:
            self._is_up()
        else:
            self._is_down(turn, failure)
        if failure is None or is_gone:
            self.leave(turn.key)
        elif failure.is_of_object:
            self._put_it_aside(turn.key, failure)
        else:
            (self._urgent if is_urgent else self._ready)[turn.key] = None
        self._change()

    async def until_free(self, key: str) -> None:
        """Wait while it is this object's turn."""
        taken = self._taken.get(key)
        if taken is not None:
            await taken.wait()

    def _wait_s(self) -> float:
        """How long until somebody's turn; 0 for now."""
        now_s = self._clock()
        while self._put_aside and self._put_aside[0][0] <= now_s:
            key = heapq.heappop(self._put_aside)[1]
            if key in self._refusals and key not in self._urgent:
                self._ready[key] = None
        if not (self._urgent or self._ready):
            return self._put_aside[0][0] - now_s if self._put_aside else float("inf")
        if self.outage is None:
            return 0.0
        if self._taken:
            return float("inf")
        return max(0.0, self._next_try_s - now_s)

    def _pop(self) -> str:
        line = self._urgent or self._ready
        return line.popitem(last=False)[0]

    def _is_up(self) -> None:
        self.outage = None
        self._failures = 0
        self._epoch += 1

    def _is_down(self, turn: Turn, why: FarError) -> None:
        # Those that were under way together fail together: that is one failure.
        if turn.epoch == self._epoch:
            self._epoch += 1
            self._failures += 1
            self._next_try_s = self._clock() + self._while_down.wait_s(self._failures)
        since_s = self._clock() if self.outage is None else self.outage.since_s
        self.outage = Outage(since_s, why)

    def _put_it_aside(self, key: str, why: FarError) -> None:
        before = self._refusals.pop(key, None)
        times = before.times + 1 if before else 1
        self._refusals[key] = _Refusal(times, why)
        due_s = self._clock() + self._when_refused.wait_s(times)
        heapq.heappush(self._put_aside, (due_s, key))

    def _change(self) -> None:
        """Wake who began to wait last: all would find what one can do."""
        if self._waiting:
            self._waiting.pop().set()
