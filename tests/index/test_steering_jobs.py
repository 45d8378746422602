from collections.abc import Callable
from functools import partial

import pytest

from pacsd.index import job_counts
from pacsd.index.desks import WriterDesk
from pacsd.index.ending_jobs import fail, finish
from pacsd.index.errors import JobQueueFull, JobRefused
from pacsd.index.job_records import Job, JobState
from pacsd.index.records import Scope
from pacsd.index.steering_jobs import cancel, forget_jobs, retarget, retry
from tests.index.job_queues import claimed, counts, found, job, put, state
from tests.index.made import SCOPE, SECOND_US, Clock


def dead(desk: WriterDesk, **others: object) -> int:
    (number,) = put(desk, job(**others))  # type: ignore[arg-type]
    (mine,) = claimed(desk)
    assert desk.perform(partial(fail, mine.lease, "never", None)) is JobState.DEAD
    return number


def test_a_cancelled_job_is_begun_by_nobody(desk: WriterDesk) -> None:
    (number,) = put(desk, job())
    done = desk.perform(partial(cancel, SCOPE, number, "admin"))
    assert done == found(desk, number)
    assert (found(desk, number).state, found(desk, number).explanation) == (
        JobState.CANCELLED,
        "cancelled by admin",
    )
    assert claimed(desk) == []


def test_who_runs_a_cancelled_job_cannot_end_it(desk: WriterDesk) -> None:
    (number,) = put(desk, job())
    (mine,) = claimed(desk)
    desk.perform(partial(cancel, SCOPE, number, "admin"))
    assert not desk.perform(partial(finish, mine.lease, ""))
    assert state(desk, number) is JobState.CANCELLED


def test_a_dead_job_is_tried_again_with_all_its_attempts(desk: WriterDesk, clock: Clock) -> None:
    number = dead(desk, max_attempts=1, expires_at_us=clock.us + SECOND_US)
    clock.us += 2 * SECOND_US
    desk.perform(partial(retry, SCOPE, number))
    (mine,) = claimed(desk)
    assert (mine.id, mine.attempts, mine.expires_at_us) == (number, 1, 0)


def test_a_job_is_sent_elsewhere(desk: WriterDesk) -> None:
    (number,) = put(desk, job())
    desk.perform(partial(retarget, SCOPE, number, "archive_3"))
    assert found(desk, number).queue == "archive_3"
    assert counts(desk) == {("archive_3", JobState.WAITING): 1}
    other = dead(desk)
    desk.perform(partial(retarget, SCOPE, other, "archive_4"))
    assert counts(desk)["archive_4", JobState.DEAD] == 1
    assert found(desk, other).attempts == 0


def test_what_is_not_there_is_not_steered(desk: WriterDesk) -> None:
    (number,) = put(desk, job())
    for scope, which in ((SCOPE, number + 1), (Scope(2), number)):
        assert desk.perform(partial(cancel, scope, which, "admin")) is None
        assert desk.perform(partial(retry, scope, which)) is None
        assert desk.perform(partial(retarget, scope, which, "archive_3")) is None


@pytest.mark.parametrize(
    ("steer", "rule"),
    [
        (lambda number: partial(cancel, SCOPE, number, "admin"), "is dead, not waiting or leased"),
        (lambda number: partial(retarget, SCOPE, number, ""), "queue: is empty"),
        (lambda number: partial(retarget, SCOPE, number, "a\0"), "queue: is empty, longer"),
        (lambda number: partial(retarget, SCOPE, number, "a" * 257), "longer than 256 bytes"),
    ],
)
def test_what_cannot_be_done_to_a_dead_job_is_refused(
    desk: WriterDesk, steer: Callable[[int], Callable[..., Job | None]], rule: str
) -> None:
    number = dead(desk)
    with pytest.raises(JobRefused, match=rule):
        desk.perform(steer(number))
    assert state(desk, number) is JobState.DEAD


def test_what_runs_is_neither_tried_again_nor_sent_elsewhere(desk: WriterDesk) -> None:
    (number,) = put(desk, job())
    claimed(desk)
    with pytest.raises(JobRefused, match=f"job {number}: is leased, not dead or cancelled"):
        desk.perform(partial(retry, SCOPE, number))
    with pytest.raises(JobRefused, match=f"job {number}: is leased"):
        desk.perform(partial(retarget, SCOPE, number, "archive_3"))


def test_two_with_one_key_do_not_become_open(desk: WriterDesk) -> None:
    number = dead(desk, unique_key="k")
    (other,) = put(desk, job(unique_key="k"))
    rule = f"job {number}: job {other} of queue archive_2 is open with the same unique key"
    with pytest.raises(JobRefused, match=rule):
        desk.perform(partial(retry, SCOPE, number))
    (third,) = put(desk, job("archive_3", unique_key="k"))
    with pytest.raises(JobRefused, match="is open with the same unique key"):
        desk.perform(partial(retarget, SCOPE, third, "archive_2"))


def test_a_full_queue_takes_none_back(desk: WriterDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    number = dead(desk)
    put(desk, job())
    monkeypatch.setattr(job_counts, "MAX_OPEN_JOBS", 1)
    with pytest.raises(JobQueueFull):
        desk.perform(partial(retry, SCOPE, number))


def test_old_ones_are_forgotten_but_never_the_newest(desk: WriterDesk, clock: Clock) -> None:
    first, second = dead(desk), dead(desk)
    (waiting,) = put(desk, job())
    newest = dead(desk, queue="archive_1")
    before = clock.us + SECOND_US
    assert desk.perform(partial(forget_jobs, 0, 10)) == 0
    assert desk.perform(partial(forget_jobs, before, 1)) == 1
    assert desk.perform(partial(forget_jobs, before, 10)) == 1
    there = desk.perform(
        lambda session: [row[0] for row in session.connection.exec_driver_sql("SELECT id FROM job")]
    )
    assert there == [waiting, newest]
    assert {first, second}.isdisjoint(there)
    assert counts(desk) == {
        ("archive_2", JobState.WAITING): 1,
        ("archive_1", JobState.DEAD): 1,
    }
