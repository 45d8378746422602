"""Units of work on their way from the event loop to a thread and back: one hop for each.

A unit is a function of whatever its thread has in hand. At most `capacity` units of each priority
are under way at once; who comes then waits on the event loop for its turn.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from queue import SimpleQueue
from threading import Lock
from types import TracebackType
from typing import Generic, Literal, TypeVar, cast

import anyio

from pacsd.index.errors import IndexFault, IndexFaultKind

Hand = TypeVar("Hand")
Answer = TypeVar("Answer")

# So many units in a row may go before others of lower priority that wait.
_TURNS_AHEAD = 16


class Priority(IntEnum):
    """Who goes first: what a peer waits for, what a queue waits for, what nobody waits for."""

    INGEST = 0
    JOBS = 1
    MAINTENANCE = 2


class Unit(Generic[Hand]):
    """A function on its way, and what became of it.

    Within the thread it is the context of the work: once that ended, whoever waits is let go, with
    what it raised; `work` is no more. The thread drops the unit then, which an error's traceback
    would hold together with the error.
    """

    __slots__ = ("_loop", "answer", "error", "is_done", "work")

    def __init__(self, work: Callable[[Hand], object]) -> None:
        self.work = work
        self.is_done = asyncio.Event()
        self.answer: object = None
        self.error: BaseException | None = None
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> Literal[True]:
        """End; what was raised is raised where the unit is awaited."""
        self.error = error
        del self.work  # with all that it holds
        # A loop that was closed meanwhile has nobody who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.is_done.set)
        return True

    def result(self) -> object:
        """What it answered, or else raise what it raised. Once."""
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
        finally:
            del error  # its traceback holds this frame
        return self.answer

    async def outlast(self) -> None:
        """Wait for its end, however often this is cancelled; nobody is told what became of it.

        The shield holds what a scope cancels, once; each cancellation of the task itself comes.
        """
        with anyio.CancelScope(shield=True):
            while not self.is_done.is_set():
                with suppress(asyncio.CancelledError):
                    await self.is_done.wait()
        self.answer = self.error = None


class UnitQueue(Generic[Hand]):
    """Units that wait for a thread, those of the first priority first."""

    def __init__(self, capacity: int) -> None:
        self._waiting: tuple[deque[Unit[Hand]], ...] = tuple(deque() for _ in Priority)
        self._room = tuple(anyio.Semaphore(capacity, fast_acquire=True) for _ in Priority)
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._lock = Lock()
        self._turns_ahead = 0
        self._is_closed = False

    @property
    def waiting_units(self) -> int:
        """Units that no thread has taken yet."""
        return sum(map(len, self._waiting))

    async def call(self, work: Callable[[Hand], Answer], priority: Priority) -> Answer:
        """Have it done by a thread.

        Cancelled before a thread has taken it, the work is not done; cancelled later, and however
        often, the call first waits for its end, and then it is done without anybody being told.

        Raises:
            IndexFault: the queue is closed; and whatever the work raises.
        """
        async with self._room[priority]:
            unit: Unit[Hand] = Unit(work)
            self._put(unit, priority)
            try:
                await unit.is_done.wait()
            except asyncio.CancelledError:
                if not self._withdraw(unit, priority):
                    await unit.outlast()
                raise
        return cast("Answer", unit.result())

    def take(self) -> Unit[Hand] | None:
        """Within a thread: the next unit, waited for; None once the queue is closed and empty."""
        while True:
            self._wake.get()
            with self._lock:
                unit = self._next()
            if unit is not None:
                return unit
            if self._is_closed:
                # For the next thread that serves this queue.
                self._wake.put(None)
                return None

    def close(self) -> None:
        """Take no more; what waits is still done. Idempotent."""
        with self._lock:
            self._is_closed = True
        self._wake.put(None)

    def abandon(self) -> None:
        """Take no more, and refuse what waits: no thread is left."""
        self.close()
        while (unit := self._next()) is not None:
            with unit:
                raise _stopped()

    def _put(self, unit: Unit[Hand], priority: Priority) -> None:
        with self._lock:
            if self._is_closed:
                raise _stopped()
            self._waiting[priority].append(unit)
        self._wake.put(None)

    def _withdraw(self, unit: Unit[Hand], priority: Priority) -> bool:
        with self._lock, suppress(ValueError):
            self._waiting[priority].remove(unit)
            return True
        return False

    def _next(self) -> Unit[Hand] | None:
        waiting = [units for units in self._waiting if units]
        if not waiting:
            return None
        is_fair_turn = self._turns_ahead >= _TURNS_AHEAD
        self._turns_ahead = 0 if is_fair_turn or len(waiting) == 1 else self._turns_ahead + 1
        return waiting[-1 if is_fair_turn else 0].popleft()


def _stopped() -> IndexFault:
    return IndexFault(IndexFaultKind.STOPPED, "the index is closed")
