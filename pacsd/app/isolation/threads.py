"""The threads of one plugin: few, and none that keeps the daemon from ending.

Threads of anyio are not daemonic: Python waits for each of them before it ends, so one function of
a plugin that never returns would keep the daemon from stopping.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeAlias

import anyio

THREADS_PER_PLUGIN = 4


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A future does not carry every exception; this does."""

    value: object
    raised: BaseException | None


_Waiting: TypeAlias = tuple[Future[_Outcome], Callable[[], object]]


class DaemonThreads:
    """At most four daemon threads that run plain functions; started when they are needed.

    Who waits for a place is one of the plugin's calls, whose number is bounded by its home.
    """

    def __init__(self, name: str, count: int = THREADS_PER_PLUGIN) -> None:
        self._name = name
        self._count = count
        self._changed = threading.Condition()
        self._waiting: deque[_Waiting] = deque()
        self._running = 0
        self._idle = 0
        self._is_closed = False

    async def run(self, function: Callable[[], object], *, waits: bool = False) -> object:
        """Run a function and give what it returns or raises, of whatever kind.

        Who is cancelled leaves a function behind that has begun; with `waits`, is told so only
        when it has returned.
        """
        future: Future[_Outcome] = Future()
        self._hand_over((future, function))
        try:
            outcome = await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.cancel() and waits:
                with anyio.CancelScope(shield=True):
                    await asyncio.wrap_future(future)
            raise
        if outcome.raised is not None:
            raise outcome.raised
        return outcome.value

    def close(self) -> None:
        """End the threads that do nothing; the others when they have done what they do."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _hand_over(self, waiting: _Waiting) -> None:
        with self._changed:
            self._waiting.append(waiting)
            if self._idle >= len(self._waiting) or self._running >= self._count:
                self._changed.notify()
                return
            self._running += 1
        try:
            threading.Thread(target=self._work, name=f"plugin {self._name}", daemon=True).start()
        except RuntimeError:  # the system gives no more threads
            with self._changed:
                self._running -= 1
            waiting[0].cancel()
            raise

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                self._idle -= 1
                if not self._waiting:
                    self._running -= 1
                    return
                future, function = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                future.set_result(_outcome(function))


def _outcome(function: Callable[[], object]) -> _Outcome:
    try:
        return _Outcome(function(), None)
    except BaseException as raised:  # noqa: BLE001 - it is raised again where it is waited for
        return _Outcome(None, raised)
