from collections.abc import Awaitable, Callable

import anyio
import pytest

from pacsd.index.index import Index
from pacsd.index.job_records import FreePlaces, Job, JobState
from pacsd.jobs.attempts import outcome_of
from pacsd.jobs.backoff import Backoff
from pacsd.jobs.outcomes import Dead, Done, Handler, Later, Outcome, Retry
from tests.index.made import BEGINNING_US, SCOPE, SECOND_US, Clock
from tests.jobs.working import Seen, attempts, job, there

BACKOFF = Backoff(first_s=10)


def answering(outcome: Outcome) -> Callable[[Job], Awaitable[Outcome]]:
    async def run(_: Job) -> Outcome:
        return outcome

    return run


async def raising(_: Job) -> Outcome:
    raise ConnectionRefusedError("archive_2 does not answer")


async def staying(_: Job) -> Outcome:
    await anyio.sleep_forever()
    raise AssertionError


async def leased(index: Index, **others: object) -> Job:
    await index.jobs.add([job(**others)])  # type: ignore[arg-type]
    (mine,) = (await index.jobs.claim(["deliver"], FreePlaces(1), 1, 60)).jobs
    return mine


@pytest.mark.parametrize(
    ("run", "state", "explanation"),
    [
        (answering(Done("3 instances")), JobState.DONE, "3 instances"),
        (answering(Retry("busy")), JobState.WAITING, "busy"),
        (answering(Dead("refused")), JobState.DEAD, "refused"),
        (raising, JobState.WAITING, "ConnectionRefusedError: archive_2 does not answer"),
    ],
)
async def test_an_end_is_noted(
    index: Index,
    clock: Clock,
    run: Callable[[Job], Awaitable[Outcome]],
    state: JobState,
    explanation: str,
) -> None:
    seen, mine = Seen(), await leased(index)
    await attempts(index, clock, seen).make(mine, Handler(run, 60))
    assert seen.ended == [(mine.id, state, explanation)]
    after = await there(index, mine.id)
    assert (after.state, after.explanation) == (state, explanation)


async def test_what_takes_too_long_is_tried_again(index: Index) -> None:
    outcome = await outcome_of(await leased(index), Handler(staying, 0))
    assert outcome == Retry("it took more than 0 s")


async def test_a_retry_waits_as_it_says_or_as_its_kind_does(index: Index, clock: Clock) -> None:
    for outcome, seconds in ((Retry("busy"), 10), (Retry("busy", after_s=3), 3)):
        mine = await leased(index)
        before = clock.us
        await attempts(index, clock, Seen()).make(mine, Handler(answering(outcome), 60, BACKOFF))
        due_us = (await there(index, mine.id)).not_before_us
        assert 0 < due_us - before - seconds * SECOND_US < SECOND_US
        await index.jobs.cancel(SCOPE, mine.id, "test")


async def test_what_could_not_begin_waits_and_was_not_tried(index: Index, clock: Clock) -> None:
    seen, mine = Seen(), await leased(index, max_attempts=1)
    before = clock.us
    later = Handler(answering(Later("no place", 5)), 60)
    await attempts(index, clock, seen).make(mine, later)
    after = await there(index, mine.id)
    assert (after.state, after.attempts, seen.ended) == (JobState.WAITING, 0, [])
    assert 0 < after.not_before_us - before - 5 * SECOND_US < SECOND_US


async def test_what_keeps_its_place_is_due_as_before(index: Index, clock: Clock) -> None:
    seen, mine = Seen(), await leased(index, not_before_us=7)
    later = Handler(answering(Later("its target is down", None)), 60)
    await attempts(index, clock, seen).make(mine, later)
    after = await there(index, mine.id)
    assert (after.state, after.attempts, after.not_before_us) == (JobState.WAITING, 0, 7)


async def test_what_is_broken_off_was_not_tried(index: Index, clock: Clock) -> None:
    seen, mine = Seen(), await leased(index, max_attempts=1)
    async with anyio.create_task_group() as tasks:
        making = attempts(index, clock, seen)
        tasks.start_soon(making.make, mine, Handler(staying, 10_000))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    after = await there(index, mine.id)
    assert (after.state, after.attempts, seen.ended) == (JobState.WAITING, 0, [])


async def test_a_cancelled_job_ends_for_nothing(index: Index, clock: Clock) -> None:
    seen, mine = Seen(), await leased(index)
    await index.jobs.cancel(SCOPE, mine.id, "test")
    await attempts(index, clock, seen).make(mine, Handler(answering(Done()), 60))
    assert (seen.lost, seen.ended) == ([mine.id], [])
    assert (await there(index, mine.id)).state is JobState.CANCELLED


async def test_outside_of_its_window_a_job_waits_for_it(index: Index, clock: Clock) -> None:
    """The clock begins at 22:13:20."""
    seen, mine = Seen(), await leased(index, window="23:00-06:00", max_attempts=1)
    await attempts(index, clock, seen).make(mine, Handler(raising, 60))
    after = await there(index, mine.id)
    assert (after.state, after.attempts, seen.ended) == (JobState.WAITING, 0, [])
    assert after.not_before_us == BEGINNING_US + (46 * 60 + 40) * SECOND_US
    clock.us = after.not_before_us
    (mine,) = (await index.jobs.claim(["deliver"], FreePlaces(1), 1, 60)).jobs
    await attempts(index, clock, seen).make(mine, Handler(answering(Done()), 60))
    assert seen.ended == [(mine.id, JobState.DONE, "")]


async def test_a_window_that_is_none_is_the_end_of_a_job(index: Index, clock: Clock) -> None:
    seen, mine = Seen(), await leased(index, window="at night")
    await attempts(index, clock, seen).make(mine, Handler(answering(Done()), 60))
    ((_, state, explanation),) = seen.ended
    assert (state, "'at night': is not like" in explanation) == (JobState.DEAD, True)
