import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Location, Staged, StageRequest
from pacsd.archive.committer import Committer
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


def committer(store: MemoryStore, max_objects: int = 100, max_bytes: int = 10**9) -> Committer:
    return Committer(store, max_objects=max_objects, max_bytes=max_bytes, after_group=nothing)


@asynccontextmanager
async def running(tested: Committer) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tested.run)
        yield
        tasks.cancel_scope.cancel()


async def staged(store: MemoryStore) -> MemoryStage:
    return await store.stage(StageRequest(1, b"", hashlib.sha256()))


async def wait_for(tested: Committer, waiting_objects: int) -> None:
    while tested.waiting_objects != waiting_objects:
        await anyio.lowlevel.checkpoint()


async def test_an_idle_committer_commits_at_once() -> None:
    store = MemoryStore()
    tested = committer(store)
    async with running(tested):
        location = await tested.commit(await staged(store), 0)
    assert location.key in store.objects
    assert store.groups == [1]


async def grouped(sizes: list[int], max_objects: int, max_bytes: int) -> list[int]:
    """The groups formed of objects that arrive while a first one is committed."""
    store = SlowStore()
    tested = committer(store, max_objects, max_bytes)
    async with running(tested), anyio.create_task_group() as senders:
        senders.start_soon(tested.commit, await staged(store), 0)
        await store.is_committing.wait()
        for size in sizes:
            senders.start_soon(tested.commit, await staged(store), size)
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
    tested = committer(store)
    aborted = await staged(store)
    await aborted.abort()
    async with running(tested):
        with pytest.raises(StoreError):
            await tested.commit(aborted, 0)
        await tested.commit(await staged(store), 0)
    assert len(store.objects) == 1


async def test_a_bug_of_the_store_reaches_who_waits_and_the_committer_lives() -> None:
    store = MemoryStore()
    tested = committer(store)
    store.errors["commit"] = KeyError("bug")
    async with running(tested):
        with pytest.raises(KeyError):
            await tested.commit(await staged(store), 0)
        store.errors.clear()
        await tested.commit(await staged(store), 0)
    assert len(store.objects) == 1


class ShortStore(MemoryStore):
    async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
        return (await super().commit(group))[1:]


async def test_too_few_answers_are_a_bug_of_the_store() -> None:
    store = ShortStore()
    tested = committer(store)
    async with running(tested):
        with pytest.raises(ValueError, match="answered 0 of 1"):
            await tested.commit(await staged(store), 0)


async def test_cancelled_before_its_group_an_object_leaves_the_queue() -> None:
    store = SlowStore()
    tested = committer(store)
    async with running(tested), anyio.create_task_group() as senders:
        senders.start_soon(tested.commit, await staged(store), 0)
        await store.is_committing.wait()
        async with anyio.create_task_group() as leaving:
            leaving.start_soon(tested.commit, await staged(store), 0)
            await wait_for(tested, 1)
            leaving.cancel_scope.cancel()
        assert tested.waiting_objects == 0
        store.gate.set()
    assert len(store.objects) == 1


async def test_cancelled_in_its_group_it_waits_for_the_group() -> None:
    store = SlowStore()
    tested = committer(store)
    async with running(tested):
        async with anyio.create_task_group() as leaving:
            leaving.start_soon(tested.commit, await staged(store), 0)
            await store.is_committing.wait()
            leaving.cancel_scope.cancel()
            store.gate.set()
        assert store.groups == [1]


async def test_stopped_it_finishes_the_group_and_refuses_who_waits() -> None:
    store = SlowStore()
    tested = committer(store)
    answers: list[Location | StoreError] = []

    async def send() -> None:
        try:
            answers.append(await tested.commit(await staged(store), 0))
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
    assert isinstance(answers[0], Location)
    assert isinstance(answers[1], StoreError)
    assert answers[1].fault is StoreFault.STOPPED
    with pytest.raises(StoreError):
        await tested.commit(await staged(store), 0)
