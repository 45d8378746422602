"""Targets of routes as Prometheus sees them; their names are an operator's, never a peer's."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pacsd.index.covering_deliveries import QUEUE
from pacsd.index.job_records import JobCount
from pacsd.jobs.target_gates import TargetGates


class TargetCollector(Collector):
    """All targets that something waits for, or that are down or paused."""

    def __init__(self, counts: Callable[[], Sequence[JobCount]], gates: TargetGates) -> None:
        self._counts = counts
        self._gates = gates

    def collect(self) -> Iterator[Metric]:
        """Read the numbers now."""
        down = GaugeMetricFamily(
            "pacsd_target_down_seconds",
            "For how long a target of routes has been down; 0: it was not when last sent to",
            labels=["target"],
        )
        paused = GaugeMetricFamily(
            "pacsd_target_paused", "1 while a target of routes is paused", labels=["target"]
        )
        down_s, shut = self._gates.down(), self._gates.paused
        with_jobs = {each.queue for each in self._counts() if each.queue.startswith(QUEUE)}
        for queue in sorted(with_jobs | down_s.keys() | shut):
            target = [queue.removeprefix(QUEUE)]
            down.add_metric(target, down_s.get(queue, 0.0))
            paused.add_metric(target, int(queue in shut))
        yield from (down, paused)
