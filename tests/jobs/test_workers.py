from collections import Counter
from collections.abc import Awaitable, Callable

import anyio
import pytest

from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import Index
from pacsd.index.job_records import Claimed, FreePlaces, Job, JobState
from pacsd.jobs.backoff import Backoff
from pacsd.jobs.outcomes import Done, Handler, Outcome
from pacsd.jobs.target_gates import TargetGates
from pacsd.jobs.workers import PAUSE_S, WorkerBounds
from tests.index.made import SCOPE, SECOND_US, Clock
from tests.jobs.working import TIMEOUT_S, Seen, Sleeper, job, there, working

LONG_S = 10_000


class Hands:
    """A handler whose jobs stay until they are let go."""

    def __init__(self) -> None:
        self.begun: list[Job] = []
        self.most: Counter[str] = Counter()
        self.running: Counter[str] = Counter()
        self.let_go = anyio.Event()
        self.changed = anyio.Event()

    async def __call__(self, job: Job) -> Outcome:
        self.begun.append(job)
        self.running[job.queue] += 1
        self.most[job.queue] = max(self.most[job.queue], self.running[job.queue])
        self.changed.set()
        self.changed = anyio.Event()
        try:
            await self.let_go.wait()
        finally:
            self.running[job.queue] -= 1
        return Done()

    async def until_begun(self, number: int) -> None:
        with anyio.fail_after(TIMEOUT_S):
            while len(self.begun) < number:
                await self.changed.wait()


def handlers(run: Callable[[Job], Awaitable[Outcome]]) -> dict[str, Handler]:
    return {"deliver": Handler(run, LONG_S, Backoff(first_s=10))}


async def done(_: Job) -> Outcome:
    return Done()


async def test_jobs_are_run_as_they_are_added(index: Index, clock: Clock) -> None:
    seen = Seen()
    async with working(index, clock, seen, handlers(done)):
        for number in range(3):
            (added,) = await index.jobs.add([job()])
            await seen.until_ended(number + 1)
            assert seen.ended[-1] == (added, JobState.DONE, "")


async def test_so_many_run_at_once(index: Index, clock: Clock) -> None:
    seen, hands = Seen(), Hands()
    bounds = WorkerBounds(total=5, each_queue=2, by_queue={"c": 1})
    await index.jobs.add([job(queue) for queue in "aaabbbccc" for _ in range(2)])
    async with working(index, clock, seen, handlers(hands), bounds):
        await hands.until_begun(5)
        await anyio.wait_all_tasks_blocked()
        assert hands.running == {"a": 2, "b": 2, "c": 1}
        hands.let_go.set()
        await seen.until(lambda: len(seen.ended) == 18)
    assert hands.most == {"a": 2, "b": 2, "c": 1}


async def test_a_job_that_stays_holds_up_only_its_own_place(index: Index, clock: Clock) -> None:
    seen, hands = Seen(), Hands()

    async def run(job: Job) -> Outcome:
        return await hands(job) if job.queue == "stuck" else Done()

    (stuck, *_) = await index.jobs.add([job("stuck"), job("stuck"), job("a"), job("a"), job("b")])
    async with working(index, clock, seen, handlers(run)):
        await seen.until(lambda: len(seen.ended) == 3)
        await hands.until_begun(1)
    assert [each.id for each in hands.begun] == [stuck]


async def test_a_job_that_always_fails_is_dead_in_the_end(index: Index, clock: Clock) -> None:
    seen, sleep = Seen(), Sleeper(clock)

    async def run(_: Job) -> Outcome:
        raise OSError("no route")

    (number,) = await index.jobs.add([job(max_attempts=3)])
    async with working(index, clock, seen, handlers(run), sleep=sleep):
        for attempt, wait_s in ((1, 10), (2, 20)):
            await seen.until_ended(attempt)
            await sleep.until_asleep(wait_s)
            sleep.pass_s(wait_s + 1)
        await seen.until(lambda: len(seen.ended) == 3)
    states = [state for _, state, _ in seen.ended]
    assert states == [JobState.WAITING, JobState.WAITING, JobState.DEAD]
    assert (await there(index, number)).explanation == "OSError: no route"


async def test_a_queue_that_is_shut_waits_until_it_opens(index: Index, clock: Clock) -> None:
    seen, sleep = Seen(), Sleeper(clock)
    gates = TargetGates(lambda: clock.us / SECOND_US, lambda: 0.0)
    wait_s = gates.close("a", "down")
    async with working(index, clock, seen, handlers(done), sleep=sleep, gates=gates):
        await index.jobs.add([job("a"), job("b")])
        await seen.until_ended(1)
        await sleep.until_asleep(wait_s)
        assert len(seen.ended) == 1
        sleep.pass_s(wait_s + 1)
        await seen.until_ended(2)


async def test_what_is_due_later_is_begun_then(index: Index, clock: Clock) -> None:
    seen, sleep = Seen(), Sleeper(clock)
    async with working(index, clock, seen, handlers(done), sleep=sleep):
        await index.jobs.add([job(not_before_us=clock.us + 90 * SECOND_US)])
        await sleep.until_asleep(90)
        assert seen.ended == []
        sleep.pass_s(91)
        await seen.until(lambda: seen.ended)


async def test_who_works_long_keeps_the_lease(index: Index, clock: Clock) -> None:
    seen, hands, sleep = Seen(), Hands(), Sleeper(clock)
    bounds = WorkerBounds(each_queue=2, lease_s=60)
    (number,) = await index.jobs.add([job()])
    async with working(index, clock, seen, handlers(hands), bounds, sleep):
        await hands.until_begun(1)
        for _ in range(6):
            before = (await there(index, number)).leased_until_us
            await sleep.until_asleep(20)
            sleep.pass_s(20)
            with anyio.fail_after(TIMEOUT_S):
                while (await there(index, number)).leased_until_us == before:
                    await anyio.lowlevel.checkpoint()
        hands.let_go.set()
        await seen.until(lambda: seen.ended)
    assert len(hands.begun) == 1


async def test_a_job_that_is_cancelled_is_broken_off(index: Index, clock: Clock) -> None:
    seen, hands, sleep = Seen(), Hands(), Sleeper(clock)
    (number,) = await index.jobs.add([job()])
    async with working(index, clock, seen, handlers(hands), sleep=sleep):
        await hands.until_begun(1)
        await index.jobs.cancel(SCOPE, number, "test")
        await sleep.until_asleep(20)
        sleep.pass_s(20)
        await seen.until(lambda: seen.lost)
        with anyio.fail_after(TIMEOUT_S):
            while hands.running["archive_2"]:
                await anyio.lowlevel.checkpoint()
    assert (await there(index, number)).state is JobState.CANCELLED


async def test_the_end_waits_for_what_runs(index: Index, clock: Clock) -> None:
    seen, hands = Seen(), Hands()
    await index.jobs.add([job(), job()])
    async with working(index, clock, seen, handlers(hands)) as workers:
        await hands.until_begun(1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(workers.stop, LONG_S)
            await anyio.wait_all_tasks_blocked()
            hands.let_go.set()
    assert len(seen.ended) == len(hands.begun) == 1


async def test_after_the_grace_leases_are_given_back(index: Index, clock: Clock) -> None:
    seen, hands = Seen(), Hands()
    (number,) = await index.jobs.add([job(max_attempts=1)])
    async with working(index, clock, seen, handlers(hands)) as workers:
        await hands.until_begun(1)
        with anyio.fail_after(TIMEOUT_S):
            await workers.stop(0)
        after = await there(index, number)
    assert (after.state, after.attempts) == (JobState.WAITING, 0)


async def test_a_drained_queue_is_left_until_it_is_resumed(index: Index, clock: Clock) -> None:
    seen, hands = Seen(), Hands()
    await index.jobs.add([job("a"), job("a"), job("b")])
    async with working(index, clock, seen, handlers(hands)) as workers:
        await hands.until_begun(2)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(workers.drain, "a")
            await anyio.wait_all_tasks_blocked()
            assert (workers.drained, workers.running_of("a")) == (frozenset({"a"}), 1)
            hands.let_go.set()
        (other,) = await index.jobs.add([job("b")])
        await seen.until(lambda: any(number == other for number, *_ in seen.ended))
        assert [each.queue for each in hands.begun].count("a") == 1
        assert workers.resume("a")
        await seen.until(lambda: len(seen.ended) == 4)
        assert not workers.resume("a")


async def test_while_the_index_fails_nothing_else_does(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, sleep = Seen(), Sleeper(clock)
    fault = IndexFault(IndexFaultKind.NO_SPACE, "full")

    async def failing(*_: object) -> Claimed:
        raise fault

    await index.jobs.add([job()])
    with monkeypatch.context() as patched:
        patched.setattr(index.jobs, "claim", failing)
        async with working(index, clock, seen, handlers(done), sleep=sleep):
            await seen.until(lambda: seen.faults == [fault])
            await sleep.until_asleep(PAUSE_S)
            patched.undo()
            sleep.pass_s(PAUSE_S)
            await seen.until(lambda: seen.ended)


async def test_an_end_that_cannot_be_noted_is_no_end_of_the_workers(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, sleep = Seen(), Sleeper(clock)

    async def failing(*_: object) -> bool:
        raise IndexFault(IndexFaultKind.NO_SPACE, "full")

    monkeypatch.setattr(index.jobs, "finish", failing)
    async with working(index, clock, seen, handlers(done), sleep=sleep):
        await index.jobs.add([job()])
        await seen.until(lambda: seen.faults)
        monkeypatch.undo()
        await sleep.until_asleep(60)
        sleep.pass_s(61)
        await seen.until(lambda: seen.ended)


async def test_without_handlers_there_is_nothing_to_do(index: Index, clock: Clock) -> None:
    async with working(index, clock, Seen(), {}) as workers:
        with anyio.fail_after(TIMEOUT_S):
            await workers.run()
            await workers.stop(0)


async def test_what_the_last_process_had_in_hand_is_begun_at_once(
    index: Index, clock: Clock
) -> None:
    seen = Seen()
    (number,) = await index.jobs.add([job()])
    await index.jobs.claim(["deliver"], FreePlaces(1), 1, LONG_S)
    async with working(index, clock, seen, handlers(done)) as workers:
        await workers.take_over()
        await seen.until_ended(1)
    assert seen.ended == [(number, JobState.DONE, "")]
