import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import StageRequest, StoreStatus
from pacsd.archive import shelves as shelves_module
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


class Moody(MemoryStore):
    """Says how it is once it is opened."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.asked = 0
        self.opened = anyio.Event()

    async def status(self) -> StoreStatus:
        self.asked += 1
        # As a thread that hangs: it cannot be cancelled.
        with anyio.CancelScope(shield=True):
            await self.opened.wait()
        return await super().status()


@asynccontextmanager
async def running(shelves: Shelves) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        await tasks.start(shelves.run)
        yield
        tasks.cancel_scope.cancel()


def shelves_of(*stores: MemoryStore, observer: NobodyObserves | None = None) -> Shelves:
    several = StoresTogether({each.name: each for each in stores})
    store = stores[0] if len(stores) == 1 else several
    name, observer = stores[0].name, observer or NobodyObserves()
    return Shelves(store, name, observer, min_free_bytes=10, min_free_inodes=0)


async def test_each_store_is_told_of_by_its_name() -> None:
    notebook, fast, slow = Notebook(), MemoryStore("fast"), MemoryStore("slow")
    shelves = shelves_of(fast, slow, observer=notebook)
    async with running(shelves):
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
    async with running(shelves):
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
    async with running(shelves):
        store.current_status = WORN
        await shelves.refresh()
        assert (shelves.refusal, shelves.names) == ("store is read-only: worn", ("memory",))
        store.current_status = StoreStatus(None, None, is_read_only=False, explanation="")
        await shelves.refresh()
        await shelves.stage_in("memory", REQUEST)
        assert len(store.staged) == 1


async def test_a_store_that_does_not_answer_takes_nothing_and_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shelves_module, "ANSWER_S", 0.2)
    notebook, fast, slow = Notebook(), MemoryStore("fast"), Moody("slow")
    shelves = shelves_of(slow, fast, observer=notebook)
    late = "the store slow's status is unknown: no answer within 0.2 s"
    async with running(shelves):
        assert (shelves.refusal, shelves.refusals) == (late, [late])
        await shelves.stage_in("fast", REQUEST)
        fast.current_status = WORN
        await shelves.refresh()
        assert shelves.health()["fast"].refusal == "store fast is read-only: worn"
        # It is not asked again before it has answered; and then it is as it says.
        assert (notebook.told, slow.asked) == ([late, "store fast is read-only: worn"], 1)
        slow.opened.set()
        await shelves.refresh()
        assert (shelves.refusal, notebook.told[2:]) == (None, [None])
        await shelves.refresh()
        assert slow.asked == 2


async def test_who_wants_to_know_soon_waits_for_nothing() -> None:
    store = Moody("slow")
    store.opened.set()
    shelves = shelves_of(store)
    with pytest.raises(RuntimeError, match="refresh before run"):
        await shelves.refresh()
    async with running(shelves):
        asked = store.asked
        shelves.look_soon()
        assert store.asked == asked
        await anyio.wait_all_tasks_blocked()
        assert store.asked == asked + 1
