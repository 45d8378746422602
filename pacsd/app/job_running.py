"""Durable work of a daemon: its workers, events and quiet timers, made of its settings."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import anyio
from prometheus_client import CollectorRegistry

from pacsd.api.local_zone import LocalZone
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config
from pacsd.app.job_log import JobLog
from pacsd.app.job_metrics import JobCollector, JobCounts
from pacsd.app.target_metrics import TargetCollector
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.jobs.attempts import Attempts
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.count_products import read_product
from pacsd.jobs.event_delivery import EventDelivery
from pacsd.jobs.event_feed import EVENT
from pacsd.jobs.expected_counts import ExpectedCounts
from pacsd.jobs.job_forgetting import Forgets, JobForgetting
from pacsd.jobs.outcomes import Handler
from pacsd.jobs.quiet_timers import QuietDelays, QuietTimers
from pacsd.jobs.target_gates import TargetGates
from pacsd.jobs.target_pauses import TargetPauses
from pacsd.jobs.workers import PAUSE_S, WorkerBounds, Workers

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class JobRunning:
    """What runs jobs and tells events."""

    workers: Workers
    delivery: EventDelivery
    timers: QuietTimers
    forgetting: Sequence[JobForgetting]
    counts: JobCounts
    pauses: TargetPauses
    gates: TargetGates
    grace_s: float

    async def run(self) -> None:
        """Run all of it until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._work, name="jobs")
            tasks.start_soon(self.delivery.run, name="events")
            tasks.start_soon(self.timers.run, name="quiet timers")
            for each in self.forgetting:
                tasks.start_soon(each.run, name="forgetting of jobs")
            tasks.start_soon(self.counts.run, name="counts of jobs")

    async def _work(self) -> None:
        """Work once it is known what is paused, and nobody holds what the last process held."""
        while True:
            try:
                await self.pauses.restore()
                await self.workers.take_over()
            except IndexFault as fault:
                JobLog().jobs_failed(fault)
                await anyio.sleep(PAUSE_S)
            else:
                return await self.workers.run()

    async def stop(self) -> None:
        """Begin nothing more; what is in hand has the grace, and then waits for the next start."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.workers.stop, self.grace_s)
            tasks.start_soon(self.delivery.stop, self.grace_s)


def make_jobs(
    config: Config,
    index: Index,
    registry: CollectorRegistry,
    consumers: Sequence[Consumer] = (),
    handlers: Mapping[str, Handler] | None = None,
    gates: TargetGates | None = None,
) -> JobRunning:
    """The durable work of a daemon; nothing runs yet."""
    log, settings, jobs = JobLog(), config.jobs, index.jobs
    gates = gates or TargetGates()
    delivery = EventDelivery(index, consumers, log)
    # Jitter between attempts hides nothing from anybody.
    chance = random.Random().random  # noqa: S311
    attempts = Attempts(jobs, log, now_us=utc_us, chance=chance, zone=LocalZone())
    bounds = WorkerBounds(total=settings.max_running, each_queue=settings.max_running_per_queue)
    delays = QuietDelays(config.events.series_quiet_s, config.events.study_quiet_s)
    expected = ExpectedCounts(
        *(tuple(map(read_product, each)) for each in config.events.complete_at)
    )
    counts = JobCounts(jobs, log)
    registry.register(JobCollector(counts.look, lambda: delivery.health, utc_us))
    registry.register(TargetCollector(counts.look, gates))
    return JobRunning(
        Workers(
            jobs,
            {**(handlers or {}), EVENT: delivery.handler},
            bounds,
            attempts,
            log,
            now_us=utc_us,
            gates=gates,
        ),
        delivery,
        QuietTimers(index, delays, log, now_us=utc_us, expected=expected),
        (
            _forgetting(jobs, settings.keep_days),
            _forgetting(index.ledger, settings.keep_deliveries_days),
        ),
        counts,
        TargetPauses(index.ledger, gates),
        gates,
        settings.shutdown_grace_s,
    )


def _forgetting(ended: Forgets, keep_days: float) -> JobForgetting:
    return JobForgetting(ended, JobLog(), keep_us=int(keep_days * _DAY_US), now_us=utc_us)
