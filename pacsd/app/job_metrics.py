"""Jobs and events as Prometheus sees them."""

from collections.abc import Callable, Iterator, Sequence

import anyio
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pacsd.index.errors import IndexFault
from pacsd.index.job_records import JobCount, JobState
from pacsd.index.jobs import Jobs
from pacsd.index.records import Scope
from pacsd.jobs.consumer import ConsumerHealth
from pacsd.jobs.observer import JobObserver

_US = 1_000_000
_TOLD = (JobState.WAITING, JobState.LEASED, JobState.DEAD)


class JobCounts:
    """How many jobs there are, read after each look while `run` runs: for the next one.

    A scrape waits for nothing, and where nobody scrapes nothing is read.
    """

    def __init__(self, jobs: Jobs, observer: JobObserver) -> None:
        self._jobs = jobs
        self._observer = observer
        self._looked = anyio.Event()
        self._counts: tuple[JobCount, ...] = ()

    def look(self) -> tuple[JobCount, ...]:
        """As they were after the last look."""
        self._looked.set()
        return self._counts

    async def run(self) -> None:
        """Read them at once, and after each look, until cancelled."""
        while True:
            try:
                self._counts = await self._jobs.counts(Scope())
            except IndexFault as fault:
                self._observer.jobs_failed(fault)
            await self._looked.wait()
            self._looked = anyio.Event()


class JobCollector(Collector):
    """Queues and consumers; their names are ours or an operator's, never a peer's."""

    def __init__(
        self,
        counts: Callable[[], Sequence[JobCount]],
        consumers: Callable[[], Sequence[ConsumerHealth]],
        now_us: Callable[[], int],
    ) -> None:
        self._counts = counts
        self._consumers = consumers
        self._now_us = now_us

    def collect(self) -> Iterator[Metric]:
        """Read the numbers now."""
        jobs = GaugeMetricFamily(
            "pacsd_jobs",
            "Jobs that wait, run or are dead, at the last scrape",
            labels=["queue", "state"],
        )
        for each in self._counts():
            if each.state in _TOLD:
                jobs.add_metric([each.queue, each.state.name.lower()], each.jobs)
        yield jobs
        yield from self._events()

    def _events(self) -> Iterator[Metric]:
        label = ["consumer"]
        delivered = CounterMetricFamily(
            "pacsd_events_delivered", "Events that a consumer took", labels=label
        )
        failed = CounterMetricFamily(
            "pacsd_events_failed", "Deliveries of events that failed", labels=label
        )
        lag = GaugeMetricFamily(
            "pacsd_events_lag_seconds", "Age of the event a consumer is at", labels=label
        )
        for each in self._consumers():
            delivered.add_metric([each.name], each.delivered)
            failed.add_metric([each.name], each.failed)
            age_us = 0 if each.at_us is None else max(0, self._now_us() - each.at_us)
            lag.add_metric([each.name], age_us / _US)
        yield from (delivered, failed, lag)
