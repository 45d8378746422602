from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.api.store import Location, StoreStatus
from pacsd.archive.ingest import INDEX_TROUBLE_US, Ingest, IngestOutcome, InstanceRequest
from pacsd.archive.instance import SenderPolicy
from pacsd.archive.observer import Concern, IngestObserver
from pacsd.dicom.quirks import QuirkKind
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import Copy, Outcome
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set

NEARLY_FULL = StoreStatus(199, None, is_read_only=False, explanation="")
READ_ONLY = StoreStatus(99, None, is_read_only=True, explanation="2 failed flushes")
FULL = StoreStatus(99, None, is_read_only=False, explanation="")
ROOMY = StoreStatus(200, None, is_read_only=False, explanation="")


def request(number: int = 1) -> InstanceRequest:
    reception = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
    return InstanceRequest(
        "1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{number}", "1.2.840.10008.1.2.1", reception
    )


def object_of(number: int) -> bytes:
    return data_set({"SOPInstanceUID": f"1.2.3.{number}"})


class Clock:
    now_us = 10_000_000

    def __call__(self) -> int:
        return self.now_us


def make_ingest(
    store: MemoryStore,
    register: MemoryRegister | None = None,
    *,
    clock: Clock | None = None,
    observer: IngestObserver | None = None,
    min_free_bytes: int = 0,
    max_group: int = 256,
) -> Ingest:
    return Ingest(
        store,
        register or MemoryRegister(),
        now_us=clock or Clock(),
        observer=observer,
        min_free_bytes=min_free_bytes,
        max_group=max_group,
    )


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
    intake.write(object_of(number))
    return await intake.finish()


async def test_admits_only_while_it_runs() -> None:
    ingest = make_ingest(MemoryStore())
    assert ingest.admits() == "ingest is not running"
    async with running(ingest):
        assert ingest.admits() is None
    assert ingest.admits() == "ingest is not running"


async def test_what_comes_while_it_does_not_run_is_refused() -> None:
    store = MemoryStore()
    outcome = await store_one(make_ingest(store))
    assert outcome.status == 0xA700
    assert store.staged == set()


async def test_below_the_mark_everything_is_refused() -> None:
    store = MemoryStore()
    store.current_status = FULL
    async with running(make_ingest(store, min_free_bytes=100)) as ingest:
        assert "99 bytes free" in (ingest.admits() or "")
        outcome = await store_one(ingest)
    assert (outcome.status, outcome.comment) == (0xA700, "Not stored: storing is suspended")
    assert store.objects == {}


async def test_the_store_is_looked_at_after_a_commit_but_not_every_one() -> None:
    store, clock = MemoryStore(), Clock()
    store.current_status = ROOMY
    async with running(make_ingest(store, clock=clock, min_free_bytes=100)) as ingest:
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
    async with running(make_ingest(store)) as ingest:
        await store_one(ingest, 1)
        await store_one(ingest, 2)
        await store_one(ingest, 1)
        store.errors["commit"] = StoreError(StoreFault.INPUT_OUTPUT, "test")
        await store_one(ingest, 3)
        still_open = ingest.begin(request())
        health = ingest.health()
        await still_open.abort("end of test")
    assert health.refusal is None
    assert health.open_objects == 1
    assert health.waiting_objects == 0
    assert health.became == {Outcome.STORED: 2, Outcome.DUPLICATE: 1, None: 1}
    assert health.stored_bytes == len(object_of(1)) + len(object_of(2))


async def test_objects_at_once_are_committed_in_groups() -> None:
    store = MemoryStore()
    ingest = make_ingest(store, max_group=8)
    async with running(ingest), anyio.create_task_group() as senders:
        for number in range(1, 21):
            senders.start_soon(store_one, ingest, number)
    assert sum(store.groups) == len(store.objects) == 20
    assert max(store.groups) <= 8
    assert len(store.groups) < 20


class Notebook:
    """Writes down what an observer is told."""

    def __init__(self) -> None:
        self.not_stored_for: list[tuple[str, StoreError | IndexFault]] = []
        self.put_aside: list[tuple[str, str, Outcome | None, int | None]] = []
        self.left: list[str] = []
        self.refusals: list[tuple[str, int]] = []
        self.zeroed: list[str] = []
        self.cut: list[tuple[str | None, str]] = []
        self.changes: list[tuple[str | None, bool]] = []

    def not_stored(self, reception: Reception, fault: StoreError | IndexFault) -> None:
        self.not_stored_for.append((reception.calling_ae, fault))

    def set_aside(
        self, reception: Reception, sop_instance_uid: str, outcome: IngestOutcome
    ) -> None:
        told = (reception.calling_ae, sop_instance_uid, outcome.became, outcome.number)
        self.put_aside.append(told)

    def refused(self, reception: Reception, outcome: IngestOutcome) -> None:
        self.refusals.append((reception.calling_ae, outcome.status))

    def preamble_zeroed(self, reception: Reception) -> None:
        self.zeroed.append(reception.origin)

    def cut_short(self, reception: Reception, sop_instance_uid: str) -> None:
        self.cut.append((reception.calling_ae, sop_instance_uid))

    def not_removed(self, location: Location, error: StoreError | IndexFault) -> None:
        assert isinstance(error, StoreError)
        assert error.fault is StoreFault.INPUT_OUTPUT
        self.left.append(location.key)

    def concern_changed(self, before: Concern | None, now: Concern | None) -> None:
        assert before is None or now is None or before.kind != now.kind
        self.changes.append((now.why, now.is_refusal) if now else (None, False))


@pytest.mark.parametrize("operation", ["stage", "write", "commit"])
async def test_a_fault_is_told_with_its_explanation(operation: str) -> None:
    store, notebook = MemoryStore(), Notebook()
    error = store.errors[operation] = StoreError(StoreFault.INPUT_OUTPUT, "write: EIO")
    async with running(make_ingest(store, observer=notebook)) as ingest:
        await store_one(ingest)
    assert notebook.not_stored_for == [("CT1", error)]


async def test_what_is_not_admitted_is_told() -> None:
    notebook = Notebook()
    await store_one(make_ingest(MemoryStore(), observer=notebook))
    [(_, error)] = notebook.not_stored_for
    assert isinstance(error, StoreError)
    assert error.fault is StoreFault.NOT_ADMITTED


async def test_a_fault_is_told_even_if_its_sender_gives_up() -> None:
    store, notebook = MemoryStore(), Notebook()
    error = store.errors["stage"] = StoreError(StoreFault.NO_SPACE, "write: ENOSPC")
    async with running(make_ingest(store, observer=notebook)) as ingest:
        intake = ingest.begin(request())
        intake.write(data_set({"SOPInstanceUID": "1.2.3.1"}, pixel_bytes=1_000_000))
        await anyio.wait_all_tasks_blocked()
        await intake.abort("association aborted")
    assert notebook.not_stored_for == [("CT1", error)]


async def test_neither_success_nor_a_sender_who_gives_up_is_a_fault() -> None:
    notebook = Notebook()
    async with running(make_ingest(MemoryStore(), observer=notebook)) as ingest:
        await store_one(ingest)
        await ingest.begin(request()).abort("association aborted")
    assert notebook.not_stored_for == []
    assert notebook.changes == []


async def test_each_change_of_the_store_is_told_once() -> None:
    store, clock, notebook = MemoryStore(), Clock(), Notebook()
    store.current_status = ROOMY
    warnings = []
    ingest = make_ingest(store, clock=clock, min_free_bytes=100, observer=notebook)
    async with running(ingest):
        for status in (NEARLY_FULL, replace(NEARLY_FULL, free_bytes=150), FULL, FULL, READ_ONLY):
            store.current_status = status
            await ingest._shelves.refresh()
            warnings.append(ingest.health().warning is not None)
        for _ in range(2):
            store.current_status = ROOMY
            await ingest._shelves.refresh()
    assert warnings == [True] * 5
    assert ingest.health().warning is None
    assert notebook.changes == [
        ("store has 199 bytes free, less than 200", False),
        ("store has 99 bytes free, less than 100", True),
        ("store is read-only: 2 failed flushes", True),
        (None, False),
    ]


async def test_a_store_full_at_start_is_told() -> None:
    store, notebook = MemoryStore(), Notebook()
    store.current_status = FULL
    ingest = make_ingest(store, min_free_bytes=100, observer=notebook)
    async with running(ingest):
        pass
    assert notebook.changes == [("store has 99 bytes free, less than 100", True)]


async def test_a_fault_of_the_index_is_a700_and_the_file_stays_until_it_works_again() -> None:
    store, register, notebook = MemoryStore(), MemoryRegister(), Notebook()
    fault = register.error = IndexFault(IndexFaultKind.NO_SPACE, "SQLITE_FULL")
    async with running(make_ingest(store, register, observer=notebook)) as ingest:
        outcome = await store_one(ingest)
        assert (outcome.status, outcome.became) == (0xA700, None)
        assert outcome.comment == "Not stored: no space left for the index"
        assert [*store.objects] == ["00000001"]
        assert (await store_one(ingest)).status == 0x0000
        assert [*store.objects] == ["00000002"]
    assert notebook.not_stored_for == [("CT1", fault)]


async def test_a_fault_of_the_index_is_no_readiness_until_it_works_or_is_long_ago() -> None:
    register, clock = MemoryRegister(), Clock()
    async with running(make_ingest(MemoryStore(), register, clock=clock)) as ingest:
        assert ingest.unready() is None
        register.error = IndexFault(IndexFaultKind.NO_SPACE, "SQLITE_FULL")
        await store_one(ingest, 1)
        assert ingest.unready() == "no space left for the index: SQLITE_FULL"
        assert ingest.admits() is None
        await store_one(ingest, 1)
        assert ingest.unready() is None
        register.error = IndexFault(IndexFaultKind.NO_SPACE, "SQLITE_FULL")
        await store_one(ingest, 2)
        clock.now_us += INDEX_TROUBLE_US
        assert ingest.unready() is None


async def test_row_d36_the_same_once_more_is_a_success_and_leaves_one_file() -> None:
    store = MemoryStore()
    async with running(make_ingest(store)) as ingest:
        async with anyio.create_task_group() as senders:
            for _ in range(16):
                senders.start_soon(store_one, ingest)
        outcome = await store_one(ingest)
    assert (outcome.status, outcome.became) == (0x0000, Outcome.DUPLICATE)
    assert len(store.objects) == 1


async def test_row_d37_another_version_is_kept_aside_and_told() -> None:
    store, notebook = MemoryStore(), Notebook()
    tested = make_ingest(store, observer=notebook)
    async with running(tested) as ingest:
        await store_one(ingest)
        answers = []
        for _ in range(2):
            intake = ingest.begin(request())
            intake.write(data_set({"SOPInstanceUID": "1.2.3.1", "PatientName": "Another"}))
            answers.append(await intake.finish())
    assert [answer.status for answer in answers] == [0xC010, 0xC010]
    assert [answer.became for answer in answers] == [Outcome.CONFLICT, Outcome.CONFLICT_KNOWN]
    assert answers[0].comment == "Other content under a known UID: quarantined"
    assert notebook.put_aside == [("CT1", "1.2.3.1", Outcome.CONFLICT, 1)]
    assert len(store.objects) == 2


PADDED = object_of(1) + b"\xfc\xff\xfc\xffOB\0\0\x02\0\0\0\0\0"


async def store_padded(ingest: Ingest) -> IngestOutcome:
    intake = ingest.begin(request())
    intake.write(PADDED)
    return await intake.finish()


async def test_the_same_values_written_anew_are_kept_once_as_they_came_first() -> None:
    store, register, notebook = MemoryStore(), MemoryRegister(), Notebook()
    async with running(make_ingest(store, register, observer=notebook)) as ingest:
        await store_one(ingest)
        async with anyio.create_task_group() as senders:
            for _ in range(8):
                senders.start_soon(store_padded, ingest)
        outcome = await store_padded(ingest)
    assert (outcome.status, outcome.became) == (0x0000, Outcome.DUPLICATE)
    assert ingest.health().became == {Outcome.STORED: 1, Outcome.DUPLICATE: 9}
    assert [*store.objects] == ["00000001"]
    assert register.quarantined == {}
    assert notebook.put_aside == []


class Interrupted(MemoryRegister):
    """Fails before it takes a version out of quarantine, until it is well again."""

    is_well = False

    async def withdraw(self, partition: int, version: int, existing: Copy, /) -> bool:
        if not self.is_well:
            raise IndexFault(IndexFaultKind.INPUT_OUTPUT, "test")
        return await super().withdraw(partition, version, existing)


async def test_a_second_look_that_was_interrupted_is_made_up_for() -> None:
    store, register = MemoryStore(), Interrupted()
    async with running(make_ingest(store, register)) as ingest:
        await store_one(ingest)
        assert (await store_padded(ingest)).status == 0xA700
        assert len(register.quarantined) == 1
        register.is_well = True
        outcome = await store_padded(ingest)
    assert (outcome.status, outcome.became) == (0x0000, Outcome.DUPLICATE)
    assert [*store.objects] == ["00000001"]
    assert register.quarantined == {}


async def test_row_d38_another_patient_is_acknowledged_held_and_told() -> None:
    store, notebook = MemoryStore(), Notebook()
    tested = make_ingest(store, observer=notebook)
    async with running(tested) as ingest:
        await store_one(ingest)
        intake = ingest.begin(request(2))
        intake.write(data_set({"SOPInstanceUID": "1.2.3.2", "PatientID": "ANOTHER"}))
        outcome = await intake.finish()
    assert (outcome.status, outcome.became) == (0x0000, Outcome.HELD)
    assert notebook.put_aside == [("CT1", "1.2.3.2", Outcome.HELD, 2)]


async def test_a_file_that_cannot_be_removed_is_told() -> None:
    store, notebook = MemoryStore(), Notebook()
    tested = make_ingest(store, observer=notebook)
    async with running(tested) as ingest:
        await store_one(ingest)
        store.errors["delete"] = StoreError(StoreFault.INPUT_OUTPUT, "test")
        await store_one(ingest)
    assert notebook.left == ["00000002"]


async def test_row_d35_a_preamble_is_kept_or_becomes_zeros_and_is_told() -> None:
    tiff, shell = b"II*\0".ljust(128, b"\1"), b"#!/bin/sh".ljust(128, b"#")
    store, notebook = MemoryStore(), Notebook()
    async with running(make_ingest(store, observer=notebook)) as ingest:
        for number, preamble in enumerate((tiff, shell, bytes(128)), 1):
            intake = ingest.begin(replace(request(number), preamble=preamble))
            intake.write(object_of(number))
            assert (await intake.finish()).status == 0x0000
    assert [content[:128] for content in store.objects.values()] == [tiff, bytes(128), bytes(128)]
    assert notebook.zeroed == ["dimse"]
    assert ingest.health().zeroed_preambles == 1


async def store_odd(ingest: Ingest, number: int = 1) -> IngestOutcome:
    """Two elements of odd length, one twice, leading zeros in two UIDs."""
    odd = b"\x40\x00\x10\x00SH\x03\x00ODD"
    uids = {"StudyInstanceUID": "1.2.03", "SeriesInstanceUID": "1.2.03.1"}
    intake = ingest.begin(request(number))
    intake.write(data_set({"SOPInstanceUID": f"1.2.3.{number}", **uids}) + 2 * odd)
    return await intake.finish()


def counted_quirks(ingest: Ingest) -> dict[QuirkKind, int]:
    return {kind: count for kind, count in ingest.health().quirks.items() if count}


async def test_row_d29_d30_each_object_stored_counts_each_kind_of_quirk_once() -> None:
    async with running(make_ingest(MemoryStore())) as ingest:
        assert (await store_odd(ingest)).status == 0x0000
        once = counted_quirks(ingest)
        assert (await store_odd(ingest)).became is Outcome.DUPLICATE
        await store_one(ingest, 3)
        assert counted_quirks(ingest) == once
        await store_odd(ingest, 2)
        twice = counted_quirks(ingest)
    kinds = {QuirkKind.ODD_LENGTH, QuirkKind.DUPLICATE, QuirkKind.UID_COMPONENT}
    assert once == dict.fromkeys(kinds, 1)
    assert twice == dict.fromkeys(kinds, 2)


@pytest.mark.parametrize(("warns", "status"), [(False, 0x0000), (True, 0xB007)])
async def test_row_d30_pixel_data_cut_short_is_kept_counted_and_told(
    status: int, *, warns: bool
) -> None:
    store, notebook = MemoryStore(), Notebook()
    cut = data_set({"SOPInstanceUID": "1.2.3.1"}, pixel_bytes=100_000)[:-500]
    async with running(make_ingest(store, observer=notebook)) as ingest:
        policy = SenderPolicy(warns_of_quirks=warns)
        for became in (Outcome.STORED, Outcome.DUPLICATE):
            intake = ingest.begin(replace(request(1), policy=policy))
            for start in range(0, len(cut), 16_384):
                intake.write(cut[start : start + 16_384])
            outcome = await intake.finish()
            assert (outcome.status, outcome.became) == (status, became)
        assert outcome.comment.endswith(": truncated") == warns
        assert counted_quirks(ingest) == {QuirkKind.TRUNCATED: 1}
    assert notebook.cut == [("CT1", "1.2.3.1")]
    [content] = store.objects.values()
    assert content.endswith(cut)


async def test_what_is_refused_for_its_own_fault_is_told() -> None:
    store, notebook = MemoryStore(), Notebook()
    async with running(make_ingest(store, observer=notebook)) as ingest:
        intake = ingest.begin(request(1))
        intake.write(object_of(2))
        assert (await intake.finish()).status == 0xA900
    assert notebook.refusals == [("CT1", 0xA900)]
    assert notebook.not_stored_for == []
