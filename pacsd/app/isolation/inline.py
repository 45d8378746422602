"""A plugin that lives in the daemon: `async` functions on the event loop, plain ones in threads.

It contains what a plugin raises, that it is slow without blocking, and junk. In a thread of its own
and in a process of its own a plugin lives in just such a home, on another event loop.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import cast

from anyio.abc import TaskGroup

from pacsd.api.errors import HookError, PluginError
from pacsd.api.hooks import hook_facts
from pacsd.api.plugin import Host
from pacsd.app.isolation.contained import Raised, contained
from pacsd.app.isolation.errors import Misfit, describe, describe_secret
from pacsd.app.isolation.home import (
    MAX_CALLS,
    START_DEADLINE_S,
    STOP_GRACE_S,
    Enabled,
    Health,
    HookTraits,
    State,
)
from pacsd.app.isolation.loading import CONTAINED, Implementation, Loaded, load
from pacsd.app.isolation.plugin_task import PluginTask
from pacsd.app.isolation.specifications import Specification, specifications
from pacsd.app.isolation.threads import DaemonThreads


class InlineHome:
    """The event loop that `start` is called on.

    `waits_for_threads`: who cancels a call of a plain function waits until it returns, for those
    who would rather know than go on.
    """

    def __init__(
        self,
        enabled: Enabled,
        host: Host,
        *,
        start_deadline_s: float = START_DEADLINE_S,
        stop_grace_s: float = STOP_GRACE_S,
        waits_for_threads: bool = False,
    ) -> None:
        self._enabled = enabled
        self._host = host
        self._logger = host.logger
        self._start_deadline_s = start_deadline_s
        self._stop_grace_s = stop_grace_s
        self._waits = waits_for_threads
        self._threads = DaemonThreads(enabled.name)
        self._specifications: Mapping[str, Specification] = specifications()
        self._loaded: Loaded | None = None
        self._task: PluginTask | None = None
        self._unanswered = 0
        self._state = State.STOPPED

    @property
    def hooks(self) -> Mapping[str, HookTraits]:
        """The hooks it implements; known once it was loaded."""
        found = {} if self._loaded is None else self._loaded.implementations
        return {name: each.traits for name, each in found.items()}

    def health(self) -> Health:
        """Whether it was started, and has not ended."""
        return Health(State.RUNNING if self._is_running else State.STOPPED)

    def load(self) -> Loaded:
        """Import, decode, construct; once.

        Raises:
            SettingsRefused, PluginError: as `loading.load`.
        """
        if self._loaded is None:
            self._loaded = load(self._enabled, self._host)
        return self._loaded

    def check(self) -> Sequence[str]:
        """What would keep it from working. Blocks.

        Raises:
            SettingsRefused, PluginError: as `loading.load`; or the check itself failed.
        """
        plugin = self.load().plugin
        try:
            return tuple(map(str, plugin.check()))
        except CONTAINED as raised:
            raise self._error(f"check {describe(raised)}") from raised

    async def start(self, tasks: TaskGroup) -> None:
        """Load it and let it start up; it lives in a task of its own among `tasks` from then on.

        Raises:
            SettingsRefused, PluginError: as `loading.load`; or it did not start up in time.
        """
        # What begins to start is shut down, too.
        self._task = PluginTask(self._enabled.name, self.load().plugin, self._logger)
        self._state = State.RUNNING
        try:
            await self._task.start(tasks, self._start_deadline_s, self._stop_grace_s)
        except Raised as raised:
            raise self._error(f"did not start: {raised}") from raised.__cause__
        except TimeoutError as late:
            raise self._error(f"did not start within {self._start_deadline_s:g} s") from late

    def own_function(self, hook: str) -> Callable[..., Coroutine[object, object, object]] | None:
        """The plugin's own `async` function for a hook, to be called as it is; None of a plain one.

        Whoever calls it contains it and judges its answer: this is quicker than `call` for what
        answers from memory.
        """
        found = self.load().implementations[hook]
        if not found.is_async:
            return None
        return cast("Callable[..., Coroutine[object, object, object]]", found.function)

    async def call(self, hook: str, arguments: Mapping[str, object]) -> object:
        """Call its implementation of a hook.

        Raises:
            HookError: it raised, exited or returned something of another type; of a secret hook
                without what it said.
            PluginError: it is not running, or has too many calls unanswered.
        """
        if self._loaded is None or not self._is_running:
            raise self._error("is not running")
        if self._unanswered >= MAX_CALLS:
            raise self._error(f"{MAX_CALLS} calls are unanswered")
        implementation = self._loaded.implementations[hook]
        self._unanswered += 1
        try:
            answer = await contained(self._begun(implementation, arguments))
            self._specifications[hook].encode_answer(answer)
        except Raised as raised:
            if hook_facts(hook).is_secret:
                told = describe_secret(raised.__cause__)
                raise HookError(self._enabled.name, hook, told) from None
            raise HookError(self._enabled.name, hook, f"{raised}") from raised.__cause__
        except Misfit as misfit:
            raise HookError(self._enabled.name, hook, f"returned {misfit}") from misfit
        else:
            return answer
        finally:
            self._unanswered -= 1

    async def stop(self) -> None:
        """Shut it down, for at most the grace."""
        self._state = State.STOPPED
        if self._task is not None:
            await self._task.stop()
        self._threads.close()

    async def ended(self) -> None:
        """Wait until one that was started has ended, stopped or by itself."""
        if self._task is not None:
            await self._task.over.wait()

    @property
    def _is_running(self) -> bool:
        has_ended = self._task is not None and self._task.over.is_set()
        return self._state is State.RUNNING and not has_ended

    def _begun(
        self, implementation: Implementation, arguments: Mapping[str, object]
    ) -> Awaitable[object]:
        named = partial(implementation.function, **arguments)
        if implementation.is_async:
            return cast("Awaitable[object]", named())
        return self._threads.run(named, waits=self._waits)

    def _error(self, explanation: str) -> PluginError:
        return PluginError(self._enabled.name, explanation)
