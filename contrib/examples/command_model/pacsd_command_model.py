"""A plugin with a model that something else computes: it says which, and writes a label of it."""

from pacsd.api.ai import AiFindings, AiInput, AiResults, RunModel
from pacsd.api.event_subject import EventSubject
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings


class CommandModelSettings(Settings):
    """What is run on what."""

    model: str
    """As the runner calls it."""

    runner: str = "command"
    """A name for which another plugin gives a runner."""

    modalities: tuple[str, ...] = ("CT",)
    """Modalities (0008,0060) of the series that it is run on."""

    deadline_s: float = 600.0
    """How long that may take."""


class CommandModel(Plugin[CommandModelSettings]):
    """It computes nothing itself: so it can live in a process of its own, wherever the GPU is."""

    settings_class = CommandModelSettings

    @hookimpl
    async def pacsd_infer(self, inputs: tuple[AiInput, ...]) -> RunModel | None:
        """Nothing is run for a study without such a series."""
        if not any(each.modality in self.settings.modalities for each in inputs):
            return None
        wanted = self.settings
        return RunModel(wanted.runner, wanted.model, deadline_s=wanted.deadline_s)

    @hookimpl
    async def pacsd_persist(self, subject: EventSubject, findings: AiFindings) -> AiResults:
        """What the runner found comes back here."""
        label = f"{self.settings.model}: {findings.summary}"[:64]
        await self.host.labels.set(subject.event.study_instance_uid, label)
        return AiResults()
