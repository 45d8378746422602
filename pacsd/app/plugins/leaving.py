"""A plugin that is asked no more, until it is shut down."""

from collections.abc import Mapping
from time import monotonic

import anyio

from pacsd.api.dispatch.lineup import Lineup
from pacsd.api.hooks import hook_facts
from pacsd.api.plugin import Logger
from pacsd.app.isolation.home import Home

LONGER_S = 1.0
"""Than the longest deadline of its hooks: by then each of its calls has ended."""


class Leaving:
    """Waits until what it was asked has ended, then has it shut down. `calls` are by hook."""

    def __init__(self, name: str, home: Home, calls: Mapping[str, Lineup], logger: Logger) -> None:
        self._name = name
        self._home = home
        self._calls = dict(calls)
        self._logger = logger
        self._is_in_a_hurry = anyio.Event()
        self._over = anyio.Event()

    @property
    def deadline_s(self) -> float:
        """How long it has at most for what it was asked; what it gave may be in use for longer."""
        return max((hook_facts(hook).deadline_s for hook in self._calls), default=0.0) + LONGER_S

    def _left_s(self, until: float) -> float:
        """How long until all has to have ended, of which calls have until then."""
        in_use = (lineup.used_until + LONGER_S for lineup in self._calls.values())
        return max(until, *in_use, 0.0) - monotonic()

    async def run(self) -> None:
        """See it off."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._until_idle, tasks.cancel_scope)
                await self._is_in_a_hurry.wait()
                tasks.cancel_scope.cancel()
            await self._home.stop()
            self._logger.info("plugin stopped", plugin=self._name)
        finally:
            self._over.set()

    async def hurried(self) -> None:
        """Have it shut down at once, and wait for that."""
        self._is_in_a_hurry.set()
        await self._over.wait()

    async def _until_idle(self, scope: anyio.CancelScope) -> None:
        until = monotonic() + self.deadline_s
        while (left_s := self._left_s(until)) > 0:
            with anyio.move_on_after(left_s):
                for lineup in self._calls.values():
                    await lineup.idle()
                break
        scope.cancel()
