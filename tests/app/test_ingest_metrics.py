from prometheus_client import CollectorRegistry, generate_latest

from pacsd.app.ingest_metrics import IngestCollector
from pacsd.archive.ingest import Ingest
from pacsd.testing.memory_store import MemoryStore


def scraped(ingest: Ingest) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(IngestCollector(ingest))
    lines = generate_latest(registry).decode().splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in rows}


def test_what_ingest_counts_is_scraped() -> None:
    found = scraped(Ingest(MemoryStore(), now_us=lambda: 0))
    assert found == {
        "pacsd_stored_objects_total": 0,
        "pacsd_stored_bytes_total": 0,
        "pacsd_refused_objects_total": 0,
        "pacsd_open_objects": 0,
        "pacsd_uncommitted_objects": 0,
        "pacsd_store_admits": 0,
    }
