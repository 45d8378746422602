"""The calls of plugins and how they do, as Prometheus sees them, asked when somebody scrapes."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pacsd.api.dispatch.tally import Ending, Tally
from pacsd.api.health import Health


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


class PluginHealthCollector(Collector):
    """How each plugin did when somebody looked the last time."""

    def __init__(self, look: Callable[[], Mapping[str, Health]]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        """Have them asked for the next time, and wait for nothing."""
        healthy = GaugeMetricFamily(
            "pacsd_plugin_healthy",
            "1 if a plugin was well at the last scrape, 0 if not",
            labels=["plugin"],
        )
        for plugin, health in self._look().items():
            healthy.add_metric([plugin], int(health.is_well))
        yield healthy
