from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import Index
from pacsd.index.records import Change, ChangeKind
from pacsd.jobs import quiet_timers
from pacsd.jobs.expected_counts import ExpectedCounts
from pacsd.jobs.quiet_timers import (
    CONSUMER,
    GATHER_S,
    NOTHING_EXPECTED,
    PAUSE_S,
    QuietDelays,
    QuietTimers,
)
from tests.index.made import SCOPE, SECOND_US, Clock, new
from tests.jobs.test_expected_counts import ACQUISITION, header
from tests.jobs.working import TIMEOUT_S, Seen, Sleeper

DELAYS = QuietDelays(series_s=30, study_s=120)
QUIET = (ChangeKind.SERIES_QUIET, ChangeKind.STUDY_QUIET)


def timers(
    index: Index,
    sleep: Sleeper,
    seen: Seen | None = None,
    expected: ExpectedCounts = NOTHING_EXPECTED,
) -> QuietTimers:
    told = seen or Seen()
    return QuietTimers(index, DELAYS, told, now_us=sleep.clock, sleep=sleep, expected=expected)


@asynccontextmanager
async def timing(
    index: Index,
    sleep: Sleeper,
    seen: Seen | None = None,
    expected: ExpectedCounts = NOTHING_EXPECTED,
) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        waiting, more = anyio.Event(), index.changes.more

        async def told_of_waiting(commits: int) -> None:
            waiting.set()
            await more(commits)

        # What is added while they look for the first time they would note without being woken.
        with pytest.MonkeyPatch.context() as patched, anyio.fail_after(TIMEOUT_S):
            patched.setattr(index.changes, "more", told_of_waiting)
            tasks.start_soon(timers(index, sleep, seen, expected).run)
            await waiting.wait()
        yield
        tasks.cancel_scope.cancel()


async def quiet(index: Index) -> list[Change]:
    return [each for each in (await index.changes.page(SCOPE)).changes if each.kind in QUIET]


async def until_quiet(index: Index, number: int) -> list[Change]:
    with anyio.fail_after(TIMEOUT_S):
        while True:
            commits = index.changes.commits
            found = await quiet(index)
            if len(found) >= number:
                return found
            await index.changes.more(commits)


async def gathered(sleep: Sleeper) -> None:
    """Let the timers note what has come."""
    await sleep.until_asleep(GATHER_S)
    sleep.pass_s(GATHER_S)


async def test_what_gets_nothing_for_a_while_is_told_of(index: Index, clock: Clock) -> None:
    sleep = Sleeper(clock)
    async with timing(index, sleep):
        await index.add([new("1.1"), new("1.2"), new("9.1", series="1.2.3.9")])
        await gathered(sleep)
        await sleep.until_asleep(30)
        assert await quiet(index) == []
        sleep.pass_s(31)
        series = await until_quiet(index, 2)
        assert [each.kind for each in series] == [ChangeKind.SERIES_QUIET] * 2
        assert len({each.series for each in series}) == 2
        sleep.pass_s(90)
        *_, study = await until_quiet(index, 3)
        assert (study.kind, study.series) == (ChangeKind.STUDY_QUIET, None)


async def test_an_instance_that_comes_meanwhile_moves_the_time(index: Index, clock: Clock) -> None:
    sleep = Sleeper(clock)
    async with timing(index, sleep):
        await index.add([new("1.1")])
        await gathered(sleep)
        await sleep.until_asleep(30)
        sleep.pass_s(20)
        await index.add([new("1.2")])
        await gathered(sleep)
        await sleep.until_asleep(30)
        sleep.pass_s(15)
        await anyio.wait_all_tasks_blocked()
        assert await quiet(index) == []
        sleep.pass_s(16)
        (series,) = await until_quiet(index, 1)
        assert series.kind is ChangeKind.SERIES_QUIET


async def test_the_times_outlive_who_keeps_them(index: Index, clock: Clock) -> None:
    sleep = Sleeper(clock)
    async with timing(index, sleep):
        await index.add([new("1.1")])
        await gathered(sleep)
        await sleep.until_asleep(30)
    clock.us += 200 * SECOND_US
    async with timing(index, Sleeper(clock)):
        kinds = [each.kind for each in await until_quiet(index, 2)]
    assert kinds == list(QUIET)


async def test_what_came_while_nobody_looked_is_noted(index: Index, clock: Clock) -> None:
    async with timing(index, Sleeper(clock)):
        pass
    await index.add([new("1.1")])
    clock.us += 200 * SECOND_US
    async with timing(index, Sleeper(clock)):
        await until_quiet(index, 2)


async def test_what_was_there_before_is_not_told_of(index: Index, clock: Clock) -> None:
    await index.add([new("1.1")])
    clock.us += 200 * SECOND_US
    sleep = Sleeper(clock)
    async with timing(index, sleep):
        await index.add([new("9.1", study="9", series="9.0", patient_id="P9")])
        await gathered(sleep)
        await sleep.until_asleep(30)
        sleep.pass_s(200)
        found = await until_quiet(index, 2)
    assert len({each.study for each in found}) == 1


async def test_much_is_noted_in_parts(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet_timers, "TOGETHER", 2)
    async with timing(index, Sleeper(clock)):
        pass
    await index.add([new(f"1.{number}", series=f"1.2.3.{number}") for number in range(5)])
    clock.us += 31 * SECOND_US
    async with timing(index, Sleeper(clock)):
        assert len(await until_quiet(index, 5)) == 5


async def test_while_the_index_fails_it_waits(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, sleep = Seen(), Sleeper(clock)

    async def failing(*_: object) -> None:
        raise IndexFault(IndexFaultKind.INPUT_OUTPUT, "no")

    monkeypatch.setattr(index.changes, "told", failing)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(timers(index, sleep, seen).run)
        await seen.until(lambda: seen.faults)
        monkeypatch.undo()
        await sleep.until_asleep(PAUSE_S)
        sleep.pass_s(PAUSE_S)
        with anyio.fail_after(TIMEOUT_S):
            while await index.changes.standing(SCOPE, CONSUMER) is None:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()


async def test_what_has_as_many_as_it_says_is_quiet_at_once(index: Index, clock: Clock) -> None:
    sleep, said = Sleeper(clock), header(ImagesInAcquisition=2)
    async with timing(index, sleep, expected=ExpectedCounts(series=(ACQUISITION,))):
        await index.add([new("1.1", header=said)])
        await gathered(sleep)
        await sleep.until_asleep(30)
        assert await quiet(index) == []
        await index.add([new("1.2", header=said)])
        await gathered(sleep)
        (series,) = await until_quiet(index, 1)
        assert series.kind is ChangeKind.SERIES_QUIET
        # A late one is told of by the time, as ever.
        await index.add([new("1.3", header=said)])
        await gathered(sleep)
        await sleep.until_asleep(30)
        await anyio.wait_all_tasks_blocked()
        assert await quiet(index) == [series]
        sleep.pass_s(31)
        assert len(await until_quiet(index, 2)) == 2


async def test_what_never_has_as_many_is_told_of_by_the_time(index: Index, clock: Clock) -> None:
    sleep, said = Sleeper(clock), header(ImagesInAcquisition=3)
    async with timing(index, sleep, expected=ExpectedCounts(series=(ACQUISITION,))):
        await index.add([new("1.1", header=said), new("1.2", header=said)])
        await gathered(sleep)
        await sleep.until_asleep(30)
        assert await quiet(index) == []
        sleep.pass_s(31)
        (series,) = await until_quiet(index, 1)
        assert series.kind is ChangeKind.SERIES_QUIET
