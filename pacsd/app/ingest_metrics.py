"""Ingest's own counters, asked when somebody scrapes; the way in pays nothing for them."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pacsd.archive.ingest import Ingest


class IngestCollector(Collector):
    """Ingest as Prometheus sees it."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest

    def collect(self) -> Iterator[Metric]:
        """Read the counters now."""
        health = self._ingest.health()
        admits = 0 if health.refusal else 1
        yield CounterMetricFamily(
            "pacsd_stored_objects", "Objects made durable", health.stored_objects
        )
        yield CounterMetricFamily(
            "pacsd_stored_bytes", "Bytes of data sets made durable", health.stored_bytes
        )
        yield CounterMetricFamily(
            "pacsd_refused_objects", "Objects not kept: A700", health.refused_objects
        )
        yield GaugeMetricFamily(
            "pacsd_open_objects", "Objects on their way in", health.open_objects
        )
        yield GaugeMetricFamily(
            "pacsd_uncommitted_objects", "Objects waiting for their group", health.waiting_objects
        )
        yield GaugeMetricFamily("pacsd_store_admits", "1 while objects are taken in", admits)
        yield GaugeMetricFamily(
            "pacsd_store_warns",
            "1 while somebody should look at the store: nearly full, unwell or refusing",
            1 if health.warning else 0,
        )
