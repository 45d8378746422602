"""The port AiRunner: what computes models, be it a process, a server or a GPU, and its work."""

from dataclasses import dataclass
from typing import Protocol

from pacsd.api.ai import AiFindings, AiInput, RunModel
from pacsd.api.event_subject import EventSubject


@dataclass(frozen=True, slots=True)
class AiWork:
    """A model to be run on the series of a study that is quiet.

    `model`, `version` and `parameters` are as its plugin said (`RunModel`), `subject` and `inputs`
    as that plugin got them. `attempt` is 1 for the first one. After `deadline_s` the run is
    cancelled.
    """

    model: str
    version: str
    parameters: str
    subject: EventSubject
    inputs: tuple[AiInput, ...]
    attempt: int
    deadline_s: float

    @property
    def event_id(self) -> str:
        """The same at each attempt at this study by this model's plugin."""
        return self.subject.event.event_id


def work_of(
    run: RunModel, subject: EventSubject, inputs: tuple[AiInput, ...], attempt: int
) -> AiWork:
    """What a runner is given for what a plugin has answered."""
    return AiWork(
        model=run.model,
        version=run.version,
        parameters=run.parameters,
        subject=subject,
        inputs=inputs,
        attempt=attempt,
        deadline_s=run.deadline_s,
    )


class AiRunner(Protocol):
    """Runs models for plugins of others. It is called on the event loop of the daemon."""

    @property
    def max_at_once(self) -> int:
        """How many runs it takes at a time, at least 1; read before each. More wait for a place."""

    async def run(self, work: AiWork, /) -> AiFindings | None:
        """Run a model, and say what it found; None when there is nothing to be told or written.

        The files of the inputs are had by the `host.instances` of the runner's own plugin. What is
        raised, be it that there is no such model, counts as a failed attempt, and is made again. A
        run is cancelled when it is late, when the daemon ends, and when a reload exchanges or stops
        the plugin, which is shut down then. It has to end at once, and what it began with it. It
        may be asked for the same work again, after a crash as well.
        """
