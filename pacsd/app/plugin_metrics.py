"""Plugins as Prometheus sees them: their calls, what they count, how they do, asked at a scrape."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, groupby

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from pacsd.api.dispatch.tally import Ending, Tally
from pacsd.api.health import Health
from pacsd.api.metrics import BUCKETS, MetricKind
from pacsd.app.isolation.series import Sample, Series
from pacsd.app.plugins.transcoding import TranscodingHealth


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


class SeriesCollector(Collector):
    """What plugins count, as `pacsd_plugin_NAME_METRIC`; `series` are those of each plugin.

    Where two plugins would make the same name, the first of them has it.
    """

    def __init__(self, series: Mapping[str, Series]) -> None:
        self._series = series

    def collect(self) -> Iterator[Metric]:
        """Read them now."""
        dropped = CounterMetricFamily(
            "pacsd_plugin_samples_dropped",
            "What plugins counted beyond their 200 series",
            labels=["plugin"],
        )
        named = {"pacsd_plugin_samples_dropped"}
        for plugin, series in self._series.items():
            dropped.add_metric([plugin], series.dropped)
            samples = sorted(series.samples, key=lambda each: (each.name, each.labels))
            for name, some in groupby(samples, key=lambda each: each.name):
                full_name = f"pacsd_plugin_{re.sub('[^a-z0-9_]', '_', plugin.lower())}_{name}"
                if full_name not in named:
                    named.add(full_name)
                    yield _family(full_name, plugin, [*some])
        yield dropped


def _family(name: str, plugin: str, samples: Sequence[Sample]) -> Metric:
    help_text = f"Of plugin {plugin}"
    labels = [label for label, _ in samples[0].labels]
    if samples[0].kind is MetricKind.HISTOGRAM:
        histogram = HistogramMetricFamily(name, help_text, labels=labels)
        for each in samples:
            counts = zip(BUCKETS, accumulate(each.buckets), strict=True)
            buckets = [(_bound(bound), count) for bound, count in counts]
            histogram.add_metric([value for _, value in each.labels], buckets, each.value)
        return histogram
    is_counter = samples[0].kind is MetricKind.COUNTER
    family = (CounterMetricFamily if is_counter else GaugeMetricFamily)(
        name, help_text, labels=labels
    )
    for each in samples:
        family.add_metric([value for _, value in each.labels], each.value)
    return family


def _bound(bound: float) -> str:
    return "+Inf" if bound == BUCKETS[-1] else f"{bound:g}"


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


class TranscodingCollector(Collector):
    """What codecs of plugins do."""

    def __init__(self, health: Callable[[], TranscodingHealth]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Read the counters now."""
        health = self._health()
        yield CounterMetricFamily(
            "pacsd_transcoded_objects",
            "Objects that codecs of plugins put into another transfer syntax",
            health.done,
        )
        yield CounterMetricFamily(
            "pacsd_not_transcoded_objects",
            "Objects of which nothing came so; the log says why",
            health.failed,
        )
        yield GaugeMetricFamily(
            "pacsd_codecs_at_work",
            "Threads of transcoding.at_once that have something to do",
            health.working,
        )
