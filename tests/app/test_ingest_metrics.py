import anyio
from prometheus_client import CollectorRegistry, generate_latest

from pacsd.api.store import StoreStatus
from pacsd.app.ingest_metrics import IngestCollector
from pacsd.archive.ingest import Ingest
from pacsd.testing.memory_store import MemoryStore


def scraped(ingest: Ingest) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(IngestCollector(ingest))
    lines = generate_latest(registry).decode().splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in rows}


async def test_what_ingest_counts_is_scraped() -> None:
    store = MemoryStore()
    store.current_status = StoreStatus(150, None, is_read_only=False, explanation="")
    ingest = Ingest(store, now_us=lambda: 0, min_free_bytes=100)
    is_started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ingest.run, is_started.set)
        await is_started.wait()
        found = scraped(ingest)
        store.current_status = StoreStatus(200, None, is_read_only=False, explanation="")
        await ingest._refresh()
        assert scraped(ingest) == found | {"pacsd_store_warns": 0}
        tasks.cancel_scope.cancel()
    assert found == {
        "pacsd_stored_objects_total": 0,
        "pacsd_stored_bytes_total": 0,
        "pacsd_refused_objects_total": 0,
        "pacsd_open_objects": 0,
        "pacsd_uncommitted_objects": 0,
        "pacsd_store_admits": 1,
        "pacsd_store_warns": 1,
    }
