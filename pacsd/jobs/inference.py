"""Models are asked about studies that are quiet: what they wish to see, find and write.

Each plugin with a model is a consumer of events of its own. A study becomes a job to infer, and its
findings one to persist: so each is tried again without the other. A study that only models have
added to since it was quiet before is nobody's work.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import orjson

from pacsd.api.ai import AiFindings, AiInput, AiResults, Prefetch
from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.index.index import Index
from pacsd.index.job_records import Job, JobClass, NewJob
from pacsd.index.records import Scope
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.event_making import event_in, number_of, payload_of
from pacsd.jobs.outcomes import Dead, Done, Handler, Outcome, Retry
from pacsd.jobs.routing import Subjects

INFER, PERSIST = "infer", "persist"
"""The kinds of the jobs."""
MAX_ATTEMPTS = 10
EVENT_DEADLINE_S = 30.0

_QUEUE = "infer:"
_ALL = Scope()


class Model(Protocol):
    """The hooks of a plugin with a model; each raises if it has to be asked again."""

    async def prefetch(self, plugin: str, subject: EventSubject) -> Prefetch | None:
        """What it wishes to see beside a study."""

    async def infer(
        self, plugin: str, subject: EventSubject, inputs: tuple[AiInput, ...]
    ) -> AiFindings | None:
        """What it finds."""

    async def persist(
        self, plugin: str, subject: EventSubject, findings: AiFindings
    ) -> AiResults | None:
        """What it has written."""


class Inputs(Protocol):
    """Who knows what there is to be looked at; see `AiInputs`."""

    async def of(
        self, subject: EventSubject, prefetch: Prefetch, own_origin: str
    ) -> tuple[AiInput, ...]:
        """The series of the study, and those wished for, but for those of this origin."""

    async def are_here(self, sop_instance_uids: Sequence[str]) -> Collection[str]:
        """Those of these instances that are in the archive."""


@dataclass(frozen=True, slots=True)
class Models:
    """Plugins with models as they are now, and the origins of what they add, by their names.

    `deadline_s` is for one attempt, all hooks together.
    """

    model: Model
    origins: Callable[[], Mapping[str, str]]
    deadline_s: float


class Inference:
    """Gives models their work, as jobs of one index."""

    def __init__(self, index: Index, subjects: Subjects, inputs: Inputs, models: Models) -> None:
        self._index = index
        self._subjects = subjects
        self._inputs = inputs
        self._model = models.model
        self._origins = models.origins
        self._deadline_s = models.deadline_s

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """A consumer of events for each plugin with a model."""
        return tuple(
            Consumer(f"{_QUEUE}{plugin}", partial(self._enqueue, plugin), EVENT_DEADLINE_S)
            for plugin in self._origins()
        )

    @property
    def handlers(self) -> dict[str, Handler]:
        """What runs the jobs."""
        return {
            INFER: Handler(partial(self._attempt, self._infer), self._deadline_s),
            PERSIST: Handler(partial(self._attempt, self._persist), self._deadline_s),
        }

    async def _enqueue(self, plugin: str, event: ArchiveEvent) -> None:
        if event.kind is not EventKind.STUDY_QUIET:
            return
        number, study = number_of(event), event.study_instance_uid
        origins = await self._index.changes.origins(_ALL, study, number)
        if origins <= {*self._origins().values()}:
            return
        await self._index.jobs.add([_job(INFER, plugin, event, payload_of(event))])

    async def _attempt(
        self, stage: Callable[[str, EventSubject, Job], Awaitable[Outcome]], job: Job
    ) -> Outcome:
        plugin = job.queue.removeprefix(_QUEUE)
        if plugin not in self._origins():
            return Retry(f"plugin {plugin} is not enabled, or has no model")
        try:
            event = event_in(job.payload)
        except ValueError as error:
            return Dead(str(error))
        subject = await self._subjects.of_event(event)
        return Done("the study is gone") if subject is None else await stage(plugin, subject, job)

    async def _infer(self, plugin: str, subject: EventSubject, _: Job) -> Outcome:
        origin = self._origins().get(plugin)
        if origin is None:
            return Retry(f"plugin {plugin} is not enabled any more")
        wanted = await self._model.prefetch(plugin, subject) or Prefetch()
        inputs = await self._inputs.of(subject, wanted, origin)
        findings = await self._model.infer(plugin, subject, inputs)
        if findings is None:
            return Done("nothing found")
        facts = {"summary": findings.summary, "payload": findings.payload}
        event = subject.event
        payload = orjson.dumps({**orjson.loads(payload_of(event)), "findings": facts}).decode()
        await self._index.jobs.add([_job(PERSIST, plugin, event, payload)])
        return Done(findings.summary)

    async def _persist(self, plugin: str, subject: EventSubject, job: Job) -> Outcome:
        try:
            facts = orjson.loads(job.payload)["findings"]
            findings = AiFindings(str(facts["summary"]), str(facts["payload"]))
        except (ValueError, KeyError, TypeError) as error:
            return Dead(f"payload: has no findings: {error}")
        results = await self._model.persist(plugin, subject, findings) or AiResults()
        here = await self._inputs.are_here(results.sop_instance_uids)
        missing = [uid for uid in results.sop_instance_uids if uid not in here]
        if missing:
            return Retry(f"it says that it wrote {missing[0]}, which is not in the archive")
        return Done(f"{len(results.sop_instance_uids)} objects written: {findings.summary}")


def _job(kind: str, plugin: str, event: ArchiveEvent, payload: str) -> NewJob:
    return NewJob(
        kind=kind,
        queue=f"{_QUEUE}{plugin}",
        payload=payload,
        priority=JobClass.AI,
        unique_key=event.event_id,
        max_attempts=MAX_ATTEMPTS,
        created_by=plugin,
    )
