"""One life of a plugin in a process of its own: begun, loaded, started up, shut down, killed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TypeVar, cast

import anyio

from pacsd.api.errors import PluginError
from pacsd.api.plugin import Logger
from pacsd.app.isolation.channel import CLOSED, Channel, Handler, Manners
from pacsd.app.isolation.child_process import ChildProcess, begun
from pacsd.app.isolation.descriptors import Descriptors, descriptors_beside
from pacsd.app.isolation.errors import AskFailed, ChannelClosed, Misfit, SettingsRefused
from pacsd.app.isolation.home import (
    MAX_CALLS,
    START_DEADLINE_S,
    STOP_GRACE_S,
    Enabled,
    HookTraits,
)
from pacsd.app.isolation.line_rate import LineRate
from pacsd.app.isolation.log_records import METHOD, LogListener
from pacsd.app.isolation.output import Output
from pacsd.app.isolation.requests import (
    LOAD_REPLY,
    LOAD_REQUEST,
    MAX_ASKED,
    SENTENCES,
    Arrived,
    LoadRequest,
    TableRefused,
)

Outcome = TypeVar("Outcome")

Answers = Callable[[Descriptors], Mapping[str, Handler]]
"""What a process is answered, with files by these descriptors."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may have, and how long it is waited for.

    `cancel_grace_s` is how long a call may go on after its deadline.
    """

    memory_mb: int = 1024
    start_deadline_s: float = START_DEADLINE_S
    stop_grace_s: float = STOP_GRACE_S
    cancel_grace_s: float = 1.0


class Life:
    """A process and the channel to it."""

    def __init__(
        self,
        enabled: Enabled,
        logger: Logger,
        limits: Limits,
        child: ChildProcess,
        channel: Channel,
    ) -> None:
        self.child = child
        self.channel = channel
        self._enabled = enabled
        self._logger = logger
        self._limits = limits

    @property
    def reason(self) -> str:
        """Why it is over, once it is."""
        return self.child.ending if self.channel.reason == CLOSED else self.channel.reason

    async def load(self) -> Mapping[str, HookTraits]:
        """Have the plugin imported, its table decoded, constructed; the hooks it implements.

        Raises:
            SettingsRefused: its table does not fit its settings.
            PluginError: it cannot be loaded, or not in time.
        """
        enabled = self._enabled
        request = LoadRequest(
            enabled.name,
            enabled.entry_point,
            dict(enabled.table),
            str(enabled.data_dir),
            self._limits.memory_mb,
        )
        raw = await self._asked("load", LOAD_REQUEST.encode(request))
        reply = self._read(LOAD_REPLY.decode, raw)
        if isinstance(reply, TableRefused):
            raise SettingsRefused(enabled.name, reply.problems)
        assert isinstance(reply, Arrived)  # noqa: S101 - the form makes nothing else
        return reply.hooks

    async def check(self) -> Sequence[str]:
        """What would keep it from working.

        Raises:
            PluginError: the check failed, or took too long.
        """
        return cast("Sequence[str]", self._read(SENTENCES.decode, await self._asked("check")))

    async def start_up(self) -> None:
        """Have it start up.

        Raises:
            PluginError: it did not, or not in time.
        """
        await self._asked("startup")

    async def shut_down(self) -> None:
        """Have it shut down and end by itself, for at most the grace; what fails is logged."""
        with anyio.move_on_after(self._limits.stop_grace_s) as scope:
            try:
                await self.channel.ask("shutdown", None)
                self.channel.hang_up()
                await self.child.ended.wait()
            except (AskFailed, ChannelClosed):
                self._logger.exception("plugin shutdown failed", plugin=self._enabled.name)
        if scope.cancelled_caught:
            self._logger.error("plugin shutdown took too long", plugin=self._enabled.name)

    async def over(self) -> None:
        """Wait until it is over, whichever is noticed first."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_first_of, self.channel.closed, tasks.cancel_scope)
            tasks.start_soon(_first_of, self.child.ended, tasks.cancel_scope)

    async def _asked(self, method: str, arguments: object = None) -> object:
        deadline_s = self._limits.start_deadline_s
        with anyio.move_on_after(deadline_s):
            try:
                return await self.channel.ask(method, arguments)
            except (AskFailed, Misfit) as error:
                raise PluginError(self._enabled.name, str(error)) from error
            except ChannelClosed as closed:
                raise PluginError(self._enabled.name, f"{method}: its process {closed}") from closed
        raise PluginError(self._enabled.name, f"{method}: not done within {deadline_s:g} s")

    def _read(self, decode: Callable[[object], object], raw: object) -> object:
        try:
            return decode(raw)
        except Misfit as misfit:
            raise PluginError(self._enabled.name, f"its process sent {misfit}") from misfit


async def lived(
    enabled: Enabled,
    logger: Logger,
    limits: Limits,
    answers: Answers,
    live: Callable[[Life], Awaitable[Outcome]],
) -> Outcome:
    """Begin a process, do something with it, and kill it with all that it has begun.

    Raises:
        PluginError: the process cannot be begun; or what `live` raises.
    """
    rate = LineRate(monotonic)
    failure: PluginError | None = None
    async with anyio.create_task_group() as tasks:
        try:
            with descriptors_beside() as (descriptors, beside):
                manners = Manners(
                    answers=answers(descriptors),
                    hears={METHOD: LogListener(logger, rate)},
                    max_asked=MAX_CALLS,
                    max_served=MAX_ASKED,
                    cancel_grace_s=limits.cancel_grace_s,
                    failed=partial(_tell_failed, enabled.name, logger),
                )
                channel = Channel(tasks, manners)
                async with begun(channel, Output(logger, rate), beside) as child:
                    outcome = await live(Life(enabled, logger, limits, child, channel))
        except PluginError as error:
            failure = error
        except OSError as error:
            failure = PluginError(enabled.name, f"its process cannot be begun: {error}")
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return outcome


def _tell_failed(plugin: str, logger: Logger, method: str, error: Exception) -> None:
    logger.error("what a plugin asked for failed", plugin=plugin, method=method, exc_info=error)


async def _first_of(event: anyio.Event, scope: anyio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
