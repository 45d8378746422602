"""Plugins with models: asked what they wish to see, find and write; and with what runs these."""

from typing import TypeVar

from pacsd.api.ai import AiFindings, AiInput, AiResults, Prefetch, RunModel
from pacsd.api.dispatch.asked_alone import AskedAlone
from pacsd.api.event_subject import EventSubject
from pacsd.api.hooks import hook_facts
from pacsd.app.plugins.adding import origin_of
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.runners import runner_finder
from pacsd.jobs.inference import Models
from pacsd.jobs.model_runs import ModelRuns
from pacsd.jobs.observer import RunObserver

Answer = TypeVar("Answer")

_LONGER_S = 60.0
"""Than the deadlines of the hooks, for looking up what is asked about."""


class HookedModels:
    """The hooks of plugins with models."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    async def prefetch(self, plugin: str, subject: EventSubject) -> Prefetch | None:
        """What a plugin wishes to see beside a study."""
        if self._leaves_out(self._hooks.prefetch, plugin):
            return None
        return await self._hooks.prefetch.ask(plugin, subject=subject)

    async def infer(
        self, plugin: str, subject: EventSubject, inputs: tuple[AiInput, ...]
    ) -> AiFindings | RunModel | None:
        """What it finds, or what shall be run to find it."""
        return await self._hooks.infer.ask(plugin, subject=subject, inputs=inputs)

    async def persist(
        self, plugin: str, subject: EventSubject, findings: AiFindings
    ) -> AiResults | None:
        """What it has written."""
        if self._leaves_out(self._hooks.persist, plugin):
            return None
        return await self._hooks.persist.ask(plugin, subject=subject, findings=findings)

    def _leaves_out(self, hook: AskedAlone[Answer], plugin: str) -> bool:
        """Whether it has a model, but not this one of its hooks."""
        return plugin in self._hooks.infer.plugins and plugin not in hook.plugins


def models_of(hooks: Hooks, observer: RunObserver) -> Models:
    """The plugins with models; the observer is told of those that runners run."""
    stages = ("pacsd_prefetch", "pacsd_infer", "pacsd_ai_runner")
    deadline_s = sum(hook_facts(name).deadline_s for name in stages) + _LONGER_S

    def origins() -> dict[str, str]:
        return {plugin: origin_of(plugin) for plugin in hooks.infer.plugins}

    runs = ModelRuns(runner_finder(hooks), observer)
    return Models(HookedModels(hooks), origins, runs, deadline_s)
