"""A plugin that lives in a thread of its own, on an event loop of its own.

What it does there does not hold up the daemon's event loop; what it does to the process does. A
call that cannot be cancelled is left behind, and its place with it. The thread is daemonic: it does
not keep the daemon from ending.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial

import anyio
from anyio.abc import TaskGroup

from pacsd.api.errors import PluginError
from pacsd.api.plugin import Host
from pacsd.app.isolation.home import (
    MAX_CALLS,
    START_DEADLINE_S,
    STOP_GRACE_S,
    Enabled,
    Health,
    HookTraits,
    State,
)
from pacsd.app.isolation.host_answering import through_loop
from pacsd.app.isolation.host_asking import asking
from pacsd.app.isolation.inline import InlineHome

END_GRACE_S = 1.0
"""How long the thread's event loop may take to finish, after the plugin has shut down."""

Work = Callable[[], Awaitable[object]]


class ThreadHome:
    """An InlineHome on the event loop of a thread."""

    def __init__(
        self,
        enabled: Enabled,
        host: Host,
        *,
        start_deadline_s: float = START_DEADLINE_S,
        stop_grace_s: float = STOP_GRACE_S,
    ) -> None:
        self._name = enabled.name
        self._logger = host.logger
        self._start_deadline_s = start_deadline_s
        self._stop_grace_s = stop_grace_s
        self._daemon: asyncio.AbstractEventLoop | None = None
        there = asking(host, through_loop(host, lambda: self._daemon))
        self._inline = InlineHome(
            enabled, there, start_deadline_s=start_deadline_s, stop_grace_s=stop_grace_s
        )
        self._loop: _LoopThread | None = None

    @property
    def hooks(self) -> Mapping[str, HookTraits]:
        """The hooks it implements; known once it was loaded."""
        return self._inline.hooks

    def health(self) -> Health:
        """Whether it was started and has not ended, and its thread lives."""
        is_alive = self._loop is not None and self._loop.is_alive
        return self._inline.health() if is_alive else Health(State.STOPPED)

    def check(self) -> Sequence[str]:
        """What would keep it from working. Blocks, in the thread that asks.

        Raises:
            SettingsRefused, PluginError: as `InlineHome.check`.
        """
        return self._inline.check()

    async def start(self, _tasks: TaskGroup) -> None:
        """Load it and let it start up, in its thread: its module may take as long as it likes.

        Raises:
            SettingsRefused, PluginError: as `InlineHome.start`.
        """
        self._daemon = asyncio.get_running_loop()
        self._loop = _LoopThread(self._name)
        await self._loop.begin()
        with anyio.move_on_after(self._start_deadline_s) as scope:
            await self._there(partial(self._start_there, self._loop))
        if scope.cancelled_caught:
            raise PluginError(self._name, f"did not start within {self._start_deadline_s:g} s")

    async def call(self, hook: str, arguments: Mapping[str, object]) -> object:
        """Call its implementation of a hook, over there.

        Raises:
            HookError, PluginError: as `InlineHome.call`; or its thread has ended.
        """
        return await self._there(partial(self._inline.call, hook, arguments))

    async def stop(self) -> None:
        """Shut it down, for at most the grace; a thread that goes on regardless is left behind."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        with anyio.move_on_after(self._stop_grace_s + END_GRACE_S) as scope:
            if loop.is_alive:
                await loop.run(self._inline.stop)
            await loop.end()
        if scope.cancelled_caught:
            self._logger.error("plugin's thread was left behind", plugin=self._name)

    async def _start_there(self, loop: "_LoopThread") -> None:
        await self._inline.start(loop.tasks)

    async def _there(self, work: Work) -> object:
        loop = self._loop
        if loop is None or not loop.is_alive:
            raise PluginError(self._name, "is not running")
        if loop.unanswered >= MAX_CALLS:
            raise PluginError(self._name, f"{MAX_CALLS} calls are unanswered")
        return await loop.run(work)


class _LoopThread:
    """A daemon thread with an event loop, seen from another event loop."""

    def __init__(self, name: str) -> None:
        self.is_alive = False
        self._name = name
        self._here = asyncio.get_running_loop()
        self._there: asyncio.AbstractEventLoop | None = None
        self._tasks: TaskGroup | None = None
        self._is_over: asyncio.Event | None = None
        self._began = anyio.Event()
        self._ended = anyio.Event()
        self._running: set[_Errand] = set()
        self._thread = threading.Thread(target=self._live, name=f"plugin {name}", daemon=True)

    @property
    def tasks(self) -> TaskGroup:
        """Those over there; for who is over there."""
        if self._tasks is None:
            raise self.ended_error()
        return self._tasks

    @property
    def unanswered(self) -> int:
        """How much of what it was given is not finished, be it cancelled."""
        return len(self._running)

    async def begin(self) -> None:
        """Start the thread and wait until its event loop turns."""
        self._thread.start()
        await self._began.wait()

    async def end(self) -> None:
        """Let the event loop finish, and wait for it; what runs on it is cancelled."""
        if self._is_over is not None:
            self.tell_there(self._is_over.set)
        await self._ended.wait()

    async def run(self, work: Work) -> object:
        """Do some work over there and give what it returns or raises."""
        errand = _Errand(self, work)
        self._running.add(errand)
        self.tell_there(errand.begin)
        try:
            return await errand.result
        except asyncio.CancelledError:
            self.tell_there(errand.cancel)
            raise

    def start_soon(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Begin a task over there; called over there."""
        if self._tasks is not None:
            self._tasks.start_soon(work)

    def tell_here(self, function: Callable[[], object]) -> None:
        """Have a function called on the daemon's event loop."""
        with suppress(RuntimeError):  # that loop has ended, and nobody waits on it any more
            self._here.call_soon_threadsafe(function)

    def tell_there(self, function: Callable[[], object]) -> None:
        """Have a function called on the thread's event loop."""
        if self._there is not None:
            with suppress(RuntimeError):  # that loop has ended, and with it what was to be told
                self._there.call_soon_threadsafe(function)

    def ended_error(self) -> PluginError:
        """What is told to who still waits when the thread ends."""
        return PluginError(self._name, "its thread has ended")

    def finished(self, errand: "_Errand") -> None:
        """An errand has come to its end."""
        self._running.discard(errand)

    def _live(self) -> None:
        try:
            anyio.run(self._main)
        finally:
            self.tell_here(self._over)

    async def _main(self) -> None:
        self._there = asyncio.get_running_loop()
        self._is_over = asyncio.Event()
        async with anyio.create_task_group() as self._tasks:
            self.tell_here(self._under_way)
            await self._is_over.wait()
            self._tasks.cancel_scope.cancel()

    def _under_way(self) -> None:
        self.is_alive = True
        self._began.set()

    def _over(self) -> None:
        self.is_alive = False
        for errand in [*self._running]:
            errand.settle(None, self.ended_error())
        self._ended.set()


class _Errand:
    """One piece of work for the other thread."""

    def __init__(self, thread: _LoopThread, work: Work) -> None:
        self.result: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._thread = thread
        self._work = work
        self._scope: anyio.CancelScope | None = None

    def begin(self) -> None:
        """Over there: begin."""
        self._scope = anyio.CancelScope()
        self._thread.start_soon(self._do)

    def cancel(self) -> None:
        """Over there: nobody wants the result any more."""
        if self._scope is not None:
            self._scope.cancel()

    def settle(self, value: object, raised: Exception | None) -> None:
        """Here: it is done."""
        self._thread.finished(self)
        if self.result.done():
            return
        if raised is None:
            self.result.set_result(value)
        else:
            self.result.set_exception(raised)

    async def _do(self) -> None:
        # Who still waits when this is cancelled waits for a thread that ends: no answer is no None.
        value: object = None
        error: Exception | None = self._thread.ended_error()
        try:
            with self._scope or anyio.CancelScope():
                value = await self._work()
                error = None
        except Exception as raised:  # noqa: BLE001 - it is raised again where it is waited for
            error = raised
        finally:
            self._thread.tell_here(partial(self.settle, value, error))
