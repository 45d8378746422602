import subprocess
import sys
import threading
from collections.abc import Iterator

import anyio
import anyio.to_thread
import pytest

from pacsd.app.isolation.threads import THREADS_PER_PLUGIN, DaemonThreads


@pytest.fixture
def threads() -> Iterator[DaemonThreads]:
    made = DaemonThreads("acme")
    yield made
    made.close()


def raises(error: BaseException) -> None:
    raise error


async def test_what_a_function_returns_or_raises_comes_back(threads: DaemonThreads) -> None:
    assert await threads.run(lambda: 7) == 7
    with pytest.raises(KeyError):
        await threads.run(lambda: raises(KeyError()))
    with pytest.raises(KeyboardInterrupt):
        await threads.run(lambda: raises(KeyboardInterrupt()))
    with pytest.raises(RuntimeError, match="StopIteration"):
        await threads.run(lambda: raises(StopIteration()))


async def test_threads_are_few_daemonic_and_used_again(threads: DaemonThreads) -> None:
    together = threading.Barrier(THREADS_PER_PLUGIN)
    seen: set[threading.Thread] = set()

    def meet() -> None:
        together.wait(50)
        seen.add(threading.current_thread())

    async with anyio.create_task_group() as tasks:
        for _ in range(3 * THREADS_PER_PLUGIN):
            tasks.start_soon(threads.run, meet)
    assert len(seen) == THREADS_PER_PLUGIN
    assert all(thread.daemon for thread in seen)


async def test_who_is_cancelled_leaves_a_function_behind(threads: DaemonThreads) -> None:
    began, go_on, ended = (threading.Event() for _ in range(3))

    def hang() -> None:
        began.set()
        go_on.wait(50)
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(threads.run, hang)
        await anyio.to_thread.run_sync(began.wait)
        tasks.cancel_scope.cancel()
    assert not ended.is_set()
    go_on.set()
    await anyio.to_thread.run_sync(ended.wait)


async def test_or_waits_for_it(threads: DaemonThreads) -> None:
    began, go_on, ended = (threading.Event() for _ in range(3))

    def hang() -> None:
        began.set()
        go_on.wait(50)
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: threads.run(hang, waits=True))
        await anyio.to_thread.run_sync(began.wait)
        tasks.cancel_scope.cancel()
        go_on.set()
    assert ended.is_set()


async def test_a_function_that_waits_for_a_thread_is_never_begun_once_cancelled() -> None:
    threads = DaemonThreads("acme", count=1)
    began, go_on = threading.Event(), threading.Event()
    is_done = False

    def hang() -> None:
        began.set()
        go_on.wait(50)

    def do() -> None:
        nonlocal is_done
        is_done = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(threads.run, hang)
        await anyio.to_thread.run_sync(began.wait)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await threads.run(do, waits=True)
        go_on.set()
    await threads.run(lambda: None)
    assert not is_done
    threads.close()


async def test_threads_that_do_nothing_end(threads: DaemonThreads) -> None:
    thread = await threads.run(threading.current_thread)
    assert isinstance(thread, threading.Thread)
    threads.close()
    await anyio.to_thread.run_sync(thread.join)


async def test_no_more_threads_is_told(
    threads: DaemonThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(RuntimeError, match="can't start"):
            await threads.run(lambda: 7)
    assert await threads.run(lambda: 8) == 8


HANGS = """
import threading, anyio
from pacsd.app.isolation.threads import DaemonThreads

began = threading.Event()

def hang():
    began.set()
    threading.Event().wait()

async def main():
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(DaemonThreads("acme").run, hang)
        while not began.is_set():
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()

anyio.run(main)
"""


def test_a_function_that_never_returns_does_not_keep_the_daemon_from_ending() -> None:
    assert subprocess.run([sys.executable, "-c", HANGS], timeout=55, check=False).returncode == 0


async def test_a_thread_of_anyio_would() -> None:
    thread = await anyio.to_thread.run_sync(threading.current_thread)
    assert not thread.daemon
