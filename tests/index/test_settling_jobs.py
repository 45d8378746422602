from pacsd.index.desks import WriterDesk
from pacsd.index.job_counts import JobMoves
from pacsd.index.job_records import JobState
from pacsd.index.session import WriteSession
from pacsd.index.settling_jobs import settle
from pacsd.index.text import MAX_TEXT
from tests.index.job_queues import claimed, counts, found, job, put
from tests.index.made import BEGINNING_US


def test_a_settled_job_is_held_by_nobody(desk: WriterDesk) -> None:
    (number,) = put(desk, job())
    (mine,) = claimed(desk)

    def settled(session: WriteSession) -> bool:
        moves = JobMoves(session)
        settle(session, moves, mine, JobState.DEAD, BEGINNING_US, explanation="x" * 2_000)
        moves.note()
        return session.has_queued

    assert not desk.perform(settled)
    there = found(desk, number)
    assert (there.state, there.ended_at_us) == (JobState.DEAD, BEGINNING_US)
    assert (there.lease_token, there.leased_until_us, there.attempts) == (0, 0, 1)
    assert there.explanation == "x" * MAX_TEXT
    assert counts(desk) == {("archive_2", JobState.DEAD): 1}


def test_what_waits_again_may_be_due(desk: WriterDesk) -> None:
    (number,) = put(desk, job())
    (mine,) = claimed(desk)

    def settled(session: WriteSession) -> bool:
        moves = JobMoves(session)
        settle(session, moves, mine, JobState.WAITING, 7, not_before_us=9, attempts=0)
        moves.note()
        return session.has_queued

    assert desk.perform(settled)
    there = found(desk, number)
    assert (there.not_before_us, there.attempts, there.ended_at_us) == (9, 0, 0)
