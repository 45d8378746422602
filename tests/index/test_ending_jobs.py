from functools import partial

from pacsd.index.desks import WriterDesk
from pacsd.index.ending_jobs import extend, fail, finish, give_back
from pacsd.index.job_records import JobState, Lease
from tests.index.job_queues import LEASE_US, claimed, counts, found, job, put, state
from tests.index.made import SECOND_US, Clock


def leased(desk: WriterDesk) -> Lease:
    (mine,) = claimed(desk)
    return mine.lease


def test_a_job_is_done(desk: WriterDesk) -> None:
    (number,) = put(desk, job())
    assert desk.perform(partial(finish, leased(desk), "all 3 were taken"))
    there = found(desk, number)
    assert (there.state, there.explanation) == (JobState.DONE, "all 3 were taken")
    assert counts(desk) == {("archive_2", JobState.DONE): 1}


def test_a_failed_one_waits_until_it_is_tried_again(desk: WriterDesk, clock: Clock) -> None:
    (number,) = put(desk, job())
    later = clock.us + SECOND_US
    assert desk.perform(partial(fail, leased(desk), "refused", later)) is JobState.WAITING
    there = found(desk, number)
    assert (there.not_before_us, there.explanation, there.attempts) == (later, "refused", 1)
    assert claimed(desk) == []


def test_a_failed_one_is_dead_at_once_or_after_its_last_attempt(desk: WriterDesk) -> None:
    put(desk, job(), job(max_attempts=1))
    for retry_at_us in (None, 1):
        assert desk.perform(partial(fail, leased(desk), "never", retry_at_us)) is JobState.DEAD
    assert counts(desk) == {("archive_2", JobState.DEAD): 2}


def test_a_failed_one_is_dead_if_its_time_is_up_before_the_next(
    desk: WriterDesk, clock: Clock
) -> None:
    end = clock.us + SECOND_US
    (number,) = put(desk, job(expires_at_us=end))
    assert desk.perform(partial(fail, leased(desk), "refused", end)) is JobState.DEAD
    assert found(desk, number).explanation.endswith("again; refused")


def test_what_is_given_back_was_not_tried(desk: WriterDesk, clock: Clock) -> None:
    numbers = put(desk, job(max_attempts=1), job(max_attempts=1))
    leases = [each.lease for each in claimed(desk, 2)]
    later = clock.us + SECOND_US
    assert desk.perform(partial(give_back, leases, later)) == 2
    assert [(found(desk, each).attempts, state(desk, each)) for each in numbers] == [
        (0, JobState.WAITING)
    ] * 2
    assert claimed(desk, 2) == []
    clock.us = later
    assert len(claimed(desk, 2)) == 2


def test_what_is_given_back_keeps_its_place(desk: WriterDesk, clock: Clock) -> None:
    urgent, other = put(desk, job(not_before_us=-clock.us), job())
    for _ in range(2):
        [mine] = claimed(desk)
        assert mine.id == urgent
        desk.perform(partial(give_back, [mine.lease], 0))
    # With a time it goes behind who waits already.
    [mine] = claimed(desk)
    desk.perform(partial(give_back, [mine.lease], clock.us))
    assert [each.id for each in claimed(desk, 2)] == [other, urgent]


def test_a_lease_is_extended(desk: WriterDesk, clock: Clock) -> None:
    put(desk, job())
    lease = leased(desk)
    clock.us += LEASE_US - SECOND_US
    gone = Lease(lease.job, lease.token + 1)
    assert desk.perform(partial(extend, [lease, gone], LEASE_US)) == [gone]
    clock.us += LEASE_US - SECOND_US
    assert claimed(desk) == []


def test_a_lease_that_is_over_ends_nothing(desk: WriterDesk, clock: Clock) -> None:
    (number,) = put(desk, job())
    old = leased(desk)
    clock.us += LEASE_US
    current = leased(desk)
    assert not desk.perform(partial(finish, old, "late"))
    assert desk.perform(partial(fail, old, "late", None)) is None
    assert desk.perform(partial(give_back, [old], 0)) == 0
    assert desk.perform(partial(extend, [old], LEASE_US)) == [old]
    assert found(desk, number).lease == current
    assert desk.perform(partial(finish, current, ""))
    assert not desk.perform(partial(finish, current, ""))
