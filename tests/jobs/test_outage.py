"""Three days without a site: what is kept, what that costs others, and how it is drained."""

from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import anyio
import pytest

from pacsd.api.route_target import DeliveryOutcome
from pacsd.api.routing import RoutePriority
from pacsd.index import job_counts
from pacsd.index.delivery_records import DeliveryState
from pacsd.index.job_records import JobState
from pacsd.jobs.delivery_run import FIRST_PAGE
from pacsd.jobs.target_gates import BACKOFF
from pacsd.testing.route_contract import RouteTargetContract
from tests.index.made import BEGINNING_US, SCOPE, SECOND_US
from tests.jobs.outage import CONNECT_S, DAY_S, QUIET_S, Hospital, Site, Study, hospital
from tests.jobs.virtual_time import run_virtually

pytestmark = pytest.mark.timeout(240)

HIGH, MEDIUM, LOW = RoutePriority
HOUR_S = 3_600.0
DOWN_S = 1 * HOUR_S
EVERY_S = 1_200.0
"""A study comes so often."""
LARGE = (22, 43)
"""Which of them have more instances than may be sent in one turn, over a line as slow as this."""
LARGE_INSTANCES = 3 * FIRST_PAGE + 8
NEAR_INSTANCE_S, FAR_INSTANCE_S = 0.02, 1.0
DRAINED_AFTER_S = 3 * HOUR_S


class TestSite(RouteTargetContract):
    @pytest.fixture(params=["up", "down"])
    def target(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Site:
        monkeypatch.setattr("tests.jobs.outage.CONNECT_S", 0.0)
        return Site(0.0, 0.0, float("inf") if request.param == "down" else 0.0)


def studies(until_s: float) -> list[Study]:
    """One after the other until then; their UIDs say nothing of their order."""
    return [
        Study(
            f"1.2.{number * 7_919 % 10_007}",
            60 + number * EVERY_S,
            (HIGH, MEDIUM, LOW)[number % 3],
            LARGE_INSTANCES if number in LARGE else 3,
        )
        for number in range(int(until_s / EVERY_S))
    ]


def drained(backlog: Iterable[Study], *, newest_first: bool) -> list[tuple[str, int]]:
    """Which study is sent when it is its turn, and how much of it."""
    order: list[tuple[str, int]] = []
    by_arrival = sorted(backlog, key=lambda each: each.stored_s, reverse=newest_first)
    for priority in (HIGH, MEDIUM, LOW):
        turns = deque((s.uid, s.instances) for s in by_arrival if s.priority is priority)
        while turns:
            uid, left = turns.popleft()
            order.append((uid, min(left, FIRST_PAGE)))
            if left > FIRST_PAGE:
                turns.append((uid, left - FIRST_PAGE))
    return order


class Outage:
    """Some days, with a restart after each but the last; and what is asserted of them."""

    def __init__(self, days: int, *, newest_first: bool) -> None:
        self.newest_first = newest_first
        self.up_s = DOWN_S + days * DAY_S
        self.restarts_s = [DOWN_S + day * DAY_S for day in range(1, days)]
        self.near = Site(NEAR_INSTANCE_S)
        self.far = Site(FAR_INSTANCE_S, DOWN_S, self.up_s)
        self.studies = studies(self.up_s)
        self.new_ones = [Study("1.3.1", 0.0, MEDIUM), Study("1.3.2", 0.0, HIGH)]

    async def pass_by(self, folder: Path) -> None:
        sites = {"near": self.near, "far": self.far}
        async with hospital(folder, sites, newest_first=self.newest_first) as here:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(here.store_all, self.studies)
                tasks.start_soon(self._store_meanwhile, here)
                for until_s in self.restarts_s:
                    async with here.daemon():
                        await anyio.sleep_until(until_s)
                async with here.daemon():
                    await anyio.sleep_until(self.up_s - 1)
                    await self._see_it_waits(here)
                    await anyio.sleep_until(self.up_s + DRAINED_AFTER_S)
            await self._see_it_is_delivered(here)

    async def _store_meanwhile(self, here: Hospital) -> None:
        """New studies come while the site is sent what waits, soon after the urgent ones of it."""
        await anyio.sleep_until(self.up_s)
        await self.far.until_sent(len(self.far.sent) + len(self.studies) // 3 + 5)
        for each in self.new_ones:
            await here.store(each)

    async def _see_it_waits(self, here: Hospital) -> None:
        """Everything was taken, nothing given up, and no attempt counted."""
        stored = [each for each in self.studies if each.stored_s < self.up_s - 2 * QUIET_S]
        entries = {each.study_instance_uid: each for each in await here.entries("far")}
        assert entries.keys() >= {each.uid for each in stored}
        gone_before = {each.study for each in self.far.sent}
        for each in stored:
            entry = entries[each.uid]
            is_there = each.uid in gone_before
            state = DeliveryState.DELIVERED if is_there else DeliveryState.OPEN
            assert (entry.state, entry.waiting) == (state, 0 if is_there else each.instances)
        waiting = [each for each in await here.jobs() if each.state is JobState.WAITING]
        assert len(waiting) >= len(stored) - len(gone_before) - 1
        assert {each.attempts for each in waiting} == {0}
        told = {each.target for each in here.told if each.study_instance_uid not in gone_before}
        assert told == {"near"}

    async def _see_it_is_delivered(self, here: Hospital) -> None:
        everything = [*self.studies, *self.new_ones]
        uids = sorted(uid for each in everything for uid in each.uids)
        for name, site in (("near", self.near), ("far", self.far)):
            assert sorted(site.taken) == uids
            entries = await here.entries(name)
            assert {each.state for each in entries} == {DeliveryState.DELIVERED}
            assert len(entries) == len(everything)
        jobs = await here.jobs()
        assert {(each.state, each.attempts) for each in jobs} == {(JobState.DONE, 1)}
        assert (here.seen.faults, here.seen.lost, here.seen.failed) == ([], [], [])
        self.created_s = {
            each.study_instance_uid: (each.created_at_us - BEGINNING_US) / SECOND_US
            for each in await here.entries("far")
        }


@pytest.fixture(scope="module", params=[(3, False), (1, True)], ids=["in order", "newest first"])
def outage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outage:
    days, newest_first = request.param
    passed = Outage(days, newest_first=newest_first)
    with pytest.MonkeyPatch.context() as monkeypatch:
        run_virtually(passed.pass_by(tmp_path_factory.mktemp("outage")), monkeypatch)
    return passed


def test_a_site_that_works_waits_for_nothing(outage: Outage) -> None:
    stored_s = {each.uid: each.stored_s for each in outage.studies}
    late_s = [
        each.at_s - stored_s[each.study] for each in outage.near.sent if each.study in stored_s
    ]
    slowest_s = LARGE_INSTANCES * NEAR_INSTANCE_S
    assert max(late_s) < QUIET_S + slowest_s + 5


def test_a_site_that_is_down_is_looked_for_now_and_then(outage: Outage) -> None:
    knocked_s = outage.far.knocked_s
    least_s = BACKOFF.most_s * (1 - BACKOFF.jitter)
    # Each process tries to send once, before it knows.
    lives_s = [DOWN_S, *outage.restarts_s, outage.up_s]
    assert outage.far.refused_sends == len(outage.restarts_s) + 1
    for began_s, ended_s in pairwise(lives_s):
        mine_s = [each for each in knocked_s if began_s <= each < ended_s]
        assert len([each for each in mine_s if each < mine_s[0] + 600]) <= 8
        late_s = [each for each in mine_s if each >= mine_s[0] + 600]
        gaps_s = [after - before for before, after in pairwise(late_s)]
        assert least_s <= min(gaps_s)
        assert max(gaps_s) <= BACKOFF.most_s + CONNECT_S + 1


def test_its_return_is_noticed(outage: Outage) -> None:
    first = next(each for each in outage.far.sent if each.at_s >= outage.up_s)
    assert first.at_s - outage.up_s <= BACKOFF.most_s


def after_return(outage: Outage) -> list[tuple[str, int]]:
    return [(each.study, len(each.uids)) for each in outage.far.sent if each.at_s >= outage.up_s]


def backlog(outage: Outage) -> list[Study]:
    before = {each.study for each in outage.far.sent if each.at_s < outage.up_s}
    return [each for each in outage.studies if each.uid not in before]


def test_it_is_drained_in_order(outage: Outage) -> None:
    new_ones = {each.uid for each in outage.new_ones}
    sent = [each for each in after_return(outage) if each[0] not in new_ones]
    assert len(backlog(outage)) > len(outage.studies) - 10
    assert sent == drained(backlog(outage), newest_first=outage.newest_first)


def test_what_is_new_goes_when_it_is_its_turn(outage: Outage) -> None:
    medium, high = (each.uid for each in outage.new_ones)
    assert outage.created_s[medium] < outage.far.sent[-1].at_s - 300
    urgent = [high, medium] if outage.newest_first else [high]
    for uid in urgent:
        later = [each for each in outage.far.sent if each.at_s >= outage.created_s[uid]]
        assert uid in [each.study for each in later[: len(urgent)]]
    if not outage.newest_first:
        # Behind all of its priority that came before, and what large ones have left by then.
        order = [uid for uid, _ in after_return(outage) if uid != high]
        at = order.index(medium)
        same = [each.uid for each in backlog(outage) if each.priority is MEDIUM]
        assert [*dict.fromkeys(uid for uid in order[:at] if uid in {*same})] == same


def test_a_large_study_takes_turns(outage: Outage) -> None:
    large = [outage.studies[number].uid for number in LARGE]
    turns = [uid for uid, _ in after_return(outage) if uid in large]
    first, second = reversed(large) if outage.newest_first else large
    assert turns == [first, second] * 4


PATIENCE_S = 2 * HOUR_S


async def away_for_too_long(folder: Path) -> None:
    far = Site(1.0, 0.0, 6 * HOUR_S)
    some = [Study(f"1.2.{number}", 60.0 + number, MEDIUM) for number in range(3)]
    async with hospital(folder, {"far": far}, keep_trying_s=PATIENCE_S) as here, here.daemon():
        await here.store_all(some)
        await anyio.sleep_until(PATIENCE_S)
        assert {each.state for each in await here.entries("far")} == {DeliveryState.OPEN}
        # Each when it is looked at the next time: the first of all that wait.
        await anyio.sleep_until(PATIENCE_S + QUIET_S + 4 * BACKOFF.most_s)
        entries = await here.entries("far")
        assert {each.state for each in entries} == {DeliveryState.GIVEN_UP}
        why = "its target was down for too long: no route to host"
        assert [(told.outcome, told.explanation) for told in here.told] == [
            (DeliveryOutcome.AGAIN, why)
        ] * 3
        assert [each.state for each in await here.jobs()] == [JobState.DEAD] * 3
        await anyio.sleep_until(far.up_s)
        assert far.sent == []
        for each in entries:
            assert await here.index.ledger.retry(SCOPE, each.id) is not None
        await anyio.sleep(BACKOFF.most_s + 60)
        assert {each.state for each in await here.entries("far")} == {DeliveryState.DELIVERED}
        assert sorted(far.taken) == sorted(uid for study in some for uid in study.uids)


def test_what_was_given_up_is_told_and_brought_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_virtually(away_for_too_long(folder), monkeypatch)


ROOM = 10
"""Jobs of each queue."""


async def more_than_there_is_room_for(folder: Path, stored: int, *, is_told: bool) -> None:
    near, far = Site(0.1), Site(1.0, 0.0, 4 * HOUR_S)
    some = [Study(f"1.2.{number}", 60.0 * (number + 1), MEDIUM, 1) for number in range(stored)]
    async with hospital(folder, {"near": near, "far": far}) as here, here.daemon():
        await here.store_all(some)
        await anyio.sleep_until(far.up_s - 1)
        entries = await here.entries("far")
        # What was taken of the one without room has no job yet.
        open_jobs = [each for each in await here.jobs() if each.state.is_open]
        assert sum(each.queue == "target:far" for each in open_jobs) == ROOM
        assert not [each for each in await here.jobs() if each.state is JobState.DEAD]
        assert far.sent == []
        assert len(entries) == ROOM
        assert bool(here.seen.waits) is is_told
        assert all("target:far" in reason for _, _, reason in here.seen.failed)
        if not is_told:
            # Other targets wait for nothing.
            assert len(near.sent) == stored
        await anyio.sleep_until(far.up_s + 2 * HOUR_S)
        uids = sorted(uid for study in some for uid in study.uids)
        assert (sorted(far.taken), sorted(near.taken)) == (uids, uids)
        for name in here.sites:
            assert {each.state for each in await here.entries(name)} == {DeliveryState.DELIVERED}
        assert not [each for each in await here.jobs() if each.state is not JobState.DONE]


@pytest.mark.parametrize(("stored", "is_told"), [(ROOM + 5, False), (2 * ROOM + 5, True)])
def test_what_a_full_queue_does_not_take_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stored: int, *, is_told: bool
) -> None:
    """As the event of it; and once there is no room for these, in the change log."""
    monkeypatch.setattr(job_counts, "MAX_OPEN_JOBS", ROOM)
    run_virtually(more_than_there_is_room_for(folder, stored, is_told=is_told), monkeypatch)
