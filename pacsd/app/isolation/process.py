"""A plugin that lives in a process of its own, as the daemon sees it.

The process is killed, with all that it has begun, when it breaks the rules of its channel, leaves
a call unended after its deadline, or runs out of the memory that it may have; then, as when it ends
by itself, it is begun anew after a while. The daemon imports nothing of it.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import anyio
from anyio.abc import TaskGroup, TaskStatus

from pacsd.api.dispatch.asked_for import asked_for
from pacsd.api.dispatch.own_traceback import MAX_CHARACTERS
from pacsd.api.errors import HookError, PluginError
from pacsd.api.plugin import Host
from pacsd.app.isolation.back_off import BackOff
from pacsd.app.isolation.errors import AskFailed, ChannelClosed, Misfit
from pacsd.app.isolation.home import Enabled, Health, HookTraits, State
from pacsd.app.isolation.host_answering import handlers_of
from pacsd.app.isolation.life import Hosting, Life, Limits, lived
from pacsd.app.isolation.process_limits import resident_bytes
from pacsd.app.isolation.requests import CALL_REQUEST, CallRequest
from pacsd.app.isolation.series import METHOD, BundleListener
from pacsd.app.isolation.specifications import Specification, specifications


@dataclass(frozen=True, slots=True)
class Clock:
    """How the time between two lives passes."""

    now_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep


class GuestProcess:
    """The Home of a plugin in a process of its own.

    What the plugin asks its Host for there, `host` is asked for here.
    """

    def __init__(
        self,
        enabled: Enabled,
        host: Host,
        *,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._name = enabled.name
        self._logger = host.logger
        self._clock = clock or Clock()
        self._enabled = enabled
        self._limits = limits or Limits()
        hears = {METHOD: BundleListener(host.metrics)}
        self._hosting = Hosting(partial(handlers_of, host), hears)
        self._specifications: Mapping[str, Specification] = specifications()
        self._hooks: Mapping[str, HookTraits] = {}
        self._life: Life | None = None
        self._state = State.STOPPED
        self._restarts = 0
        self._retry_at_s = 0.0
        self._is_stopping = False
        self._scope: anyio.CancelScope | None = None
        self._over: anyio.Event | None = None

    @property
    def hooks(self) -> Mapping[str, HookTraits]:
        """The hooks it implements; known once it was loaded."""
        return self._hooks

    def health(self) -> Health:
        """How its process does."""
        if self._life is not None:
            pid = self._life.child.pid
            return Health(self._state, self._restarts, None, pid, resident_bytes(pid))
        is_away = self._state is State.RESTARTING
        return Health(self._state, self._restarts, self._retry_in_s() if is_away else None)

    def check(self) -> Sequence[str]:
        """What would keep it from working, in a process for this alone. Blocks.

        Raises:
            SettingsRefused, PluginError: as `Home.check`.
        """
        with ThreadPoolExecutor(1, f"check {self._name}") as threads:
            return threads.submit(anyio.run, self._checked).result()

    async def start(self, tasks: TaskGroup) -> None:
        """Begin its process, load it and let it start up; it lives in `tasks` from then on.

        Raises:
            SettingsRefused, PluginError: as `Home.start`.
        """
        self._scope, self._over, self._is_stopping = anyio.CancelScope(), anyio.Event(), False
        await tasks.start(self._live_on, self._scope, self._over, name=f"plugin {self._name}")

    async def stop(self) -> None:
        """Shut it down, for at most the grace, and kill what is left of it."""
        if self._scope is None or self._over is None:
            return
        self._is_stopping = True
        if self._life is not None:
            await self._life.shut_down()
        self._scope.cancel()
        await self._over.wait()
        self._scope = self._over = None

    async def call(self, hook: str, arguments: Mapping[str, object]) -> object:
        """Call its implementation of a hook, over there.

        Raises:
            HookError: it raised, exited or returned something of another type.
            PluginError: it is not running, or ended meanwhile.
        """
        if self._life is None:
            raise PluginError(self._name, self._absence())
        specification = self._specifications[hook]
        try:
            request = CallRequest(hook, specification.encode_arguments(arguments), asked_for())
            answer = await self._life.channel.ask("call", CALL_REQUEST.encode(request))
        except Misfit as misfit:
            raise HookError(self._name, hook, f"cannot be asked: {misfit}") from misfit
        except AskFailed as failed:
            error = HookError(self._name, hook, str(failed))
            error.traceback = failed.traceback[:MAX_CHARACTERS]
            raise error from failed
        except ChannelClosed as closed:
            raise PluginError(self._name, f"its process was ended: {closed}") from closed
        try:
            return specification.decode_answer(answer)
        except Misfit as misfit:
            raise HookError(self._name, hook, f"returned {misfit}") from misfit

    async def _checked(self) -> Sequence[str]:
        return await lived(self._enabled, self._logger, self._limits, self._hosting, _check)

    async def _live_on(
        self, scope: anyio.CancelScope, over: anyio.Event, *, task_status: TaskStatus[None]
    ) -> None:
        """One life after the other; the first must begin well."""
        back_off = BackOff()
        try:
            with scope:
                began_s = self._clock.now_s()
                reason = await self._live(task_status.started)
                while not self._is_stopping:
                    await self._stay_away(back_off.after(self._clock.now_s() - began_s), reason)
                    began_s = self._clock.now_s()
                    reason = await self._live_again()
        finally:
            self._state = State.STOPPED
            over.set()

    async def _stay_away(self, wait_s: float, reason: str) -> None:
        self._state = State.RESTARTING
        self._retry_at_s = self._clock.now_s() + wait_s
        self._logger.error(
            "plugin's process ended", plugin=self._name, reason=reason, retry_in_s=wait_s
        )
        await self._clock.sleep(wait_s)

    async def _live_again(self) -> str:
        self._restarts += 1
        try:
            return await self._live(self._tell_restarted)
        except PluginError as error:
            return error.explanation

    def _tell_restarted(self) -> None:
        self._logger.info(
            "plugin's process was restarted", plugin=self._name, restarts=self._restarts
        )

    async def _live(self, started: Callable[[], None]) -> str:
        """One life, and how it ended.

        Raises:
            SettingsRefused, PluginError: it did not start up.
        """
        live_well = partial(self._live_well, started)
        life = await lived(self._enabled, self._logger, self._limits, self._hosting, live_well)
        return life.reason

    async def _live_well(self, started: Callable[[], None], life: Life) -> Life:
        self._hooks = await life.load()
        try:
            await life.start_up()
        except PluginError:
            # What began to start is shut down, too.
            await life.shut_down()
            raise
        self._life, self._state = life, State.RUNNING
        try:
            started()
            await life.over()
        finally:
            self._life = None
        if self._is_stopping:
            await life.child.ended.wait()
        return life

    def _retry_in_s(self) -> float:
        return max(0.0, self._retry_at_s - self._clock.now_s())

    def _absence(self) -> str:
        if self._state is State.RESTARTING:
            return f"is not running; it is tried again in {self._retry_in_s():.1f} s"
        return "is not running"


async def _check(life: Life) -> Sequence[str]:
    await life.load()
    return await life.check()
