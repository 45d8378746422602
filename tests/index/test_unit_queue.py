import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import anyio
import pytest

from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.unit_queue import Priority, UnitQueue

Numbers = list[int]


async def waiting(units: UnitQueue[Numbers], count: int) -> None:
    while units.waiting_units != count:
        await anyio.lowlevel.checkpoint()


def serve(units: UnitQueue[Numbers], hand: Numbers) -> None:
    while (unit := units.take()) is not None:
        with unit:
            unit.answer = unit.work(hand)
        del unit


@contextmanager
def served(units: UnitQueue[Numbers], hand: Numbers) -> Iterator[None]:
    thread = threading.Thread(target=serve, args=(units, hand))
    thread.start()
    try:
        yield
    finally:
        units.close()
        thread.join()


async def test_a_unit_is_done_by_the_thread() -> None:
    units: UnitQueue[Numbers] = UnitQueue(2)
    with served(units, [1, 2, 3]):
        assert await units.call(sum, Priority.INGEST) == 6
        assert await units.call(lambda _: threading.current_thread().name, Priority.JOBS) != (
            threading.main_thread().name
        )


async def test_what_a_unit_raises_is_raised_where_it_is_awaited() -> None:
    units: UnitQueue[Numbers] = UnitQueue(2)
    with served(units, []):
        with pytest.raises(ValueError, match="empty"):
            await units.call(min, Priority.INGEST)
        assert await units.call(len, Priority.INGEST) == 0


class Buffer(bytearray):
    """What work holds; it can be asked whether it is gone."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Only what nothing refers to is freed."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
async def test_of_a_unit_that_failed_nothing_is_left() -> None:
    units: UnitQueue[Numbers] = UnitQueue(2)
    held: list[weakref.ref[Buffer]] = []

    async def fail() -> None:
        buffer = Buffer(1_000)
        held.append(weakref.ref(buffer))
        await units.call(lambda _: buffer[1_000], Priority.INGEST)

    with served(units, []):
        with pytest.raises(IndexError):
            await fail()
        await units.call(len, Priority.INGEST)  # by now the thread has let go of it
        assert held[0]() is None


@pytest.mark.usefixtures("no_collector")
async def test_of_a_unit_that_failed_after_it_was_cancelled_nothing_is_left() -> None:
    units: UnitQueue[Numbers] = UnitQueue(2)
    begun, may_end = threading.Event(), threading.Event()
    held: list[weakref.ref[Buffer]] = []

    def fail(_: Numbers) -> int:
        buffer = Buffer(1_000)
        held.append(weakref.ref(buffer))
        begun.set()
        may_end.wait()
        return buffer[1_000]

    with served(units, []):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(units.call, fail, Priority.INGEST)
            await anyio.to_thread.run_sync(begun.wait)
            tasks.cancel_scope.cancel()
            may_end.set()
        await units.call(len, Priority.INGEST)
        assert held[0]() is None


async def test_the_first_priority_goes_first() -> None:
    units: UnitQueue[Numbers] = UnitQueue(10)
    order: list[Priority] = []
    async with anyio.create_task_group() as tasks:
        for count, priority in enumerate(reversed(Priority), 1):
            tasks.start_soon(units.call, lambda _, each=priority: order.append(each), priority)
            await waiting(units, count)
        with served(units, []):
            await units.call(len, Priority.MAINTENANCE)
    assert order == list(Priority)


async def test_the_last_priority_gets_its_turn() -> None:
    units: UnitQueue[Numbers] = UnitQueue(100)
    order: list[str] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(units.call, lambda _: order.append("scrub"), Priority.MAINTENANCE)
        await waiting(units, 1)
        for _ in range(50):
            tasks.start_soon(units.call, lambda _: order.append("store"), Priority.INGEST)
        await waiting(units, 51)
        with served(units, []):
            await units.call(len, Priority.INGEST)
    assert order.index("scrub") == 16


async def test_who_comes_when_all_room_is_taken_waits() -> None:
    units: UnitQueue[Numbers] = UnitQueue(2)
    hand: Numbers = []
    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(units.call, lambda hand, each=number: hand.append(each), Priority.JOBS)
        await waiting(units, 2)
        with served(units, hand):
            await units.call(len, Priority.INGEST)
            while len(hand) < 4:
                await anyio.lowlevel.checkpoint()
    assert sorted(hand) == [0, 1, 2, 3]


async def test_a_unit_cancelled_in_the_queue_is_not_done() -> None:
    units: UnitQueue[Numbers] = UnitQueue(2)
    hand: Numbers = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(units.call, lambda hand: hand.append(1), Priority.INGEST)
        await waiting(units, 1)
        tasks.cancel_scope.cancel()
    assert units.waiting_units == 0
    with served(units, hand):
        await units.call(len, Priority.INGEST)
    assert hand == []


async def test_a_unit_cancelled_while_it_is_done_is_waited_for() -> None:
    units: UnitQueue[Numbers] = UnitQueue(2)
    hand: Numbers = []
    begun, may_end = threading.Event(), threading.Event()

    def slow(hand: Numbers) -> None:
        begun.set()
        may_end.wait()
        hand.append(1)

    with served(units, hand):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(units.call, slow, Priority.INGEST)
            while not begun.is_set():
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
            may_end.set()
        assert hand == [1]


async def test_a_unit_cancelled_again_while_it_is_done_is_still_waited_for() -> None:
    units: UnitQueue[Numbers] = UnitQueue(2)
    hand: Numbers = []
    begun, may_end = threading.Event(), threading.Event()

    def slow(hand: Numbers) -> None:
        begun.set()
        may_end.wait()
        hand.append(1)

    with served(units, hand):
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(units.call(slow, Priority.INGEST))
            await anyio.to_thread.run_sync(begun.wait)
            is_over = []
            for _ in range(3):
                task.cancel()
                await anyio.wait_all_tasks_blocked()
                is_over.append(task.done())
            may_end.set()
            assert not any(is_over)
            with suppress(asyncio.CancelledError):
                await task
            assert task.cancelled()
            assert hand == [1]


async def test_a_closed_queue_finishes_what_waits_and_takes_no_more() -> None:
    units: UnitQueue[Numbers] = UnitQueue(2)
    hand: Numbers = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(units.call, lambda hand: hand.append(1), Priority.INGEST)
        await waiting(units, 1)
        units.close()
        with pytest.raises(IndexFault) as raised:
            await units.call(len, Priority.INGEST)
        assert raised.value.kind is IndexFaultKind.STOPPED
        with served(units, hand):
            pass
    assert hand == [1]


async def test_an_abandoned_queue_refuses_what_waits() -> None:
    units: UnitQueue[Numbers] = UnitQueue(2)

    async def refused() -> None:
        with pytest.raises(IndexFault):
            await units.call(len, Priority.INGEST)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(refused)
        await waiting(units, 1)
        units.abandon()


def test_many_threads_end_with_one_queue() -> None:
    units: UnitQueue[Numbers] = UnitQueue(2)
    threads = [threading.Thread(target=serve, args=(units, [])) for _ in range(3)]
    for thread in threads:
        thread.start()
    units.close()
    for thread in threads:
        thread.join()
