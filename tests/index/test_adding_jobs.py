from pathlib import Path

from pacsd.index.adding_jobs import open_job
from pacsd.index.bell import Bells
from pacsd.index.change_records import CursorMove
from pacsd.index.desks import WriterDesk
from pacsd.index.ending_jobs import finish
from pacsd.index.job_records import JobClass, JobState
from tests.index.job_queues import claimed, counts, found, job, put
from tests.index.made import opened, rows


def test_a_job_is_there_as_it_was_added(desk: WriterDesk) -> None:
    added = job(
        payload='{"a":1}',
        priority=JobClass.AI,
        unique_key="k",
        max_attempts=3,
        not_before_us=5,
        expires_at_us=7,
        window="22:00-06:00",
        created_by="route",
    )
    (number,) = put(desk, added)
    there = found(desk, number)
    for name in ("kind", "queue", "payload", "priority", "unique_key", "max_attempts", "window"):
        assert getattr(there, name) == getattr(added, name)
    assert (there.not_before_us, there.expires_at_us, there.created_by) == (5, 7, "route")
    assert (there.state, there.attempts, there.lease_token) == (JobState.WAITING, 0, 0)


def test_numbers_rise_and_stand_in_the_order_of_the_jobs(desk: WriterDesk) -> None:
    first, second = put(desk, job("b"), job("a"))
    assert first < second
    assert found(desk, first).queue == "b"


def test_of_a_unique_key_one_is_open(desk: WriterDesk) -> None:
    first, same = put(desk, job(unique_key="k"), job(unique_key="k"))
    assert first == same
    others = put(desk, job("q2", unique_key="k"), job(kind="k2", unique_key="k"), job(), job())
    assert len({first, *others}) == 5
    (lease,) = (each.lease for each in claimed(desk))
    assert put(desk, job(unique_key="k")) == [first]
    assert desk.perform(lambda session: finish(lease, "", session))
    assert put(desk, job(unique_key="k")) != [first]


def test_the_cursor_moves_with_the_jobs(desk: WriterDesk) -> None:
    put(desk, job(), moving=CursorMove(1, "route", 7))
    put(desk, moving=CursorMove(1, "route", 9))
    assert rows(desk, "SELECT consumer, number FROM cursor") == [("route", 9)]
    assert rows(desk, "SELECT cursor.number FROM cursor JOIN meta ON value = epoch") == [(9,)]


def test_the_bell_rings_for_new_jobs_alone(folder: Path) -> None:
    bells = Bells()
    rung = opened(folder, bells=bells)
    put(rung, job(unique_key="k"))
    assert (bells.jobs.rings, bells.changes.rings) == (1, 0)
    put(rung, job(unique_key="k"))
    put(rung, moving=CursorMove(1, "route", 7))
    assert bells.jobs.rings == 1
    rung.close()


def test_an_open_job_is_found_by_its_key(desk: WriterDesk) -> None:
    (number,) = put(desk, job(unique_key="k"))
    assert desk.perform(lambda session: open_job(session, job(unique_key="k"))) == number
    assert desk.perform(lambda session: open_job(session, job())) is None
    assert counts(desk) == {("archive_2", JobState.WAITING): 1}
