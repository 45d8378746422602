"""The calls of plugins as Prometheus sees them, asked when somebody scrapes."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from pacsd.api.dispatch.tally import Ending, Tally


class HookCollector(Collector):
    """A tally as Prometheus sees it.

    Its labels are bounded: the plugins that are enabled and the hooks each implements.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        """Read the counters now; an ending that never was is 0, so that its rate is one."""
        calls = CounterMetricFamily(
            "pacsd_hook_calls",
            "Calls of plugins, by how they ended; `resting` was not asked",
            labels=["plugin", "hook", "ending"],
        )
        seconds = CounterMetricFamily(
            "pacsd_hook_seconds",
            "Seconds that these calls took, all together",
            labels=["plugin", "hook"],
        )
        for (hook, plugin), count in self._tally.counts.items():
            for ending in Ending:
                calls.add_metric([plugin, hook, str(ending)], count.endings[ending])
            seconds.add_metric([plugin, hook], count.seconds)
        yield calls
        yield seconds
