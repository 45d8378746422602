from dataclasses import replace

import pytest

from pacsd.api.errors import HookError
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.hooks import hookimpl
from pacsd.api.host import PluginJob
from pacsd.app.plugins.durable_work import consumers_of, job_handler
from pacsd.index.job_records import Job, JobClass, JobState
from pacsd.jobs.outcomes import Dead, Done, Retry
from tests.api.hookspecs.hooks_of import hooks_of

EVENT = ArchiveEvent("e-1", EventKind.STUDY_QUIET, 5, "1.2", "", "")
JOB = Job(
    id=7,
    partition=1,
    state=JobState.LEASED,
    priority=JobClass.AI,
    kind="plugin",
    queue="plugin:acme",
    attempts=2,
    max_attempts=10,
    not_before_us=0,
    expires_at_us=0,
    lease_token=1,
    leased_until_us=0,
    created_at_us=0,
    ended_at_us=0,
    created_by="acme",
    unique_key="",
    window="",
    explanation="",
    payload='{"name": "thumbnails", "payload": "1.2"}',
)


class Worker:
    """Does what it is told, or raises."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.told: list[object] = []

    def take(self, what: object) -> None:
        if self.failure is not None:
            raise self.failure
        self.told.append(what)

    @hookimpl
    async def pacsd_study_quiet(self, event: ArchiveEvent) -> None:
        self.take(event)

    @hookimpl
    async def pacsd_job(self, job: PluginJob) -> None:
        self.take(job)


async def test_each_plugin_that_wants_events_is_a_consumer() -> None:
    worker = Worker()
    [consumer] = consumers_of(hooks_of(worker, object()))
    assert consumer.name == "plugin:acme"
    assert consumer.deadline_s > 60
    await consumer.deliver(EVENT)
    await consumer.deliver(replace(EVENT, kind=EventKind.INSTANCE_STORED))
    assert worker.told == [EVENT]
    assert consumers_of(hooks_of(object())) == ()


async def test_an_event_that_was_not_taken_is_told_again() -> None:
    [consumer] = consumers_of(hooks_of(Worker(OSError("full"))))
    with pytest.raises(HookError, match="pacsd_study_quiet: raised OSError: full"):
        await consumer.deliver(EVENT)


async def test_a_job_comes_to_its_plugin() -> None:
    worker = Worker()
    assert await job_handler(hooks_of(worker)).run(JOB) == Done()
    assert worker.told == [PluginJob(7, "thumbnails", "1.2", attempt=2)]


async def test_a_job_that_fails_is_tried_again() -> None:
    outcome = await job_handler(hooks_of(Worker(OSError("full")))).run(JOB)
    assert outcome == Retry("plugin acme: pacsd_job: raised OSError: full")


async def test_a_job_waits_for_its_plugin() -> None:
    outcome = await job_handler(hooks_of(object())).run(JOB)
    assert outcome == Retry("plugin acme is not enabled, or does no jobs")


@pytest.mark.parametrize("payload", ["{}", "[]", "no JSON"])
async def test_p06_a_job_that_no_plugin_gave_is_dead(payload: str) -> None:
    outcome = await job_handler(hooks_of(Worker())).run(replace(JOB, payload=payload))
    assert isinstance(outcome, Dead)
