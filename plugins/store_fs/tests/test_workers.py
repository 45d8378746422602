import threading

import anyio
import pytest
from pacsd_store_fs.workers import Workers


async def test_a_thread_does_it() -> None:
    workers = Workers("test", 1)
    assert (await workers.do(lambda: threading.current_thread().name)).startswith("test")
    workers.close()


async def test_what_it_raises_is_raised() -> None:
    workers = Workers("test", 1)
    with pytest.raises(ZeroDivisionError):
        await workers.do(lambda: 1 // 0)
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
