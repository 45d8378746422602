import anyio
from prometheus_client import CollectorRegistry, generate_latest

from pacsd.api.reception import Reception
from pacsd.api.store import StoreStatus
from pacsd.app.ingest_metrics import IngestCollector
from pacsd.archive.examination import LOOKED_FOR
from pacsd.archive.ingest import Ingest, InstanceRequest
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

OBJECT = data_set() + b"\x40\x00\x10\x00SH\x03\x00ODD"
REQUEST = InstanceRequest(
    CT_IMAGE_STORAGE,
    "1.2.3.4",
    "1.2.840.10008.1.2.1",
    Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse"),
)


def scraped(ingest: Ingest) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(IngestCollector(ingest))
    lines = generate_latest(registry).decode().splitlines()
    rows = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in rows}


async def test_what_ingest_counts_is_scraped() -> None:
    store = MemoryStore()
    store.current_status = StoreStatus(150, None, is_read_only=False, explanation="")
    ingest = Ingest(
        store, MemoryRegister(), store_name="memory", now_us=lambda: 0, min_free_bytes=100
    )
    is_started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ingest.run, is_started.set)
        await is_started.wait()
        intake = ingest.begin(REQUEST)
        intake.write(OBJECT)
        await intake.finish()
        await ingest.begin(REQUEST).finish()
        found = scraped(ingest)
        store.current_status = StoreStatus(200, None, is_read_only=False, explanation="")
        await ingest._shelves.refresh()
        assert scraped(ingest) == found | {'pacsd_store_warns{store="memory"}': 0}
        tasks.cancel_scope.cancel()
    received = {name: value for name, value in found.items() if "received" in name and value}
    assert received == {
        'pacsd_received_objects_total{became="stored"}': 1,
        'pacsd_received_objects_total{became="refused"}': 1,
    }
    quirks = {name: value for name, value in found.items() if "quirks" in name}
    assert [*quirks] == [f'pacsd_quirks_total{{kind="{kind}"}}' for kind in LOOKED_FOR]
    assert {name for name, value in quirks.items() if value} == {
        'pacsd_quirks_total{kind="odd-length"}'
    }
    rest = {name: value for name, value in found.items() if name not in quirks}
    assert {name: value for name, value in rest.items() if "received" not in name} == {
        "pacsd_stored_objects_total": 1,
        "pacsd_stored_bytes_total": len(OBJECT),
        "pacsd_open_objects": 0,
        "pacsd_uncommitted_objects": 0,
        "pacsd_forwarding_waited_seconds_total": 0,
        'pacsd_store_admits{store="memory"}': 1,
        'pacsd_store_warns{store="memory"}': 1,
        "pacsd_zeroed_preambles_total": 0,
    }
