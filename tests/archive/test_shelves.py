import hashlib

import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import StageRequest, StoreStatus
from pacsd.archive.instance import StoreHealth
from pacsd.archive.observer import Concern, NobodyObserves
from pacsd.archive.shelves import Shelves
from pacsd.archive.stores import StoresTogether
from pacsd.testing.memory_store import MemoryStore

WORN = StoreStatus(None, None, is_read_only=True, explanation="worn")
REQUEST = StageRequest(1, b"", hashlib.sha256())


class Notebook(NobodyObserves):
    def __init__(self) -> None:
        self.told: list[str | None] = []

    def concern_changed(self, before: Concern | None, now: Concern | None) -> None:
        assert now != before
        self.told.append(None if now is None else now.why)


def shelves_of(*stores: MemoryStore, observer: NobodyObserves | None = None) -> Shelves:
    several = StoresTogether({each.name: each for each in stores})
    store = stores[0] if len(stores) == 1 else several
    name, observer = stores[0].name, observer or NobodyObserves()
    return Shelves(store, name, observer, min_free_bytes=10, min_free_inodes=0)


async def test_each_store_is_told_of_by_its_name() -> None:
    notebook, fast, slow = Notebook(), MemoryStore("fast"), MemoryStore("slow")
    shelves = shelves_of(fast, slow, observer=notebook)
    await shelves.refresh()
    assert (shelves.names, shelves.refusals, shelves.warning) == (("fast", "slow"), [], None)
    slow.current_status = WORN
    fast.current_status = StoreStatus(14, None, is_read_only=False, explanation="")
    for _ in range(2):
        await shelves.refresh()
    full = "store fast has 14 bytes free, less than 15"
    assert notebook.told == [full, "store slow is read-only: worn"]
    assert (shelves.refusal, shelves.door) == (None, full)
    assert shelves.refusals == ["store slow is read-only: worn"]
    assert shelves.warning == f"{full}; store slow is read-only: worn"
    assert shelves.health() == {
        "fast": StoreHealth(None, full),
        "slow": StoreHealth("store slow is read-only: worn", "store slow is read-only: worn"),
    }


async def test_what_is_staged_in_a_store_that_takes_nothing_is_refused() -> None:
    fast, slow = MemoryStore("fast"), MemoryStore("slow")
    shelves = shelves_of(fast, slow)
    slow.current_status = WORN
    await shelves.refresh()
    with pytest.raises(StoreError, match="store slow is read-only: worn") as refused:
        await shelves.stage_in("slow", REQUEST)
    assert refused.value.fault is StoreFault.NOT_ADMITTED
    await shelves.stage_in("fast", REQUEST)
    assert (len(fast.staged), len(slow.staged)) == (1, 0)
    with pytest.raises(StoreError, match="store 'vault' is not configured"):
        await shelves.stage_in("vault", REQUEST)


async def test_a_single_store_is_told_of_without_a_name() -> None:
    store = MemoryStore()
    shelves = shelves_of(store)
    store.current_status = WORN
    await shelves.refresh()
    assert (shelves.refusal, shelves.names) == ("store is read-only: worn", ("memory",))
    store.current_status = StoreStatus(None, None, is_read_only=False, explanation="")
    await shelves.refresh()
    await shelves.stage_in("memory", REQUEST)
    assert len(store.staged) == 1
