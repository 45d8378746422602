from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.api.store import StoreStatus
from pacsd.archive.ingest import Ingest, IngestOutcome, InstanceRequest
from pacsd.testing.memory_store import MemoryStore

FULL = StoreStatus(99, None, is_read_only=False, explanation="")
ROOMY = StoreStatus(100, None, is_read_only=False, explanation="")


def request(number: int = 1) -> InstanceRequest:
    reception = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
    return InstanceRequest(
        "1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{number}", "1.2.840.10008.1.2.1", reception
    )


class Clock:
    now_us = 10_000_000

    def __call__(self) -> int:
        return self.now_us


@asynccontextmanager
async def running(tested: Ingest) -> AsyncIterator[Ingest]:
    is_started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run, is_started.set)
        await is_started.wait()
        yield tested
        tasks.cancel_scope.cancel()


async def store_one(ingest: Ingest, number: int = 1) -> IngestOutcome:
    intake = ingest.begin(request(number))
    intake.write(b"12345")
    return await intake.finish()


async def test_admits_only_while_it_runs() -> None:
    ingest = Ingest(MemoryStore(), now_us=Clock())
    assert ingest.admits() == "ingest is not running"
    async with running(ingest):
        assert ingest.admits() is None
    assert ingest.admits() == "ingest is not running"


async def test_what_comes_while_it_does_not_run_is_refused() -> None:
    store = MemoryStore()
    outcome = await store_one(Ingest(store, now_us=Clock()))
    assert outcome.status == 0xA700
    assert store.staged == set()


async def test_below_the_mark_everything_is_refused() -> None:
    store = MemoryStore()
    store.current_status = FULL
    async with running(Ingest(store, now_us=Clock(), min_free_bytes=100)) as ingest:
        assert "99 bytes free" in (ingest.admits() or "")
        outcome = await store_one(ingest)
    assert (outcome.status, outcome.comment) == (0xA700, "Not stored: storing is suspended")
    assert store.objects == {}


async def test_the_store_is_looked_at_after_a_commit_but_not_every_one() -> None:
    store, clock = MemoryStore(), Clock()
    store.current_status = ROOMY
    async with running(Ingest(store, now_us=clock, min_free_bytes=100)) as ingest:
        store.current_status = FULL
        await store_one(ingest)
        await anyio.wait_all_tasks_blocked()
        assert ingest.admits() is None
        clock.now_us += 1_000_000
        await store_one(ingest)
        await anyio.wait_all_tasks_blocked()
        assert ingest.admits() is not None


async def test_health_counts() -> None:
    store = MemoryStore()
    async with running(Ingest(store, now_us=Clock())) as ingest:
        await store_one(ingest)
        await store_one(ingest)
        store.errors["commit"] = StoreError(StoreFault.INPUT_OUTPUT, "test")
        await store_one(ingest)
        still_open = ingest.begin(request())
        health = ingest.health()
        await still_open.abort("end of test")
    assert health.refusal is None
    assert health.open_objects == 1
    assert health.waiting_objects == 0
    assert (health.stored_objects, health.stored_bytes, health.refused_objects) == (2, 10, 1)


async def test_objects_at_once_are_committed_in_groups() -> None:
    store = MemoryStore()
    ingest = Ingest(store, now_us=Clock(), max_group=8)
    async with running(ingest), anyio.create_task_group() as senders:
        for number in range(1, 21):
            senders.start_soon(store_one, ingest, number)
    assert sum(store.groups) == len(store.objects) == 20
    assert max(store.groups) <= 8
    assert len(store.groups) < 20
