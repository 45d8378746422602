import pytest

from pacsd.index import claiming_jobs
from pacsd.index.claiming_jobs import LEASE_RAN_OUT, TIME_RAN_OUT, end_leases, next_due
from pacsd.index.desks import WriterDesk
from pacsd.index.job_records import FreePlaces, JobClass, JobState
from pacsd.index.sqlite import prepared
from tests.index.job_queues import LEASE_US, claimed, counts, found, job, put, state
from tests.index.made import SECOND_US, Clock


def queues(desk: WriterDesk, limit: int, **others: object) -> list[str]:
    return [each.queue for each in claimed(desk, limit, **others)]  # type: ignore[arg-type]


def due(desk: WriterDesk, now_us: int) -> int | None:
    return desk.perform(lambda session: next_due(now_us, session.fetch))


def plan(desk: WriterDesk, sql: str) -> str:
    """How SQLite goes about a statement."""
    explain = f"EXPLAIN QUERY PLAN {sql}"
    values = (1,) * sql.count("?")
    found = desk.perform(lambda session: session.connection.exec_driver_sql(explain, values).all())
    return str(found[0][-1])


def test_a_claimed_job_is_leased(desk: WriterDesk, clock: Clock) -> None:
    (number,) = put(desk, job())
    (mine,) = claimed(desk)
    assert mine == found(desk, number)
    assert (mine.state, mine.attempts, mine.lease_token > 0) == (JobState.LEASED, 1, True)
    assert clock.us - SECOND_US < mine.leased_until_us - LEASE_US <= clock.us
    assert claimed(desk) == []


def test_classes_go_in_their_order(desk: WriterDesk) -> None:
    put(desk, *(job(str(each), priority=each) for each in reversed(JobClass)))
    assert queues(desk, 3) == ["0", "1", "2"]
    assert queues(desk, 3) == ["3", "4"]


def test_a_queue_goes_by_time_and_then_number(desk: WriterDesk) -> None:
    late, first, second = put(desk, job(not_before_us=9), job(), job())
    assert [each.id for each in claimed(desk, 9)] == [first, second, late]


def test_queues_take_turns(desk: WriterDesk) -> None:
    put(desk, *(job("a") for _ in range(5)), job("b"), job("c"), job("c"))
    turns: dict[JobClass, str] = {}
    seen = []
    for _ in range(8):
        (mine,) = claimed(desk, turns=turns)
        turns[mine.priority] = mine.queue
        seen.append(mine.queue)
    assert seen == ["a", "b", "c", "a", "c", "a", "a", "a"]


def test_many_at_once_are_shared_out(desk: WriterDesk) -> None:
    put(desk, *(job("a") for _ in range(50)), job("b"), *(job("c") for _ in range(50)))
    got = queues(desk, 21)
    assert (got.count("a"), got.count("b"), got.count("c")) == (10, 1, 10)


def test_a_queue_without_a_place_holds_up_no_other(desk: WriterDesk) -> None:
    put(desk, *(job("a") for _ in range(5)), *(job("b") for _ in range(5)))
    assert queues(desk, 9, places=FreePlaces(2, {"a": 0})) == ["b", "b"]
    assert queues(desk, 9, places=FreePlaces(1, {"a": 3})).count("a") == 3


def test_places_of_a_queue_are_of_all_its_kinds(desk: WriterDesk) -> None:
    put(desk, job(kind="x"), job(kind="y"), job(kind="z"))
    assert len(claimed(desk, 9, kinds=("x", "y"), places=FreePlaces(1))) == 1
    assert len(claimed(desk, 9, kinds=("x", "y"))) == 1
    assert claimed(desk, 9, kinds=("x", "y")) == []


def test_what_is_not_due_waits(desk: WriterDesk, clock: Clock) -> None:
    later = clock.us + SECOND_US
    put(desk, job(not_before_us=later))
    assert claimed(desk) == []
    assert due(desk, clock.us) == later
    clock.us = later
    assert len(claimed(desk)) == 1
    assert due(desk, clock.us) == found(desk, 1).leased_until_us


def test_what_is_due_but_has_no_place_wakes_nobody(desk: WriterDesk, clock: Clock) -> None:
    put(desk, job())
    assert due(desk, clock.us) is None


def test_a_lease_that_runs_out_counts_as_an_attempt(desk: WriterDesk, clock: Clock) -> None:
    (number,) = put(desk, job(max_attempts=2))
    (first,) = claimed(desk)
    clock.us += LEASE_US
    (second,) = claimed(desk)
    assert (second.id, second.attempts) == (number, 2)
    assert second.lease_token != first.lease_token
    assert second.explanation == LEASE_RAN_OUT
    clock.us += LEASE_US
    assert claimed(desk) == []
    dead = found(desk, number)
    assert (dead.state, dead.explanation) == (JobState.DEAD, LEASE_RAN_OUT)
    assert dead.ended_at_us > 0
    assert counts(desk) == {("archive_2", JobState.DEAD): 1}


def test_leases_of_who_is_gone_are_ended_before_they_run_out(
    desk: WriterDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming_jobs, "_TOGETHER", 2)
    put(desk, *(job(str(number), max_attempts=2) for number in range(3)))
    last = put(desk, job("last", max_attempts=1))[0]
    assert len(claimed(desk, 9)) == 4
    assert [desk.perform(end_leases) for _ in range(3)] == [2, 2, 0]
    assert found(desk, last).state is JobState.DEAD
    again = claimed(desk, 9)
    assert {each.explanation for each in again} == {LEASE_RAN_OUT}
    assert [each.attempts for each in again] == [2, 2, 2]


def test_what_is_not_begun_in_its_time_is_dead(desk: WriterDesk, clock: Clock) -> None:
    end = clock.us + SECOND_US
    (number, other) = put(desk, job(not_before_us=end, expires_at_us=end), job(expires_at_us=end))
    assert [each.id for each in claimed(desk)] == [other]
    assert due(desk, clock.us) == end
    clock.us = end
    assert claimed(desk) == []
    assert (state(desk, number), state(desk, other)) == (JobState.DEAD, JobState.LEASED)
    assert found(desk, number).explanation == TIME_RAN_OUT


def test_overdue_ones_are_ended_some_at_a_time(desk: WriterDesk, clock: Clock) -> None:
    put(desk, *(job() for _ in range(claiming_jobs._TOGETHER + 1)))
    claimed(desk, 10_000)
    clock.us += LEASE_US
    assert len(claimed(desk, 10_000)) == claiming_jobs._TOGETHER
    assert len(claimed(desk, 10_000)) == 1


def test_a_claim_goes_by_an_index(desk: WriterDesk) -> None:
    for statement, index in (
        (claiming_jobs._NEXT_LANE, "ix_job_claim"),
        (claiming_jobs._FIRST_OF_LANE, "ix_job_claim"),
        (claiming_jobs._RAN_OUT, "ix_job_leased_until"),
        (claiming_jobs._EXPIRED, "ix_job_expires_at"),
        *zip(
            claiming_jobs._NEXT_DUE,
            ("ix_job_not_before", "ix_job_leased_until", "ix_job_expires_at"),
            strict=True,
        ),
    ):
        assert index in plan(desk, prepared(statement))
