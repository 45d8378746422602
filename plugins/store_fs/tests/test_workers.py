import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue

import anyio
import pytest
from pacsd_store_fs.workers import Workers


class Buffer(bytearray):
    """What work holds; it can be asked whether it is gone."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Only what nothing refers to is freed."""
    gc.disable()
    yield
    gc.enable()


async def test_a_thread_does_it() -> None:
    workers = Workers("test", 1)
    assert (await workers.do(lambda: threading.current_thread().name)).startswith("test")
    workers.close()


async def test_what_it_raises_is_raised() -> None:
    workers = Workers("test", 1)
    with pytest.raises(ZeroDivisionError):
        await workers.do(lambda: 1 // 0)
    workers.close()


@pytest.mark.usefixtures("no_collector")
async def test_of_work_that_failed_nothing_is_left() -> None:
    workers = Workers("test", 1)
    held: list[weakref.ref[Buffer]] = []

    async def fail() -> None:
        buffer = Buffer(1_000)
        held.append(weakref.ref(buffer))
        await workers.do(lambda: buffer[1_000])

    with pytest.raises(IndexError):
        await fail()
    await workers.do(lambda: None)  # by now the thread has let go of it
    assert held[0]() is None
    workers.close()


@pytest.mark.usefixtures("no_collector")
async def test_of_work_that_failed_after_it_was_cancelled_nothing_is_left() -> None:
    workers, begun, gate = Workers("test", 1), threading.Event(), threading.Event()
    held: list[weakref.ref[Buffer]] = []

    def fail() -> int:
        buffer = Buffer(1_000)
        held.append(weakref.ref(buffer))
        begun.set()
        gate.wait()
        return buffer[1_000]

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(workers.do, fail)
        await anyio.to_thread.run_sync(begun.wait)
        tasks.cancel_scope.cancel()
        gate.set()
    await workers.do(lambda: None)
    assert held[0]() is None
    workers.close()


async def test_cancelled_it_waits_for_the_thread() -> None:
    workers, begun, gate = Workers("test", 1), threading.Event(), threading.Event()
    ended = []

    def work() -> None:
        begun.set()
        gate.wait()
        ended.append(True)

    async def do() -> None:
        await workers.do(work)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(do)
        await anyio.to_thread.run_sync(begun.wait)
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.wait_all_tasks_blocked()
        assert not ended
        gate.set()
    assert ended
    workers.close()


async def test_cancelled_again_it_still_waits_for_the_thread() -> None:
    workers, begun, gate = Workers("test", 1), threading.Event(), threading.Event()
    ended = []

    def work() -> None:
        begun.set()
        gate.wait()
        ended.append(True)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(workers.do(work))
        await anyio.to_thread.run_sync(begun.wait)
        is_over = []
        for _ in range(3):
            task.cancel()
            await anyio.wait_all_tasks_blocked()
            is_over.append(task.done())
        gate.set()
        assert not any(is_over)
        with suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert ended
    workers.close()


@pytest.mark.parametrize("is_scope_first", [True, False])
async def test_a_scope_and_a_task_that_are_cancelled_both_wait_for_the_thread(
    is_scope_first: bool,
) -> None:
    workers, begun, gate = Workers("test", 1), threading.Event(), threading.Event()
    scope = anyio.CancelScope()
    ended = []

    def work() -> None:
        begun.set()
        gate.wait()
        ended.append(True)

    async def do() -> None:
        try:
            with scope:
                await workers.do(work)
        finally:
            assert ended

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(do())
        await anyio.to_thread.run_sync(begun.wait)
        cancellations = [scope.cancel, task.cancel]
        is_over = []
        for cancel in cancellations if is_scope_first else reversed(cancellations):
            cancel()
            await anyio.wait_all_tasks_blocked()
            is_over.append(task.done())
        gate.set()
        assert not any(is_over)
        with suppress(asyncio.CancelledError):
            await task
        # That of the task is not taken for the scope's.
        assert task.cancelled()
    workers.close()


class NoThread(threading.Thread):
    """What the system says when there are as many threads as there may be."""

    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def name() -> str:
    return threading.current_thread().name


async def test_a_thread_that_cannot_be_started_is_not_missed_while_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workers, begun, gate = Workers("test", 2), threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        gate.wait()
        return name()

    done: list[str] = []

    async def do(work: Callable[[], str]) -> None:
        done.append(await workers.do(work))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(do, work)
        await anyio.to_thread.run_sync(begun.wait)
        with monkeypatch.context() as patch:
            patch.setattr("pacsd_store_fs.workers.Thread", NoThread)
            tasks.start_soon(do, name)
            await anyio.wait_all_tasks_blocked()
        assert not done
        # Now there may be another one again: it takes what waits, and what comes.
        await do(name)
        gate.set()
    assert done == ["test-1", "test-1", "test-0"]
    workers.close()


async def test_without_any_thread_it_is_refused_and_not_done_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workers = Workers("test", 1)
    done: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr("pacsd_store_fs.workers.Thread", NoThread)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            await workers.do(lambda: done.append(1))
    await workers.do(lambda: done.append(2))
    assert done == [2]
    workers.close()


async def test_threads_are_started_as_they_are_needed() -> None:
    workers, gate = Workers("test", 2), threading.Event()
    begun: SimpleQueue[str] = SimpleQueue()

    def work() -> None:
        begun.put(name())
        gate.wait()

    # One after the other needs one.
    assert [await workers.do(name) for _ in range(3)] == ["test-0"] * 3
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(workers.do, work)
        at_work = {await anyio.to_thread.run_sync(begun.get) for _ in range(2)}
        assert at_work == {"test-0", "test-1"}
        # More than the most wait for one of these.
        for _ in range(3):
            tasks.start_soon(workers.do, work)
        await anyio.wait_all_tasks_blocked()
        assert begun.empty()
        gate.set()
    assert {begun.get_nowait() for _ in range(3)} <= at_work
    workers.close()


async def test_closed_it_finishes_what_waits_and_refuses_what_comes() -> None:
    workers, begun, gate = Workers("test", 1), threading.Event(), threading.Event()
    done: list[int] = []

    def work() -> None:
        begun.set()
        gate.wait()
        done.append(1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(workers.do, work)
        await anyio.to_thread.run_sync(begun.wait)
        tasks.start_soon(workers.do, lambda: done.append(2))
        await anyio.wait_all_tasks_blocked()
        closing = threading.Thread(target=workers.close)
        closing.start()
        while not workers._is_closed:
            await anyio.lowlevel.checkpoint()
        with pytest.raises(RuntimeError, match="test: the threads were ended"):
            await workers.do(lambda: done.append(3))
        assert not done
        gate.set()
    await anyio.to_thread.run_sync(closing.join)
    assert done == [1, 2]
    workers.close()


def test_a_loop_that_was_closed_meanwhile_does_no_harm() -> None:
    workers, begun, gate = Workers("test", 1), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        gate.wait()

    # Stopped as it stands, without its end being waited for.
    loop = asyncio.new_event_loop()
    call = workers.do(work)
    loop.call_soon(lambda: call.send(None))
    loop.call_soon(loop.stop)
    loop.run_forever()
    begun.wait()
    loop.close()
    gate.set()
    assert asyncio.run(workers.do(name)) == "test-0"
    call.close()
    workers.close()
