import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest
from anyio.abc import TaskGroup

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.api.store import Location, Staged, StageRequest
from pacsd.archive.committer import Committer
from pacsd.archive.precedence import Precedence
from pacsd.archive.unsettled import Unsettled
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import NewCopy, NewInstance, Outcome, Verdict
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStage, MemoryStore


class SlowStore(MemoryStore):
    """Each commit waits at the gate; `is_committing` is set while it does."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = anyio.Event()
        self.is_committing = anyio.Event()

    async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
        self.is_committing.set()
        await self.gate.wait()
        return await super().commit(group)


async def nothing() -> None:
    """Follow a group by nothing."""


class UnderTest(Committer):
    """A committer of objects that differ in nothing but their location."""

    def __init__(
        self,
        store: MemoryStore,
        register: MemoryRegister | None = None,
        *,
        max_objects: int = 100,
        max_bytes: int = 10**9,
    ) -> None:
        self.disposed: list[str] = []
        self.precedence = Precedence()
        register = register or MemoryRegister()
        super().__init__(
            store,
            register,
            max_objects=max_objects,
            max_bytes=max_bytes,
            precedence=self.precedence,
            unsettled=Unsettled(register, self.note_all),
            dispose=self.note,
            after_group=nothing,
        )

    async def note(self, location: Location) -> None:
        self.disposed.append(location.key)

    async def note_all(self, locations: Sequence[Location]) -> None:
        self.disposed += (location.key for location in locations)

    async def commit_one(self, staged: Staged, data_set_bytes: int = 0, uid: str = "") -> Verdict:
        return await self.commit(staged, data_set_bytes, partial(described, uid))


def described(uid: str, location: Location) -> NewInstance:
    return NewInstance(
        reception=Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse"),
        sop_class_uid="1.2",
        sop_instance_uid=uid or f"1.2.{location.key}",
        transfer_syntax_uid="1.2.840.10008.1.2",
        study_instance_uid="1.2.3",
        series_instance_uid="1.2.3.1",
        patient_id="1",
        issuer_of_patient_id="",
        attributes={},
        copy=NewCopy(location.store, location.key, location.size_bytes, 0, b"digest"),
    )


@asynccontextmanager
async def running(tested: UnderTest) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run)
        yield
        tasks.cancel_scope.cancel()


async def staged(store: MemoryStore) -> MemoryStage:
    return await store.stage(StageRequest(1, b"", hashlib.sha256()))


async def wait_for(tested: UnderTest, waiting_objects: int) -> None:
    while tested.waiting_objects != waiting_objects:
        await anyio.lowlevel.checkpoint()


async def test_an_idle_committer_commits_at_once() -> None:
    store = MemoryStore()
    tested = UnderTest(store)
    async with running(tested):
        verdict = await tested.commit_one(await staged(store), 0)
    assert (verdict.outcome, verdict.keeps_file) == (Outcome.STORED, True)
    assert store.groups == [1]


async def grouped(sizes: list[int], max_objects: int, max_bytes: int) -> list[int]:
    """The groups formed of objects that arrive while a first one is committed."""
    store = SlowStore()
    tested = UnderTest(store, max_objects=max_objects, max_bytes=max_bytes)
    async with running(tested), anyio.create_task_group() as senders:
        senders.start_soon(tested.commit_one, await staged(store), 0)
        await store.is_committing.wait()
        for size in sizes:
            senders.start_soon(tested.commit_one, await staged(store), size)
            await wait_for(tested, tested.waiting_objects + 1)
        store.gate.set()
    return store.groups[1:]


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        ([1] * 5, [5]),
        ([1] * 13, [6, 6, 1]),
        ([60, 30, 20], [2, 1]),
        ([500, 1, 1], [1, 2]),
    ],
)
async def test_what_arrives_meanwhile_is_the_next_group(
    sizes: list[int], groups: list[int]
) -> None:
    assert await grouped(sizes, max_objects=6, max_bytes=100) == groups


async def test_each_gets_its_own_answer() -> None:
    store = MemoryStore()
    tested = UnderTest(store)
    aborted = await staged(store)
    await aborted.abort()
    async with running(tested):
        with pytest.raises(StoreError):
            await tested.commit_one(aborted, 0)
        await tested.commit_one(await staged(store), 0)
    assert len(store.objects) == 1


async def test_a_bug_of_the_store_reaches_who_waits_and_the_committer_lives() -> None:
    store = MemoryStore()
    tested = UnderTest(store)
    store.errors["commit"] = KeyError("bug")
    async with running(tested):
        with pytest.raises(KeyError):
            await tested.commit_one(await staged(store), 0)
        store.errors.clear()
        await tested.commit_one(await staged(store), 0)
    assert len(store.objects) == 1


class ShortStore(MemoryStore):
    async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
        return (await super().commit(group))[1:]


async def test_too_few_answers_are_a_bug_of_the_store() -> None:
    store = ShortStore()
    tested = UnderTest(store)
    async with running(tested):
        with pytest.raises(ValueError, match="answered 0 of 1"):
            await tested.commit_one(await staged(store), 0)


async def test_cancelled_before_its_group_an_object_leaves_the_queue() -> None:
    store = SlowStore()
    tested = UnderTest(store)
    async with running(tested), anyio.create_task_group() as senders:
        senders.start_soon(tested.commit_one, await staged(store), 0)
        await store.is_committing.wait()
        async with anyio.create_task_group() as leaving:
            leaving.start_soon(tested.commit_one, await staged(store), 0)
            await wait_for(tested, 1)
            leaving.cancel_scope.cancel()
        assert tested.waiting_objects == 0
        store.gate.set()
    assert len(store.objects) == 1


async def test_cancelled_in_its_group_it_waits_for_the_group() -> None:
    store = SlowStore()
    tested = UnderTest(store)
    async with running(tested):
        async with anyio.create_task_group() as leaving:
            leaving.start_soon(tested.commit_one, await staged(store), 0)
            await store.is_committing.wait()
            leaving.cancel_scope.cancel()
            store.gate.set()
        assert store.groups == [1]


async def test_stopped_it_finishes_the_group_and_refuses_who_waits() -> None:
    store = SlowStore()
    tested = UnderTest(store)
    answers: list[Verdict | StoreError] = []

    async def send() -> None:
        try:
            answers.append(await tested.commit_one(await staged(store), 0))
        except StoreError as error:
            answers.append(error)

    async with anyio.create_task_group() as senders, anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run)
        senders.start_soon(send)
        await store.is_committing.wait()
        senders.start_soon(send)
        await wait_for(tested, 1)
        tasks.cancel_scope.cancel()
        store.gate.set()
    assert isinstance(answers[0], Verdict)
    assert isinstance(answers[1], StoreError)
    assert answers[1].fault is StoreFault.STOPPED
    with pytest.raises(StoreError):
        await tested.commit_one(await staged(store), 0)


class GatedRegister(MemoryRegister):
    """Each group waits at the gate; `is_adding` is set while it does."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = anyio.Event()
        self.is_adding = anyio.Event()

    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        self.is_adding.set()
        await self.gate.wait()
        return await super().add(group)


async def test_nobody_is_answered_before_the_index_has_it() -> None:
    store, register = MemoryStore(), GatedRegister()
    tested = UnderTest(store, register)
    answered: list[Verdict] = []

    async def send() -> None:
        answered.append(await tested.commit_one(await staged(store)))

    async with running(tested), anyio.create_task_group() as senders:
        senders.start_soon(send)
        await register.is_adding.wait()
        await anyio.wait_all_tasks_blocked()
        assert len(store.objects) == 1
        assert answered == []
        register.gate.set()
    assert len(answered) == 1


async def test_the_next_group_is_flushed_while_one_is_indexed() -> None:
    store, register = MemoryStore(), GatedRegister()
    tested = UnderTest(store, register)
    async with running(tested), anyio.create_task_group() as senders:
        senders.start_soon(tested.commit_one, await staged(store))
        await register.is_adding.wait()
        senders.start_soon(tested.commit_one, await staged(store))
        await anyio.wait_all_tasks_blocked()
        assert len(store.objects) == 2
        assert register.groups == []
        register.gate.set()
    assert register.groups == [1, 1]


async def test_stopped_it_indexes_what_is_durable() -> None:
    store, register = MemoryStore(), GatedRegister()
    tested = UnderTest(store, register)
    answers: list[Verdict] = []

    async def send() -> None:
        answers.append(await tested.commit_one(await staged(store)))

    async with anyio.create_task_group() as senders, anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run)
        senders.start_soon(send)
        await register.is_adding.wait()
        senders.start_soon(send)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
        await anyio.lowlevel.cancel_shielded_checkpoint()
        register.gate.set()
    assert len(answers) == 2


async def test_a_fault_of_the_index_reaches_its_group_and_no_other() -> None:
    store, register = MemoryStore(), MemoryRegister()
    tested = UnderTest(store, register)
    register.error = IndexFault(IndexFaultKind.NO_SPACE, "test")
    async with running(tested):
        with pytest.raises(IndexFault):
            await tested.commit_one(await staged(store))
        assert tested.disposed == []
        await tested.commit_one(await staged(store))
    assert len(store.objects) == 2
    assert tested.disposed == ["00000001"]


async def test_while_the_index_cannot_settle_no_file_is_made() -> None:
    store, register = MemoryStore(), MemoryRegister()
    tested = UnderTest(store, register)
    register.error = IndexFault(IndexFaultKind.NO_SPACE, "test")
    register.is_failing = True
    async with running(tested):
        for _ in range(5):
            with pytest.raises(IndexFault):
                await tested.commit_one(await staged(store))
        assert [*store.objects] == ["00000001"]
        register.is_failing = False
        await tested.commit_one(await staged(store))
    assert tested.disposed == ["00000001"]
    assert register.settled == [1]


class FailingOnce(GatedRegister):
    """Fails one group behind its gate, while the next one is made durable."""

    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        try:
            return await super().add(group)
        except IndexFault:
            self.is_failing = True
            raise


async def test_what_was_made_durable_while_the_index_failed_is_settled_too() -> None:
    store, register = MemoryStore(), FailingOnce()
    tested = UnderTest(store, register)
    register.error = IndexFault(IndexFaultKind.NO_SPACE, "test")
    faults: list[IndexFault] = []

    async def send() -> None:
        try:
            await tested.commit_one(await staged(store))
        except IndexFault as fault:
            faults.append(fault)

    async with running(tested):
        async with anyio.create_task_group() as senders:
            senders.start_soon(send)
            await register.is_adding.wait()
            senders.start_soon(send)
            await anyio.wait_all_tasks_blocked()
            register.gate.set()
        assert len(store.objects) == len(faults) == 2
        register.is_failing = False
        await tested.commit_one(await staged(store))
    assert tested.disposed == ["00000001", "00000002"]
    assert register.settled == [2]


class ShortRegister(MemoryRegister):
    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        return (await super().add(group))[1:]


async def test_too_few_verdicts_are_a_bug_of_the_index() -> None:
    store = MemoryStore()
    tested = UnderTest(store, ShortRegister())
    async with running(tested):
        with pytest.raises(ValueError, match="answered 0 of 1"):
            await tested.commit_one(await staged(store))


async def test_a_file_without_use_is_given_away() -> None:
    store = MemoryStore()
    tested = UnderTest(store)
    async with running(tested):
        await tested.commit_one(await staged(store), uid="1.2.3")
        verdict = await tested.commit_one(await staged(store), uid="1.2.3")
        await anyio.wait_all_tasks_blocked()
    assert verdict.outcome is Outcome.DUPLICATE
    assert tested.disposed == ["00000002"]


class Unlogged(MemoryRegister):
    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        raise StoreError(StoreFault.NO_SPACE, f"the state log has no room for {len(group)}")


async def test_files_of_what_could_not_be_logged_go() -> None:
    store = MemoryStore()
    committer = UnderTest(store, Unlogged())
    async with running(committer):
        with pytest.raises(StoreError):
            await committer.commit_one(await staged(store))
    assert committer.disposed == ["00000001"]


async def test_what_is_durable_when_the_index_half_dies_is_answered() -> None:
    store, register = MemoryStore(), GatedRegister()
    tested = UnderTest(store, register)
    answers: list[Verdict | StoreError] = []

    async def send() -> None:
        try:
            answers.append(await tested.commit_one(await staged(store), uid="1.2.3"))
        except StoreError as error:
            answers.append(error)

    async def failing(location: Location) -> None:
        raise RuntimeError(location.key)

    async def break_down(senders: TaskGroup) -> None:
        async with running(tested):
            register.gate.set()
            await send()
            register.gate, register.is_adding = anyio.Event(), anyio.Event()
            senders.start_soon(send)
            await register.is_adding.wait()
            senders.start_soon(send)
            await anyio.wait_all_tasks_blocked()
            assert len(store.objects) == 3
            register.gate.set()
            await anyio.sleep_forever()

    tested._dispose = failing
    async with anyio.create_task_group() as senders:
        with pytest.raises(ExceptionGroup):
            await break_down(senders)
    duplicate, stopped = answers[1:]
    assert isinstance(duplicate, Verdict)
    assert isinstance(stopped, StoreError)
    assert stopped.fault is StoreFault.STOPPED
