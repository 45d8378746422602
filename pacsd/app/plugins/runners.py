"""What runs models for other plugins: found by its name, contained, and its answers judged."""

from dataclasses import dataclass

from pacsd.api.ai import AiFindings
from pacsd.api.ai_runner import AiRunner, AiWork
from pacsd.app.isolation.contained import Raised, contained
from pacsd.app.isolation.errors import Misfit, describe
from pacsd.app.isolation.loading import CONTAINED
from pacsd.app.isolation.values import form_of
from pacsd.app.plugins.hooks import Hooks
from pacsd.jobs.model_runs import FindRunner, RunFailed, Runner

_FINDINGS = form_of(AiFindings | None)


def runner_finder(hooks: Hooks) -> FindRunner:
    """Who finds the runners that plugins give."""

    async def find(name: str) -> Runner:
        return ContainedRunner(*await hooks.ai_runner.found(name))

    return find


@dataclass(frozen=True, slots=True)
class ContainedRunner:
    """A runner of a plugin: what it does wrong is a RunFailed, and harms nobody else."""

    plugin: str
    runner: AiRunner

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
        """
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
