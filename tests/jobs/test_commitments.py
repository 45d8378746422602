from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.archive.commitments import Reported, ReportFate, Taken
from pacsd.archive.finding import IndexUnavailable
from pacsd.index.errors import IndexFault, IndexFaultKind, PluginValueRefused
from pacsd.index.index import Index
from pacsd.index.job_records import JobState
from pacsd.jobs import commitments
from pacsd.jobs.commitment_keeping import COMMIT, MAX_ATTEMPTS, PART, BesideJobs
from pacsd.jobs.commitments import Commitments
from pacsd.jobs.outcomes import Dead, Done, Later, Retry
from tests.index.made import SCOPE, SECOND_US, Clock
from tests.jobs.committing import Judge, Peer, asked, references, worst
from tests.jobs.working import Seen, Sleeper, there, working

AGAIN = Reported(ReportFate.AGAIN, "nobody answers")
NEVER = Reported(ReportFate.NEVER, "no host and port")
MANY = worst(3 * PART)


class Desk:
    """Commitments of one index, with a judge, a peer and clocks that a test sets."""

    def __init__(self, index: Index, clock: Clock, *fates: Reported) -> None:
        self.index, self.clock = index, clock
        self.judge, self.peer = Judge(), Peer(*fates)
        self.seconds: Iterator[float] = count()
        self.tested = self.another()

    def another(self) -> Commitments:
        """As a daemon has it that was started again."""
        return Commitments(
            self.index.jobs,
            self.index.plugin_values,
            self.judge,
            self.peer,
            knows=lambda title: title.startswith("CT"),
            now_us=self.clock,
            now_s=lambda: next(self.seconds),
        )

    async def run(self, attempts: int = 1) -> Done | Dead | Retry | Later:
        """Run the last job."""
        job = (await self.index.jobs.page(SCOPE))[-1]
        return await self.tested.handler.run(replace(job, attempts=attempts))

    async def beside(self, queue: str = "commitment:CT1") -> frozenset[str]:
        return await BesideJobs(self.index.plugin_values, queue).all()


@pytest.fixture
def desk(index: Index, clock: Clock) -> Desk:
    return Desk(index, clock)


async def test_what_was_taken_is_judged_and_reported(
    desk: Desk, index: Index, clock: Clock
) -> None:
    desk.judge.bad = {"1.2.1": 0x0112}
    assert await desk.tested.take(asked("1.9")) is Taken.YES
    seen = Seen()
    async with working(index, clock, seen, {COMMIT: desk.tested.handler}):
        await seen.until_ended(1)
    assert seen.ended[0][1:] == (JobState.DONE, "2 committed, 1 not")
    (report,) = desk.peer.reports
    assert (report.peer_ae, report.own_ae) == ("CT1", "PACSD")
    assert report.result.transaction_uid == "1.9"
    one, bad, three = references(3)
    assert report.result.committed == (one, three)
    assert [*report.result.failed] == [(bad, 0x0112)]
    assert await desk.beside() == frozenset()


async def test_d47_a_transaction_that_is_open_is_not_taken_twice(desk: Desk) -> None:
    assert await desk.tested.take(asked("1.9")) is Taken.YES
    assert await desk.tested.take(asked("1.9", references(1))) is Taken.DUPLICATE
    assert await desk.tested.take(asked("1.9", MANY)) is Taken.DUPLICATE
    assert await desk.beside() == frozenset()
    assert await desk.tested.take(asked("1.9", peer="CT2")) is Taken.YES
    assert await desk.tested.take(asked("1.8")) is Taken.YES


async def test_once_it_was_reported_its_uid_is_free(desk: Desk, index: Index, clock: Clock) -> None:
    seen = Seen()
    async with working(index, clock, seen, {COMMIT: desk.tested.handler}):
        for number in (1, 2):
            assert await desk.tested.take(asked("1.9")) is Taken.YES
            await seen.until_ended(number)
    assert len(desk.peer.reports) == 2


async def test_strangers_share_a_queue(desk: Desk, index: Index) -> None:
    for title in "CT1", "ONE", "TWO":
        await desk.tested.take(asked(peer=title))
    queues = [each.queue for each in await index.jobs.page(SCOPE)]
    assert queues == ["commitment:CT1", "commitment:(strangers)", "commitment:(strangers)"]


async def test_d47_a_peer_has_so_many_open_and_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commitments, "MAX_OPEN", 2)
    for uid in "1.1", "1.2":
        assert await desk.tested.take(asked(uid)) is Taken.YES
    assert await desk.tested.take(asked("1.3")) is Taken.FULL
    assert await desk.tested.take(asked("1.3", peer="CT2")) is Taken.YES


async def test_without_the_index_it_is_not_taken(
    desk: Desk, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object) -> None:
        raise IndexFault(IndexFaultKind.NO_SPACE, "test")

    monkeypatch.setattr(index.jobs, "add", failing)
    with pytest.raises(IndexUnavailable):
        await desk.tested.take(asked())


async def test_without_room_for_its_instances_it_is_not_taken(
    desk: Desk, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise PluginValueRefused("test")

    monkeypatch.setattr(index.plugin_values, "put", full)
    assert await desk.tested.take(asked("1.9", MANY)) is Taken.FULL
    assert await index.jobs.page(SCOPE) == []


async def test_d47_a_long_one_is_judged_part_by_part(desk: Desk) -> None:
    desk.judge.bad = {MANY[PART].sop_instance_uid: 0x0110}
    assert await desk.tested.take(asked("1.9", MANY)) is Taken.YES
    assert len(await desk.beside()) == 1
    assert await desk.run() == Done(f"{len(MANY) - 1} committed, 1 not")
    assert [len(each) for each in desk.judge.asked] == [PART] * 3
    (report,) = desk.peer.reports
    assert report.result.failed[0].reference == MANY[PART]
    assert set(report.result.committed) == {*MANY} - {MANY[PART]}


async def test_what_was_judged_before_a_restart_is_not_judged_again(desk: Desk) -> None:
    await desk.tested.take(asked("1.9", MANY))
    judge = desk.judge.judge

    async def interrupted(named: object, peer_ae: str) -> list[int]:
        if len(desk.judge.asked) == 2:
            raise StoreError(StoreFault.STOPPED, "test")
        return await judge(named, peer_ae)  # type: ignore[arg-type]

    desk.judge.judge = interrupted  # type: ignore[method-assign]
    with pytest.raises(StoreError):
        await desk.run()
    desk.judge.judge = judge  # type: ignore[method-assign]
    desk.tested = desk.another()
    assert isinstance(await desk.run(2), Done)
    assert [each[0] for each in desk.judge.asked] == [MANY[0], MANY[PART], MANY[2 * PART]]


async def test_a_long_one_lets_others_have_its_place(desk: Desk) -> None:
    await desk.tested.take(asked("1.9", MANY))
    desk.seconds = count(step=400)
    for judged in 1, 2:
        assert await desk.run() == Later(f"{judged} of 3 parts are judged", 0.0)
    assert isinstance(await desk.run(), Done)
    assert len(desk.judge.asked) == 3


async def test_d48_a_peer_that_is_not_there_is_told_later(index: Index, clock: Clock) -> None:
    desk, seen = Desk(index, clock, *[AGAIN] * 3), Seen()
    await desk.tested.take(asked())
    sleeper = Sleeper(clock)
    async with working(index, clock, seen, {COMMIT: desk.tested.handler}, sleep=sleeper):
        for number in range(1, 5):
            await seen.until_ended(number)
            sleeper.pass_s(3_600)
    states = [each[1] for each in seen.ended]
    assert states == [JobState.WAITING] * 3 + [JobState.DONE]
    assert [each[2] for each in seen.ended[:3]] == ["nobody answers"] * 3
    assert len(desk.judge.asked) == 1  # of what was found then nothing is older than a day


async def test_d48_one_that_never_comes_back_is_given_up(index: Index, clock: Clock) -> None:
    desk = Desk(index, clock, *[AGAIN] * 2)
    await desk.tested.take(asked())
    assert await desk.run(MAX_ATTEMPTS - 1) == Retry("nobody answers")
    assert len(await desk.beside()) == 1
    assert await desk.run(MAX_ATTEMPTS) == Retry("nobody answers")  # and so it is dead
    assert await desk.beside() == frozenset()


async def test_who_cannot_be_called_is_given_up_at_once(index: Index, clock: Clock) -> None:
    desk, seen = Desk(index, clock, NEVER), Seen()
    await desk.tested.take(asked())
    async with working(index, clock, seen, {COMMIT: desk.tested.handler}):
        await seen.until_ended(1)
    assert seen.ended[0][1:] == (JobState.DEAD, "no host and port")
    (job,) = await index.jobs.page(SCOPE)
    await index.jobs.retry(SCOPE, job.id)
    assert isinstance(await desk.run(), Done)
    assert len(desk.judge.asked) == 2


async def test_what_was_found_a_day_ago_is_looked_at_again(index: Index, clock: Clock) -> None:
    desk = Desk(index, clock, AGAIN, AGAIN)
    await desk.tested.take(asked())
    await desk.run()
    clock.us += 23 * 3_600 * SECOND_US
    desk.judge.bad = {"1.2.1": 0x0110}
    await desk.run(2)
    assert desk.peer.reports[-1].result.failed == ()
    clock.us += 2 * 3_600 * SECOND_US
    assert await desk.run(3) == Done("2 committed, 1 not")
    assert len(desk.judge.asked) == 2


async def test_one_that_was_reported_is_not_reported_twice(desk: Desk) -> None:
    await desk.tested.take(asked("1.9", MANY))
    assert isinstance(await desk.run(), Done)
    assert await desk.run(2) == Done("it was reported before")
    assert len(desk.peer.reports) == 1


async def test_what_lies_beside_no_job_is_forgotten(desk: Desk, index: Index) -> None:
    beside = BesideJobs(index.plugin_values, "commitment:CT1")
    await beside.put_parts("of a crash", references(1))
    await desk.tested.take(asked("1.8", MANY))
    (kept,) = await beside.all()
    assert kept != "of a crash"
    (job,) = await index.jobs.page(SCOPE)
    await index.jobs.cancel(SCOPE, job.id, "ann")
    await desk.tested.take(asked("1.7", MANY))
    assert kept not in await beside.all()
    assert isinstance(await desk.tested.run(await there(index, job.id)), Dead)


async def test_a_job_that_is_none_is_dead(desk: Desk, index: Index) -> None:
    await desk.tested.take(asked())
    (job,) = await index.jobs.page(SCOPE)
    dead = await desk.tested.run(replace(job, payload="{}"))
    assert isinstance(dead, Dead)


async def test_results_without_room_are_judged_again(
    index: Index, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(index, clock, AGAIN)

    async def full(*_: object) -> None:
        raise PluginValueRefused("test")

    monkeypatch.setattr(index.plugin_values, "put", full)
    await desk.tested.take(asked())
    assert isinstance(await desk.run(), Retry)
    assert isinstance(await desk.run(2), Done)
    assert len(desk.judge.asked) == 2
