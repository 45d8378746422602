"""Threads of the store's own: a hop to one of them and back costs a third of the usual one."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeVar, cast

import anyio

Answer = TypeVar("Answer")


class Workers:
    """So many threads at most, each started when it is needed first."""

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._most = threads
        self._waiting: SimpleQueue[_Work | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._lock = Lock()
        self._under_way = 0
        self._is_closed = False

    async def do(self, work: Callable[[], Answer]) -> Answer:
        """Have it done by a thread; cancelled, however often, this first waits for its end.

        Raises:
            RuntimeError: the threads were ended, or there is none and none can be started; and
                whatever the work raises.
        """
        item = _Work(work)
        self._hand_over(item)
        try:
            await item.is_done.wait()
        except asyncio.CancelledError:
            await item.outlast()
            raise
        finally:
            self._under_way -= 1
        return cast("Answer", item.result())

    def close(self) -> None:
        """Finish what waits and end the threads. Blocks."""
        with self._lock:
            self._is_closed = True
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _hand_over(self, item: "_Work") -> None:
        with self._lock:
            if self._is_closed:
                raise RuntimeError(f"{self._name}: the threads were ended")
            self._waiting.put(item)
            if len(self._threads) < min(self._under_way + 1, self._most):
                self._start_if_possible()
            self._under_way += 1

    def _start_if_possible(self) -> None:
        try:
            self._start()
        except (RuntimeError, MemoryError):  # the system gives no more threads
            # Those that are there do it; with more work the next one is tried again.
            if not self._threads:
                self._waiting.get_nowait()  # nobody else has put or taken anything
                raise

    def _start(self) -> None:
        name = f"{self._name}-{len(self._threads)}"
        # Daemon: a store that nobody closed does not keep the process, and loses nothing.
        thread = Thread(target=_serve, args=(self._waiting,), name=name, daemon=True)
        thread.start()
        self._threads.append(thread)


class _Work:
    """What a thread is to do, and what became of it."""

    __slots__ = ("_loop", "_work", "answer", "error", "is_done")

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self.is_done = asyncio.Event()
        self.answer: object = None
        self.error: BaseException | None = None

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

    def perform(self) -> None:
        """Within the thread: do it, and let go whoever waits."""
        try:
            self.answer = self._work()
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            # Without this frame, that would hold the item, which holds the error.
            self.error = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
        del self._work  # with all that it holds
        # A loop that was closed meanwhile has nobody who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.is_done.set)


def _serve(waiting: "SimpleQueue[_Work | None]") -> None:
    while (item := waiting.get()) is not None:
        item.perform()
        del item  # an answer of a megabyte is not kept until the next one comes
