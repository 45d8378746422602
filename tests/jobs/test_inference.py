from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from pacsd.api.ai import MAX_RUN_S, AiFindings, AiInput, AiResults, Prefetch, PriorWish, RunModel
from pacsd.api.ai_runner import AiWork
from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.index.index import Index
from pacsd.index.job_records import FreePlaces, Job, JobClass
from pacsd.jobs.inference import INFER, PERSIST, Inference, Models
from pacsd.jobs.model_runs import WAIT_S
from pacsd.jobs.outcomes import Dead, Done, Later, Outcome, Retry
from pacsd.testing.hook_records import RECEPTION
from tests.index.made import SCOPE, new
from tests.index.test_study_origins import STUDY, brought, quiet

INPUT = AiInput("1.2.3", "1.2.3.1", "CT", "", "20260102", is_prior=False)
FINDINGS = AiFindings("3 nodules", '{"nodules": 3}')


class Subjects:
    """Knows one study."""

    async def of_event(self, event: ArchiveEvent) -> EventSubject | None:
        is_here = event.study_instance_uid == STUDY
        return EventSubject(event, RECEPTION, {}) if is_here else None


class Inputs:
    """Has one series, and one object."""

    def __init__(self) -> None:
        self.asked: list[tuple[Prefetch, str]] = []

    async def of(
        self, subject: EventSubject, prefetch: Prefetch, own_origin: str
    ) -> tuple[AiInput, ...]:
        assert subject.event.study_instance_uid == STUDY
        self.asked.append((prefetch, own_origin))
        return (INPUT,)

    async def are_here(self, sop_instance_uids: Sequence[str]) -> Collection[str]:
        return {"1.9"} & {*sop_instance_uids}


class Model:
    """Finds and writes so; an exception is raised."""

    def __init__(
        self,
        finds: AiFindings | RunModel | Exception | None = FINDINGS,
        writes: AiResults | None = None,
    ) -> None:
        self.finds = finds
        self.writes = writes
        self.seen: list[object] = []

    async def prefetch(self, plugin: str, _: EventSubject) -> Prefetch | None:
        self.seen.append(plugin)
        return Prefetch((PriorWish("CT"),))

    async def infer(
        self, _: str, __: EventSubject, inputs: tuple[AiInput, ...]
    ) -> AiFindings | RunModel | None:
        self.seen.append(inputs)
        if isinstance(self.finds, Exception):
            raise self.finds
        return self.finds

    async def persist(self, _: str, __: EventSubject, findings: AiFindings) -> AiResults | None:
        self.seen.append(findings)
        return self.writes


Found = AiFindings | Dead | Later | Retry | None


class Runs:
    """Find so."""

    def __init__(self, found: Found = None) -> None:
        self.found = found
        self.works: list[AiWork] = []

    async def run(self, _: RunModel, work: AiWork) -> Found:
        self.works.append(work)
        return self.found


class Work:
    """One model in an index."""

    def __init__(self, index: Index, model: Model, runs: Runs | None = None) -> None:
        self.index = index
        self.inputs = Inputs()
        self.origins = {"acme": "plugin:acme", "other": "plugin:other"}
        models = Models(model, lambda: self.origins, runs or Runs(), 720.0)
        self.tested = Inference(index, Subjects(), self.inputs, models)

    async def tell(self, event: ArchiveEvent) -> list[Job]:
        """Tell the consumer of `acme`: the jobs that are due then."""
        consumer = self.tested.consumers[0]
        assert consumer.name == "infer:acme"
        await consumer.deliver(event)
        claimed = await self.index.jobs.claim([INFER, PERSIST], FreePlaces(10), 10, 60)
        return list(claimed.jobs)

    async def run(self, job: Job) -> tuple[Outcome, list[Job]]:
        """Its outcome, and what is due afterwards."""
        outcome = await self.tested.handlers[job.kind].run(job)
        claimed = await self.index.jobs.claim([INFER, PERSIST], FreePlaces(10), 10, 60)
        return outcome, list(claimed.jobs)


async def quiet_study(index: Index, origin: str = "dimse") -> ArchiveEvent:
    uid = f"1.{len(await index.instances.page(SCOPE)) + 1}"
    await index.add([brought(uid, origin)])
    number = await quiet(index)
    return ArchiveEvent(f"e-{number}", EventKind.STUDY_QUIET, 5, STUDY, "", "")


async def inferring(index: Index, model: Model, runs: Runs | None = None) -> tuple[Work, Job]:
    work = Work(index, model, runs)
    [job] = await work.tell(await quiet_study(index))
    return work, job


async def test_a_quiet_study_is_a_job_for_each_model(index: Index) -> None:
    _, job = await inferring(index, Model())
    assert (job.kind, job.queue, job.priority) == (INFER, "infer:acme", JobClass.AI)


async def test_other_events_are_none(index: Index) -> None:
    event = await quiet_study(index)
    assert await Work(index, Model()).tell(replace(event, kind=EventKind.SERIES_QUIET)) == []


async def test_a_model_that_is_gone_is_asked_once_it_is_back(index: Index) -> None:
    work, job = await inferring(index, Model())
    origins = work.origins.copy()
    work.origins.clear()
    assert (await work.run(job))[0] == Retry("plugin acme is not enabled, or has no model")
    work.origins |= origins
    assert isinstance((await work.run(job))[0], Done)


@pytest.mark.parametrize("origin", ["plugin:acme", "plugin:other"])
async def test_results_of_models_are_not_looked_at_for_ever(index: Index, origin: str) -> None:
    await quiet_study(index)
    work = Work(index, Model())
    assert await work.tell(await quiet_study(index, origin)) == []
    assert len(await work.tell(await quiet_study(index, "plugin:importer"))) == 1


async def test_findings_are_kept_and_then_written(index: Index) -> None:
    model = Model(writes=AiResults(("1.9",)))
    work, job = await inferring(index, model)
    outcome, [persisting] = await work.run(job)
    assert outcome == Done("3 nodules")
    assert work.inputs.asked == [(Prefetch((PriorWish("CT"),)), "plugin:acme")]
    assert persisting.kind == PERSIST
    outcome, rest = await work.run(persisting)
    assert (outcome, rest) == (Done("1 objects written: 3 nodules"), [])
    assert model.seen == ["acme", (INPUT,), FINDINGS]


async def test_what_a_runner_finds_is_written_by_the_plugin_that_wanted_it(index: Index) -> None:
    run = RunModel("gpu", "nodules", "2.1", "{}", deadline_s=60)
    model, runs = Model(run, AiResults(("1.9",))), Runs(FINDINGS)
    work, job = await inferring(index, model, runs)
    outcome, [persisting] = await work.run(replace(job, attempts=3))
    assert outcome == Done("3 nodules")
    [given] = runs.works
    assert (given.model, given.version, given.parameters) == ("nodules", "2.1", "{}")
    assert (given.inputs, given.attempt, given.deadline_s) == ((INPUT,), 3, 60)
    assert persisting.unique_key == given.event_id
    outcome, rest = await work.run(persisting)
    assert (outcome, rest) == (Done("1 objects written: 3 nodules"), [])
    assert model.seen[-1] == FINDINGS


@pytest.mark.parametrize("outcome", [Dead("no runner"), Retry("late"), Later("no place", 5)])
async def test_what_cannot_be_run_becomes_of_the_job(
    index: Index, outcome: Dead | Retry | Later
) -> None:
    work, job = await inferring(index, Model(RunModel("gpu", "nodules")), Runs(outcome))
    assert await work.run(job) == (outcome, [])


async def test_a_runner_may_find_nothing(index: Index) -> None:
    work, job = await inferring(index, Model(RunModel("gpu", "nodules")), Runs())
    assert await work.run(job) == (Done("nothing found"), [])


def test_a_job_has_the_time_that_a_run_may_have(index: Index) -> None:
    handler = Work(index, Model()).tested.handlers[INFER]
    assert handler.deadline_s == 720 + WAIT_S + MAX_RUN_S


async def test_what_finds_nothing_writes_nothing(index: Index) -> None:
    work, job = await inferring(index, Model(None))
    assert await work.run(job) == (Done("nothing found"), [])


async def test_a_plugin_that_writes_nothing_is_done(index: Index) -> None:
    work, job = await inferring(index, Model())
    _, [persisting] = await work.run(job)
    outcome, _ = await work.run(persisting)
    assert outcome == Done("0 objects written: 3 nodules")


async def test_what_is_said_to_be_written_and_is_not_there(index: Index) -> None:
    work, job = await inferring(index, Model(writes=AiResults(("1.9", "1.10"))))
    _, [persisting] = await work.run(job)
    outcome, _ = await work.run(persisting)
    assert outcome == Retry("it says that it wrote 1.10, which is not in the archive")


async def test_p01_what_a_model_raises_is_left_to_the_attempt(index: Index) -> None:
    work, job = await inferring(index, Model(MemoryError("no room")))
    with pytest.raises(MemoryError):
        await work.tested.handlers[INFER].run(job)


async def test_a_study_that_is_gone_is_done(index: Index) -> None:
    work, job = await inferring(index, Model())
    gone = replace(job, payload=job.payload.replace(STUDY, "1.404"))
    assert await work.run(gone) == (Done("the study is gone"), [])


async def test_a_job_waits_for_its_plugin(index: Index) -> None:
    work, job = await inferring(index, Model())
    outcome, _ = await work.run(replace(job, queue="infer:gone"))
    assert outcome == Retry("plugin gone is not enabled, or has no model")


@pytest.mark.parametrize("kind", [INFER, PERSIST])
async def test_p06_a_job_of_something_else_is_dead(index: Index, kind: str) -> None:
    work, job = await inferring(index, Model())
    outcome, _ = await work.run(replace(job, kind=kind, payload="{}"))
    assert isinstance(outcome, Dead)


async def test_p06_findings_that_are_none_are_dead(index: Index) -> None:
    work, job = await inferring(index, Model())
    outcome, _ = await work.run(replace(job, kind=PERSIST))
    assert isinstance(outcome, Dead)
    assert new("1.1").study_instance_uid == STUDY
