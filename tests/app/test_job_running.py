from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from prometheus_client import CollectorRegistry

from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config, EventSettings
from pacsd.app.job_running import make_jobs
from pacsd.index.index import Index, open_index
from pacsd.index.records import Scope
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.quiet_timers import CONSUMER
from tests.index.made import new
from tests.jobs.test_expected_counts import header

TIMEOUT_S = 30


class Taker:
    """Takes all events."""

    def __init__(self) -> None:
        self.events: list[ArchiveEvent] = []
        self.changed = anyio.Event()

    async def __call__(self, event: ArchiveEvent) -> None:
        self.events.append(event)
        self.changed.set()
        self.changed = anyio.Event()

    async def until(self, kind: EventKind) -> None:
        with anyio.fail_after(TIMEOUT_S):
            while kind not in {each.kind for each in self.events}:
                await self.changed.wait()


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=utc_us) as opened:
        yield opened


async def test_what_is_stored_is_told_of_and_then_that_it_is_quiet(index: Index) -> None:
    taker, registry = Taker(), CollectorRegistry()
    config = Config(events=EventSettings(series_quiet_s=0.01, study_quiet_s=0.02))
    consumer = Consumer("route", taker, begins_at_first=True)
    running = make_jobs(config, index, registry, (consumer,))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.run)
        await until_noted(index)
        await index.add([new("1.1")])
        for kind in (EventKind.INSTANCE_STORED, EventKind.SERIES_QUIET, EventKind.STUDY_QUIET):
            await taker.until(kind)
        with anyio.fail_after(TIMEOUT_S):
            await running.stop()
        tasks.cancel_scope.cancel()
    value = registry.get_sample_value("pacsd_events_delivered_total", {"consumer": "route"})
    assert value == 3


async def test_what_has_as_many_as_its_objects_say_is_quiet_at_once(index: Index) -> None:
    taker = Taker()
    events = EventSettings(
        series_quiet_s=86_400,
        study_quiet_s=86_400,
        series_complete_at=("ImagesInAcquisition",),
        study_complete_at=("NumberOfStudyRelatedInstances",),
    )
    consumer = Consumer("route", taker, begins_at_first=True)
    running = make_jobs(Config(events=events), index, CollectorRegistry(), (consumer,))
    said = header(ImagesInAcquisition=1, NumberOfStudyRelatedInstances=2)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.run)
        await until_noted(index)
        await index.add([new("1.1", header=said)])
        await taker.until(EventKind.SERIES_QUIET)
        assert EventKind.STUDY_QUIET not in {each.kind for each in taker.events}
        await index.add([new("9.1", series="1.2.3.9", header=said)])
        await taker.until(EventKind.STUDY_QUIET)
        await running.stop()
        tasks.cancel_scope.cancel()


async def until_noted(index: Index) -> None:
    """The timers tell of what comes once they have begun."""
    with anyio.fail_after(TIMEOUT_S):
        while await index.changes.standing(Scope(), CONSUMER) is None:
            await anyio.lowlevel.checkpoint()


async def test_it_stops_before_it_has_begun_and_afterwards(index: Index) -> None:
    running = make_jobs(Config(), index, CollectorRegistry())
    with anyio.fail_after(TIMEOUT_S):
        await running.stop()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.run)
            await anyio.wait_all_tasks_blocked()
            await running.stop()
            tasks.cancel_scope.cancel()
