from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Location
from pacsd.archive.disposal import Disposal
from pacsd.archive.observer import IngestObserver, NobodyObserves
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.memory_store import MemoryStore
from tests.archive.test_committer import described

LEFT = [Location("memory", f"{number:08}", 0) for number in range(5)]


class Notebook(NobodyObserves):
    def __init__(self) -> None:
        self.left: list[tuple[Location, StoreError | IndexFault]] = []

    def not_removed(self, location: Location, error: StoreError | IndexFault) -> None:
        self.left.append((location, error))


class Unreadable(MemoryRegister):
    """Cannot say what it knows."""

    fault = IndexFault(IndexFaultKind.INPUT_OUTPUT, "read: EIO")

    async def known_keys(self, *_: object) -> frozenset[str]:
        raise self.fault


def a_store() -> MemoryStore:
    store = MemoryStore()
    store.objects = {location.key: b"" for location in LEFT}
    return store


def disposal_of(
    store: MemoryStore,
    register: MemoryRegister | None = None,
    observer: IngestObserver | None = None,
    taking_in: anyio.Lock | None = None,
) -> Disposal:
    return Disposal(
        store,
        register or MemoryRegister(),
        observer or NobodyObserves(),
        taking_in or anyio.Lock(),
    )


@asynccontextmanager
async def running(tested: Disposal) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        await tasks.start(tested.run)
        yield
        tested.close()


async def test_what_was_added_is_removed_before_the_end() -> None:
    store = a_store()
    tested = disposal_of(store)
    async with anyio.create_task_group() as tasks:
        await tasks.start(tested.run)
        for location in LEFT[:4]:
            await tested.add(location)
        tasks.cancel_scope.cancel()
        tested.close()
    assert [*store.objects] == [LEFT[4].key]


async def test_one_that_cannot_be_removed_is_told_and_holds_up_no_other() -> None:
    store, notebook = a_store(), Notebook()
    error = store.errors["delete"] = StoreError(StoreFault.READ_ONLY, "test")
    tested = disposal_of(store, observer=notebook)
    async with running(tested):
        await tested.add(LEFT[0])
        await anyio.wait_all_tasks_blocked()
        store.errors.clear()
        await tested.add(LEFT[1])
    assert notebook.left == [(LEFT[0], error)]
    assert [*store.objects] == [each.key for each in (LEFT[0], *LEFT[2:])]


async def test_a_bug_of_the_store_is_told_and_ends_nothing() -> None:
    store, notebook = a_store(), Notebook()
    store.errors["delete"] = KeyError("bug")
    tested = disposal_of(store, observer=notebook)
    async with running(tested):
        await tested.add(LEFT[0])
        await anyio.wait_all_tasks_blocked()
        store.errors.clear()
        await tested.add(LEFT[1])
    [(location, error)] = notebook.left
    assert location == LEFT[0]
    assert str(error) == "input/output error: delete: KeyError('bug')"
    assert LEFT[1].key not in store.objects


async def test_no_file_goes_that_the_index_names() -> None:
    store, register = a_store(), MemoryRegister()
    await register.add([described("1.2.3", LEFT[2])])
    tested = disposal_of(store, register)
    async with running(tested):
        for location in LEFT:
            await tested.add(location)
    assert [*store.objects] == [LEFT[2].key]


async def test_while_the_index_cannot_be_asked_files_stay_and_are_told() -> None:
    store, notebook = a_store(), Notebook()
    tested = disposal_of(store, Unreadable(), notebook)
    async with running(tested):
        await tested.add(LEFT[0])
    assert notebook.left == [(LEFT[0], Unreadable.fault)]
    with pytest.raises(IndexFault):
        await tested.remove(LEFT)
    assert len(store.objects) == 5


async def test_nothing_goes_while_somebody_takes_files_in() -> None:
    store, register, taking_in = a_store(), MemoryRegister(), anyio.Lock()
    tested = disposal_of(store, register, taking_in=taking_in)
    async with running(tested):
        async with taking_in:
            await tested.add(LEFT[0])
            await tested.add(LEFT[1])
            await anyio.wait_all_tasks_blocked()
            await register.add([described("1.2.3", LEFT[0])])
        await anyio.wait_all_tasks_blocked()
    assert [*store.objects] == [each.key for each in (LEFT[0], *LEFT[2:])]


async def test_nothing_is_added_before_it_runs() -> None:
    with pytest.raises(RuntimeError):
        await disposal_of(MemoryStore()).add(LEFT[0])
