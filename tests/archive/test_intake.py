"""One object on its way in, seen through Ingest with a store in memory."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.api.store import Buffer, StageRequest
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.ingest import Ingest, IngestOutcome, InstanceRequest, Intake
from pacsd.archive.memory import SMALL_CHUNK_BYTES
from pacsd.index.records import Outcome
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStage, MemoryStore
from pacsd.testing.objects import data_set

REQUEST = InstanceRequest(
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.3.4",
    "1.2.840.10008.1.2.1",
    Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse"),
)
HEAD = data_set(pixel_bytes=8)[:-8]
"""An object up to its pixels: whatever follows is its Pixel Data."""

CHUNK_BYTES = 20_000
BATCH_BYTES = 2 * CHUNK_BYTES


class GatedStage(MemoryStage):
    def __init__(self, store: "GatedStore", request: StageRequest) -> None:
        super().__init__(store, request)
        self._gates = store

    async def write(self, buffers: Sequence[Buffer], /) -> None:
        self._gates.is_writing.set()
        await self._gates.gate.wait()
        await super().write(buffers)


class GatedStore(MemoryStore):
    """Writes wait at the gate; `is_writing` is set once one does."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = anyio.Event()
        self.is_writing = anyio.Event()

    async def stage(self, request: StageRequest, /) -> MemoryStage:
        self.fail_if_told("stage")
        staged = GatedStage(self, request)
        self.staged.add(staged)
        return staged


def make_ingest(store: MemoryStore, register: MemoryRegister | None = None) -> Ingest:
    return Ingest(
        store,
        register or MemoryRegister(),
        now_us=lambda: 0,
        chunk_bytes=CHUNK_BYTES,
        max_pending_bytes_per_object=3 * CHUNK_BYTES,
    )


def begun(ingest: Ingest) -> Intake:
    """An object of which the head has come."""
    intake = ingest.begin(REQUEST)
    intake.write(HEAD)
    return intake


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Ingest, GatedStore]]:
    store = GatedStore()
    tested = make_ingest(store)
    is_started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run, is_started.set)
        await is_started.wait()
        yield tested, store
        tasks.cancel_scope.cancel()


def check_refused(outcome: IngestOutcome, fault: StoreFault) -> None:
    assert outcome.status == 0xA700
    assert outcome.comment == f"Not stored: {fault}"
    assert outcome.became is None


async def test_stores_preface_and_fragments_as_received() -> None:
    async with running() as (ingest, store):
        store.gate.set()
        intake = begun(ingest)
        intake.write(b"one")
        intake.write(memoryview(b"two"))
        outcome = await intake.finish()
        assert (outcome.status, outcome.became) == (0x0000, Outcome.STORED)
        assert [*store.objects.values()] == [encode_preface(REQUEST) + HEAD + b"onetwo"]
        assert outcome.data_set_bytes == len(HEAD) + 6
        assert intake.backlog_bytes == 0


async def test_an_empty_data_set_belongs_nowhere() -> None:
    async with running() as (ingest, store):
        outcome = await ingest.begin(REQUEST).finish()
        assert (outcome.status, outcome.became) == (0xC000, None)
        assert outcome.comment == "No StudyInstanceUID (0020,000D)"
        assert store.objects == {}
        assert store.staged == set()


async def store_in_fragments(lengths: list[int]) -> tuple[bytes, bytes]:
    """What was sent and what is stored, other work done after every fragment."""
    memory, register, sent = MemoryStore(), MemoryRegister(), bytearray()
    tested = make_ingest(memory, register)
    is_started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run, is_started.set)
        await is_started.wait()
        intake = begun(tested)
        sent += HEAD
        for number, length in enumerate(lengths):
            fragment = bytearray([number]) * length
            intake.write(memoryview(fragment))
            sent += fragment
            fragment[:] = bytes(length)
            await anyio.lowlevel.checkpoint()
        await intake.finish()
        tasks.cancel_scope.cancel()
    [kept] = register.instances.values()
    assert kept.copy.sha256 == hashlib.sha256(sent).digest()
    return bytes(sent), next(iter(memory.objects.values()))


@given(st.lists(st.integers(0, 70_000), max_size=10))
def test_any_fragmentation_gives_identical_bytes(lengths: list[int]) -> None:
    sent, stored = anyio.run(store_in_fragments, lengths)
    assert stored == encode_preface(REQUEST) + sent


async def test_full_chunks_are_written_before_the_end() -> None:
    async with running() as (ingest, store):
        store.gate.set()
        intake = begun(ingest)
        intake.write(bytes(BATCH_BYTES + CHUNK_BYTES))
        await anyio.wait_all_tasks_blocked()
        assert intake.backlog_bytes < CHUNK_BYTES
        [staged] = store.staged
        assert len(staged.content) > BATCH_BYTES
        await intake.finish()


async def test_a_fragment_may_change_once_written() -> None:
    async with running() as (ingest, store):
        fragment = bytearray(b"before")
        intake = begun(ingest)
        intake.write(fragment)
        fragment[:] = b"after!"
        store.gate.set()
        await intake.finish()
        assert next(iter(store.objects.values())).endswith(b"before")


async def test_a_congested_sender_goes_on_when_drained() -> None:
    async with running() as (ingest, store):
        drained: list[int] = []
        intake = begun(ingest)
        intake.on_drained = lambda: drained.append(intake.backlog_bytes)
        intake.write(bytes(3 * CHUNK_BYTES - len(HEAD)))
        assert not intake.is_congested
        intake.write(b"x")
        assert intake.is_congested
        await store.is_writing.wait()
        assert intake.backlog_bytes == 3 * CHUNK_BYTES + 1
        store.gate.set()
        while intake.is_congested:
            await anyio.lowlevel.checkpoint()
        assert len(drained) == 1
        assert drained[0] <= 3 * CHUNK_BYTES // 2
        await intake.finish()
        assert len(drained) == 1


@pytest.mark.parametrize("operation", ["stage", "write", "commit"])
@pytest.mark.parametrize("length", [5, 10 * CHUNK_BYTES])
async def test_any_fault_is_a700_and_leaves_nothing(operation: str, length: int) -> None:
    async with running() as (ingest, store):
        store.gate.set()
        store.errors[operation] = StoreError(StoreFault.NO_SPACE, "test")
        intake = begun(ingest)
        intake.write(bytes(length))
        check_refused(await intake.finish(), StoreFault.NO_SPACE)
        assert store.staged == set()
        assert store.objects == {}
        assert intake.backlog_bytes == 0


async def test_after_a_fault_fragments_are_dropped() -> None:
    async with running() as (ingest, store):
        store.gate.set()
        store.errors["write"] = StoreError(StoreFault.INPUT_OUTPUT, "test")
        drained: list[bool] = []
        intake = begun(ingest)
        intake.on_drained = lambda: drained.append(True)
        intake.write(bytes(10 * CHUNK_BYTES))
        while intake.is_congested:
            await anyio.lowlevel.checkpoint()
        assert drained == [True]
        intake.write(bytes(10 * CHUNK_BYTES))
        assert intake.backlog_bytes == 0
        check_refused(await intake.finish(), StoreFault.INPUT_OUTPUT)


@pytest.mark.parametrize("operation", ["stage", "write", "commit"])
async def test_bugs_escape(operation: str) -> None:
    async with running() as (ingest, store):
        store.gate.set()
        store.errors[operation] = KeyError("bug")
        intake = begun(ingest)
        intake.write(b"data")
        with pytest.raises(KeyError):
            await intake.finish()
        assert store.staged == set()


async def test_abort_removes_the_stage() -> None:
    async with running() as (ingest, store):
        store.gate.set()
        intake = begun(ingest)
        intake.write(bytes(10 * CHUNK_BYTES))
        while not store.staged:
            await anyio.lowlevel.checkpoint()
        await intake.abort("association aborted")
        await intake.abort("again")
        assert store.staged == set()
        assert ingest.health().open_objects == 0


async def test_abort_waits_for_the_write_in_progress() -> None:
    async with running() as (ingest, store):
        intake = begun(ingest)
        intake.write(bytes(BATCH_BYTES + CHUNK_BYTES))
        await store.is_writing.wait()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(intake.abort, "association aborted")
            await anyio.wait_all_tasks_blocked()
            assert len(store.staged) == 1
            store.gate.set()
        assert store.staged == set()


async def test_a_cancelled_finish_gives_the_object_up() -> None:
    async with running() as (ingest, store):
        intake = begun(ingest)
        intake.write(b"data")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(intake.finish)
            await store.is_writing.wait()
            tasks.cancel_scope.cancel()
        assert store.staged == set()
        assert store.objects == {}
        assert ingest.health().open_objects == 0


async def test_nothing_follows_the_end() -> None:
    async with running() as (ingest, store):
        store.gate.set()
        intake = begun(ingest)
        await intake.finish()
        with pytest.raises(RuntimeError):
            intake.write(b"late")
        with pytest.raises(RuntimeError):
            await intake.finish()


async def test_ingest_ending_refuses_what_is_on_its_way() -> None:
    store = GatedStore()
    tested = make_ingest(store)
    is_started = anyio.Event()
    intakes: list[Intake] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run, is_started.set)
        await is_started.wait()
        intakes += [begun(tested), begun(tested)]
        intakes[0].write(bytes(10 * CHUNK_BYTES))
        await store.is_writing.wait()
        tasks.cancel_scope.cancel()
    intakes[1].write(bytes(10 * CHUNK_BYTES))
    for intake in intakes:
        check_refused(await intake.finish(), StoreFault.STOPPED)
    assert store.staged == set()


MANY = 1_000
FRAGMENT_BYTES = 16_384
TOTAL_BYTES = 32 * 1024 * 1024
BEYOND_BYTES = 2 * SMALL_CHUNK_BYTES
"""What one object may hold beyond the total: a fragment, and a chunk it does not fill."""


@asynccontextmanager
async def many_open(store: MemoryStore) -> AsyncIterator[tuple[Ingest, list[Intake]]]:
    tested = Ingest(store, MemoryRegister(), now_us=lambda: 0, max_pending_bytes=TOTAL_BYTES)
    is_started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run, is_started.set)
        await is_started.wait()
        yield tested, [begun(tested) for _ in range(MANY)]
        tasks.cancel_scope.cancel()


def send_until_paused(intake: Intake, fragment: bytes, most_bytes: int) -> None:
    while not intake.is_congested and intake.data_set_bytes < most_bytes:
        intake.write(fragment)


@pytest.mark.parametrize("fragment_bytes", [1_000, FRAGMENT_BYTES])
@pytest.mark.parametrize("first_begun", [1, 10, MANY])
async def test_a_stalled_store_is_given_no_more_than_the_total(
    fragment_bytes: int, first_begun: int
) -> None:
    store = GatedStore()
    fragment = bytes(fragment_bytes)
    async with many_open(store) as (ingest, intakes):
        for intake in intakes[first_begun:]:
            await intake.abort("begun later")
        for intake in intakes[:first_begun]:
            send_until_paused(intake, fragment, 10**9)
        later = [begun(ingest) for _ in range(MANY - first_begun)]
        for intake in later:
            send_until_paused(intake, fragment, 10**9)
        await anyio.wait_all_tasks_blocked()
        assert TOTAL_BYTES / 2 < ingest._memory.held_bytes < TOTAL_BYTES + MANY * BEYOND_BYTES
        assert all(intake.is_congested for intake in intakes[:first_begun] + later)
        store.gate.set()
        await anyio.wait_all_tasks_blocked()
        assert not any(intake.is_congested for intake in intakes[:first_begun] + later)
        assert ingest._memory.used_bytes == 0


async def test_stalled_senders_leave_room_for_the_others() -> None:
    store = MemoryStore()
    async with many_open(store) as (ingest, intakes):
        for intake in intakes:
            send_until_paused(intake, bytes(1_000), 20_000)
        await anyio.wait_all_tasks_blocked()
        assert sum(intake.backlog_bytes for intake in intakes) > MANY * 1_000
        assert ingest._memory.held_bytes < TOTAL_BYTES
        assert not any(intake.is_congested for intake in intakes)
        outcome = await begun(ingest).finish()
        assert outcome.status == 0x0000


async def test_beyond_the_total_each_goes_on_a_fragment_at_a_time() -> None:
    store = MemoryStore()
    async with many_open(store) as (ingest, [sender, *others]):
        ingest._memory.used_bytes += TOTAL_BYTES
        drained: list[int] = []
        sender.on_drained = lambda: drained.append(sender.data_set_bytes)
        for count in range(1, 4):
            sender.write(bytes(100))
            assert sender.is_congested
            await anyio.wait_all_tasks_blocked()
            assert drained[-1] == len(HEAD) + count * 100
            assert not sender.is_congested
        outcome = await sender.finish()
        assert outcome.status == 0x0000
        ingest._memory.used_bytes -= TOTAL_BYTES
        assert ingest.health().open_objects == len(others)
