import anyio

from pacsd.jobs.stopping import Stopping

TIMEOUT_S = 15


async def test_the_first_wait_that_ends_ends_all() -> None:
    stopping, rung = Stopping(), anyio.Event()
    with anyio.fail_after(TIMEOUT_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stopping.first_of, rung.wait, anyio.sleep_forever)
            await anyio.wait_all_tasks_blocked()
            rung.set()
    assert not stopping.is_asked


async def test_a_wait_ends_when_the_end_is_asked_for() -> None:
    stopping = Stopping()
    with anyio.fail_after(TIMEOUT_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stopping.first_of, anyio.sleep_forever)
            await anyio.wait_all_tasks_blocked()
            stopping.ask()
        await stopping.first_of(anyio.sleep_forever)
    assert stopping.is_asked
