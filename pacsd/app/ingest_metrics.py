"""Ingest's own counters, asked when somebody scrapes; the way in pays nothing for them."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pacsd.archive.ingest import Ingest, IngestHealth
from pacsd.index.records import Outcome


class IngestCollector(Collector):
    """Ingest as Prometheus sees it."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest

    def collect(self) -> Iterator[Metric]:
        """Read the counters now."""
        health = self._ingest.health()
        yield CounterMetricFamily(
            "pacsd_stored_objects", "Objects newly kept", health.stored_objects
        )
        yield CounterMetricFamily(
            "pacsd_stored_bytes", "Bytes of their data sets", health.stored_bytes
        )
        yield CounterMetricFamily(
            "pacsd_zeroed_preambles",
            "Objects that came with a preamble and are stored without",
            health.zeroed_preambles,
        )
        yield _received(health)
        yield _quirks(health)
        yield GaugeMetricFamily(
            "pacsd_open_objects", "Objects on their way in", health.open_objects
        )
        yield GaugeMetricFamily(
            "pacsd_uncommitted_objects", "Objects waiting for their group", health.waiting_objects
        )
        yield CounterMetricFamily(
            "pacsd_forwarding_waited_seconds",
            "Seconds that transfers to targets of routes gave way to storing, all together",
            self._ingest.precedence.waited_s,
        )
        yield from _stores(health)


def _received(health: IngestHealth) -> CounterMetricFamily:
    family = CounterMetricFamily(
        "pacsd_received_objects", "Objects that came, by what became of them", labels=["became"]
    )
    for outcome in Outcome:
        family.add_metric([str(outcome)], health.became.get(outcome, 0))
    family.add_metric(["refused"], health.became.get(None, 0))
    return family


def _quirks(health: IngestHealth) -> CounterMetricFamily:
    """The kinds are ours: no label comes from a peer."""
    family = CounterMetricFamily(
        "pacsd_quirks",
        "Objects newly kept that break the standard, by how; each once for a kind",
        labels=["kind"],
    )
    for kind, count in health.quirks.items():
        family.add_metric([str(kind)], count)
    return family


def _stores(health: IngestHealth) -> Iterator[Metric]:
    """Of each store; where the first takes nothing in, no other does."""
    admits = GaugeMetricFamily(
        "pacsd_store_admits", "1 while objects are taken in", labels=["store"]
    )
    warns = GaugeMetricFamily(
        "pacsd_store_warns",
        "1 while somebody should look at the store: nearly full, unwell or refusing",
        labels=["store"],
    )
    for name, store in health.stores.items():
        admits.add_metric([name], 0 if health.refusal or store.refusal else 1)
        warns.add_metric([name], 1 if store.warning else 0)
    yield admits
    yield warns
