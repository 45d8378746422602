"""The task in which a plugin lives: what it enters at `startup` it may leave at `shutdown`."""

import asyncio

import anyio
from anyio.abc import TaskGroup

from pacsd.api.plugin import Logger, Plugin
from pacsd.api.settings import Settings
from pacsd.app.isolation.contained import Raised, contained, limit

_BROKEN = "a scope that it entered was cancelled, as when a task of its own fails"


class PluginTask:
    """Runs a plugin's `startup`, waits until it is to end, and runs its `shutdown`.

    It ends by itself when a scope that the plugin has entered is cancelled. What fails at the end
    is logged.
    """

    def __init__(self, name: str, plugin: Plugin[Settings], logger: Logger) -> None:
        self._name = name
        self._plugin = plugin
        self._logger = logger
        self._stop_grace_s = 0.0
        self._starting: asyncio.Timeout | None = None
        self._are_all_to_end = False
        self._failure: Exception | None = None
        self._started = anyio.Event()
        self._to_end = anyio.Event()
        self.over = anyio.Event()

    async def start(self, tasks: TaskGroup, deadline_s: float, stop_grace_s: float) -> None:
        """Begin among `tasks` and wait until the plugin has started up.

        However that ends, the plugin waits to be stopped.

        Raises:
            Raised: it did not start up.
            TimeoutError: not in time.
        """
        self._stop_grace_s = stop_grace_s
        tasks.start_soon(self._hold, deadline_s, name=f"around plugin {self._name}")
        try:
            await self._started.wait()
        except asyncio.CancelledError:
            self._give_up()
            raise
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Have it shut down, for at most the grace."""
        self._to_end.set()
        await self.over.wait()

    async def _hold(self, deadline_s: float) -> None:
        """Have a task live, whose end harms nobody even if the plugin is still in a scope then."""
        try:
            async with anyio.create_task_group() as own:
                own.start_soon(self._live, deadline_s, name=f"plugin {self._name}")
                try:
                    await self.over.wait()
                finally:
                    # Those around the plugin are cancelled, not a scope of its own.
                    self._are_all_to_end = not self.over.is_set()
        except* RuntimeError:
            self._logger.exception("plugin did not leave what it had entered", plugin=self._name)

    async def _live(self, deadline_s: float) -> None:
        try:
            try:
                await self._start_up(deadline_s)
                self._started.set()
                await self._to_end.wait()
            except asyncio.CancelledError:
                if self._are_all_to_end:
                    raise
                self._break()
            await self._shut_down()
        finally:
            self._started.set()
            self.over.set()

    async def _start_up(self, deadline_s: float) -> None:
        try:
            async with limit(deadline_s) as self._starting:
                await contained(self._plugin.startup())
        except (Raised, TimeoutError) as failure:
            self._failure = failure
        finally:
            self._starting = None

    def _give_up(self) -> None:
        """Nobody waits for the end of `startup` any more."""
        if self._starting is not None:
            self._starting.reschedule(asyncio.get_running_loop().time())

    def _break(self) -> None:
        if self._started.is_set():
            self._logger.error("plugin cannot go on", plugin=self._name, reason=_BROKEN)
        else:
            self._failure = Raised(_BROKEN)

    async def _shut_down(self) -> None:
        try:
            async with limit(self._stop_grace_s):
                await contained(self._plugin.shutdown())
        except Raised:
            self._logger.exception("plugin shutdown failed", plugin=self._name)
        except TimeoutError:  # the plugin has raised nothing
            self._logger.error(  # noqa: TRY400
                "plugin shutdown took too long", plugin=self._name
            )
        except asyncio.CancelledError:
            if self._are_all_to_end:
                raise
            self._logger.exception("plugin shutdown failed", plugin=self._name)
