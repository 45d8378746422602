import pytest

from pacsd.index import job_counts
from pacsd.index.desks import WriterDesk
from pacsd.index.errors import JobQueueFull
from pacsd.index.job_counts import JobMoves, check_room
from pacsd.index.job_records import JobState
from pacsd.index.session import WriteSession
from tests.index.job_queues import claimed, counts, job, put
from tests.index.made import rows


def test_what_is_moved_is_counted(desk: WriterDesk) -> None:
    put(desk, job(), job(), job("archive_3"))
    claimed(desk)
    assert counts(desk) == {
        ("archive_2", JobState.WAITING): 1,
        ("archive_2", JobState.LEASED): 1,
        ("archive_3", JobState.WAITING): 1,
    }


def test_a_count_of_none_does_not_stay(desk: WriterDesk) -> None:
    def moved(session: WriteSession) -> None:
        moves = JobMoves(session)
        moves.add(1, "archive_2", JobState.DONE)
        moves.note()
        moves = JobMoves(session)
        moves.move(1, "archive_2", JobState.DONE, JobState.WAITING)
        moves.note()

    desk.perform(moved)
    assert rows(desk, "SELECT queue, state, jobs FROM job_count") == [("archive_2", 1, 1)]


def test_a_queue_takes_so_many(desk: WriterDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_counts, "MAX_OPEN_JOBS", 3)
    put(desk, job(), job())
    with pytest.raises(JobQueueFull, match="queue archive_2: 2 open jobs and 2 more are over 3"):
        put(desk, job(), job())
    assert len(put(desk, job(), job("archive_3"))) == 2


def test_there_are_so_many_queues(desk: WriterDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_counts, "MAX_QUEUES", 2)
    put(desk, job())
    with pytest.raises(JobQueueFull, match="queue archive_4: there are 2 queues, and no more"):
        put(desk, job("archive_3"), job("archive_4"))
    assert counts(desk) == {("archive_2", JobState.WAITING): 1}
    put(desk, job("archive_3"))
    desk.perform(lambda session: check_room(session, [(1, "archive_2"), (1, "archive_3")]))
