"""What runs models for other plugins: found by its name, contained, and its answers judged."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import anyio

from pacsd.api.ai import AiFindings
from pacsd.api.ai_runner import AiRunner, AiWork
from pacsd.app.isolation.contained import Raised, contained
from pacsd.app.isolation.errors import Misfit, describe
from pacsd.app.isolation.loading import CONTAINED
from pacsd.app.isolation.values import form_of
from pacsd.app.plugins.hooks import Hooks
from pacsd.jobs.model_runs import FindRunner, RunBrokenOff, RunFailed, Runner

UntilForgotten = Callable[[str], AbstractContextManager[anyio.CancelScope]]
"""What is done within, with what a plugin gave, is broken off once that plugin is exchanged."""

_FINDINGS = form_of(AiFindings | None)


def runner_finder(hooks: Hooks) -> FindRunner:
    """Who finds the runners that plugins give."""

    async def find(name: str) -> Runner:
        while True:
            lineup = hooks.ai_runner.lineup
            found = await hooks.ai_runner.found(name)
            if hooks.ai_runner.lineup is lineup:
                return ContainedRunner(*found, hooks.ai_runner.until_forgotten)
            # A reload has come between, and its plugin may be gone.

    return find


@dataclass(frozen=True, slots=True)
class ContainedRunner:
    """A runner of a plugin: what it does wrong is a RunFailed, and harms nobody else."""

    plugin: str
    runner: AiRunner
    until_forgotten: UntilForgotten

    @property
    def max_at_once(self) -> int:
        """How many runs it takes at a time.

        Raises:
            RunFailed: it does not say, or takes none.
        """
        try:
            places: object = self.runner.max_at_once
        except CONTAINED as raised:
            raise RunFailed(f"its max_at_once cannot be had: {describe(raised)}") from raised
        if type(places) is not int or places < 1:
            raise RunFailed(f"its max_at_once is {places!r:.50}: must be a whole number from 1 on")
        return places

    async def run(self, work: AiWork) -> AiFindings | None:
        """Run a model.

        Raises:
            RunFailed: it raised, or answered with anything else.
            RunBrokenOff: its plugin was exchanged meanwhile.
        """
        with self.until_forgotten(self.plugin) as scope:
            try:
                return await self._judged(work)
            except RunFailed:
                # That of one that is broken off is no fault.
                if not scope.cancel_called:
                    raise
        raise RunBrokenOff(f"plugin {self.plugin} is exchanged")

    async def _judged(self, work: AiWork) -> AiFindings | None:
        try:
            found = await contained(self._run(work))
            _FINDINGS.encode(found)
        except Raised as raised:
            raise RunFailed(str(raised)) from raised.__cause__
        except Misfit as misfit:
            raise RunFailed(f"returned {misfit}") from None
        return found if isinstance(found, AiFindings) else None

    async def _run(self, work: AiWork) -> object:
        # Whatever it is that it gives: that it can be called and awaited is its contract.
        return await self.runner.run(work)
