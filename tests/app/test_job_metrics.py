from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from prometheus_client import CollectorRegistry

from pacsd.app.job_log import JobLog
from pacsd.app.job_metrics import JobCollector, JobCounts
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import Index, open_index
from pacsd.index.job_records import JobCount, JobState, NewJob
from pacsd.jobs.consumer import ConsumerHealth
from tests.index.made import Clock

COUNTS = (JobCount("route", JobState.WAITING, 3), JobCount("route", JobState.DONE, 9))


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=Clock()) as opened:
        yield opened


def test_queues_and_consumers_are_scraped() -> None:
    consumers = (
        ConsumerHealth("route", delivered=5, failed=2, at_us=1_000_000),
        ConsumerHealth("hooks"),
    )
    registry = CollectorRegistry()
    registry.register(JobCollector(lambda: COUNTS, lambda: consumers, lambda: 3_500_000))
    sample = registry.get_sample_value
    assert sample("pacsd_jobs", {"queue": "route", "state": "waiting"}) == 3
    assert sample("pacsd_jobs", {"queue": "route", "state": "done"}) is None
    assert sample("pacsd_events_delivered_total", {"consumer": "route"}) == 5
    assert sample("pacsd_events_failed_total", {"consumer": "route"}) == 2
    assert sample("pacsd_events_lag_seconds", {"consumer": "route"}) == 2.5
    assert sample("pacsd_events_lag_seconds", {"consumer": "hooks"}) == 0


async def until_counted(counts: JobCounts, jobs: int) -> None:
    with anyio.fail_after(30):
        while sum(each.jobs for each in counts.look()) != jobs:
            await anyio.lowlevel.checkpoint()


async def test_counts_are_read_after_each_look(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = JobCounts(index.jobs, JobLog())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(counts.run)
        await index.jobs.add([NewJob("deliver", "route")] * 2)
        await until_counted(counts, 2)
        await index.jobs.add([NewJob("deliver", "route")])
        await until_counted(counts, 3)

        async def failing(*_: object) -> None:
            raise IndexFault(IndexFaultKind.INPUT_OUTPUT, "no")

        with monkeypatch.context() as patched:
            patched.setattr(index.jobs, "counts", failing)
            counts.look()
            await anyio.wait_all_tasks_blocked()
        await index.jobs.add([NewJob("deliver", "route")])
        await until_counted(counts, 4)
        tasks.cancel_scope.cancel()
