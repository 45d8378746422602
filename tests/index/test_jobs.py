from pathlib import Path

import anyio

from pacsd.index.change_records import CursorMove, Standing
from pacsd.index.index import Index, open_index
from pacsd.index.job_records import Claimed, FreePlaces, JobCount, JobFilter, JobState
from tests.index.job_queues import job
from tests.index.made import SCOPE, SECOND_US, Clock

PLACES = FreePlaces(10)


async def claimed(index: Index, limit: int = 1) -> Claimed:
    return await index.jobs.claim(["deliver"], PLACES, limit, 60)


async def test_a_job_goes_its_way(index: Index) -> None:
    (number,) = await index.jobs.add([job()])
    (mine,) = (await claimed(index)).jobs
    assert await index.jobs.extend([mine.lease], 60) == []
    assert await index.jobs.fail(mine.lease, "refused", 1) is JobState.WAITING
    (mine,) = (await claimed(index)).jobs
    assert await index.jobs.give_back([mine.lease]) == 1
    (mine,) = (await claimed(index)).jobs
    assert (mine.id, mine.attempts) == (number, 2)
    assert await index.jobs.finish(mine.lease, "taken")
    there = await index.jobs.get(SCOPE, number)
    assert there is not None
    assert (there.state, there.explanation) == (JobState.DONE, "taken")
    assert await index.jobs.counts(SCOPE) == (JobCount("archive_2", JobState.DONE, 1),)


async def test_jobs_are_steered(index: Index) -> None:
    (number,) = await index.jobs.add([job()])
    await index.jobs.cancel(SCOPE, number, "admin")
    assert [each.id for each in await index.jobs.page(SCOPE, JobFilter(JobState.CANCELLED))] == [
        number
    ]
    await index.jobs.retarget(SCOPE, number, "archive_3")
    tried = await index.jobs.retry(SCOPE, number)
    assert tried is not None
    assert (tried.state, tried.queue) == (JobState.WAITING, "archive_3")
    assert await index.jobs.forget(tried.created_at_us + SECOND_US, 10) == 0


async def test_who_claims_is_told_when_to_come_again(index: Index, clock: Clock) -> None:
    assert await claimed(index) == Claimed((), None)
    later = clock.us + SECOND_US
    await index.jobs.add([job(not_before_us=later)])
    assert await claimed(index) == Claimed((), later)
    assert await index.jobs.next_due_us() == later
    clock.us = later
    found = await claimed(index)
    assert found.next_due_us is not None
    assert found.next_due_us <= clock.us


async def test_the_queues_take_turns_from_claim_to_claim(index: Index) -> None:
    await index.jobs.add([job("a"), job("a"), job("b"), job("b")])
    queues = [each.queue for _ in range(4) for each in (await claimed(index)).jobs]
    assert queues == ["a", "b", "a", "b"]


async def test_who_waits_is_told_of_new_jobs(index: Index) -> None:
    rings = index.jobs.rings
    with anyio.fail_after(15):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(index.jobs.more, rings)
            await anyio.wait_all_tasks_blocked()
            await index.jobs.add([job()])
    rings = index.jobs.rings
    (mine,) = (await claimed(index)).jobs
    await index.jobs.finish(mine.lease)
    await index.changes.move_cursor(SCOPE, "route", 7)
    assert index.jobs.rings == rings


async def test_jobs_outlive_the_index_that_is_closed(tmp_path: Path) -> None:
    clock = Clock()
    async with open_index(tmp_path, now_us=clock) as index:
        (number,) = await index.jobs.add([job()], moving=CursorMove(1, "route", 7))
        await claimed(index)
    async with open_index(tmp_path, now_us=clock) as index:
        there = await index.jobs.get(SCOPE, number)
        assert there is not None
        assert there.state is JobState.LEASED
        (other,) = await index.jobs.add([job()])
        assert other > number
        standing = await index.changes.standing(SCOPE, "route")
        assert standing == Standing((await index.changes.page(SCOPE)).epoch, 7)
        assert await index.changes.standing(SCOPE, "hooks") is None
