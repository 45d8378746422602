import anyio
import pytest

from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import Index
from pacsd.jobs import job_forgetting
from pacsd.jobs.job_forgetting import IDLE_S, PAUSE_S, JobForgetting
from tests.index.made import SCOPE, SECOND_US, Clock
from tests.jobs.working import TIMEOUT_S, Seen, Sleeper, job


async def ended(index: Index, number: int) -> None:
    for each in await index.jobs.add([job()] * number):
        await index.jobs.cancel(SCOPE, each, "test")


async def test_old_ones_are_forgotten_in_parts(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_forgetting, "TOGETHER", 2)
    sleep = Sleeper(clock)
    await ended(index, 4)
    clock.us += 60 * SECOND_US
    await ended(index, 1)
    forgetting = JobForgetting(
        index.jobs, Seen(), keep_us=30 * SECOND_US, now_us=clock, sleep=sleep
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(forgetting.run)
        for _ in range(2):
            await sleep.until_asleep(PAUSE_S)
            sleep.pass_s(PAUSE_S)
        await sleep.until_asleep(IDLE_S)
        tasks.cancel_scope.cancel()
    assert len(await index.jobs.page(SCOPE)) == 1


async def test_all_are_kept_where_nothing_else_is_said(index: Index, clock: Clock) -> None:
    with anyio.fail_after(TIMEOUT_S):
        await JobForgetting(index.jobs, Seen(), keep_us=None, now_us=clock).run()


async def test_a_fault_is_told_and_it_goes_on(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = IndexFault(IndexFaultKind.BUSY, "no")

    async def failing(*_: object) -> int:
        raise fault

    monkeypatch.setattr(index.jobs, "forget", failing)
    seen, sleep = Seen(), Sleeper(clock)
    forgetting = JobForgetting(index.jobs, seen, keep_us=1, now_us=clock, sleep=sleep)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(forgetting.run)
        await sleep.until_asleep(IDLE_S)
        tasks.cancel_scope.cancel()
    assert seen.faults == [fault]
