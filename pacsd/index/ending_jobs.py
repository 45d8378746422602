"""What whoever holds the lease of a job may do: nothing is done for a lease that is over."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, bindparam, literal_column, select, update

from pacsd.index import schema_jobs
from pacsd.index.claiming_jobs import TIME_RAN_OUT
from pacsd.index.job_counts import JobMoves
from pacsd.index.job_records import Job, JobState, Lease
from pacsd.index.reading_jobs import JOB, job_of
from pacsd.index.session import WriteSession
from pacsd.index.settling_jobs import settle

_job = schema_jobs.job.c
_LEASED: ColumnElement[int] = literal_column(str(JobState.LEASED.value))
_IS_HELD = (
    _job.id == bindparam("row"),
    _job.state == _LEASED,
    _job.lease_token == bindparam("token"),
)
_HELD = select(*JOB).where(*_IS_HELD)
_EXTEND = update(schema_jobs.job).values(leased_until_us=bindparam("until")).where(*_IS_HELD)


def finish(lease: Lease, explanation: str, session: WriteSession) -> bool:
    """A job is done; whether the lease still held."""
    job = _held(session, lease)
    if job is None:
        return False
    moves = JobMoves(session)
    settle(session, moves, job, JobState.DONE, session.now_us(), explanation=explanation)
    moves.note()
    return True


def fail(
    lease: Lease, explanation: str, retry_at_us: int | None, session: WriteSession
) -> JobState | None:
    """An attempt failed; what the job is now: waiting until then, or dead. None: no lease.

    It is dead as well after its last attempt, and when it could not be begun in its time.
    """
    job = _held(session, lease)
    if job is None:
        return None
    is_last = retry_at_us is None or job.attempts >= job.max_attempts
    is_late = retry_at_us is not None and 0 < job.expires_at_us <= retry_at_us
    state = JobState.DEAD if is_last or is_late else JobState.WAITING
    if is_late and not is_last:
        explanation = f"{TIME_RAN_OUT} again; {explanation}"
    moves = JobMoves(session)
    settle(
        session,
        moves,
        job,
        state,
        session.now_us(),
        explanation=explanation,
        not_before_us=retry_at_us,
    )
    moves.note()
    return state


def give_back(leases: Sequence[Lease], not_before_us: int, session: WriteSession) -> int:
    """Jobs were not tried, or not to their end, through no fault of theirs: no attempt counts.

    Without a time they keep their places, those that go before all others theirs as well.

    Returns how many of the leases still held.
    """
    moves, now_us, count = JobMoves(session), session.now_us(), 0
    for lease in leases:
        job = _held(session, lease)
        if job is not None:
            count += 1
            settle(
                session,
                moves,
                job,
                JobState.WAITING,
                now_us,
                not_before_us=max(job.not_before_us, not_before_us) if not_before_us else None,
                attempts=job.attempts - 1,
            )
    moves.note()
    return count


def extend(leases: Sequence[Lease], lease_us: int, session: WriteSession) -> list[Lease]:
    """Leases hold from now on for so long; those that do not hold any more are answered."""
    until_us = session.now_us() + lease_us
    rows = ((until_us, lease.job, lease.token) for lease in leases)
    return [
        lease for lease, row in zip(leases, rows, strict=True) if not session.write(_EXTEND, [row])
    ]


def _held(session: WriteSession, lease: Lease) -> Job | None:
    found = session.fetch(_HELD, lease.job, lease.token)
    return job_of(found[0]) if found else None
