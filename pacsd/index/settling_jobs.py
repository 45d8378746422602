"""The one statement that takes a job out of its state, and the counts with it."""

from sqlalchemy import bindparam, literal_column, update

from pacsd.index import schema_jobs
from pacsd.index.job_counts import JobMoves
from pacsd.index.job_records import Job, JobState
from pacsd.index.session import WriteSession
from pacsd.index.text import storable

_job = schema_jobs.job.c
_SETTLE = (
    update(schema_jobs.job)
    .values(
        state=bindparam("new_state"),
        attempts=bindparam("new_attempts"),
        not_before_us=bindparam("since"),
        lease_token=literal_column("0"),
        leased_until_us=literal_column("0"),
        ended_at_us=bindparam("ended"),
        explanation=bindparam("why"),
    )
    .where(_job.id == bindparam("row"))
)


def settle(
    session: WriteSession,
    moves: JobMoves,
    job: Job,
    state: JobState,
    now_us: int,
    *,
    explanation: str | None = None,
    not_before_us: int | None = None,
    attempts: int | None = None,
) -> None:
    """A job waits again or has ended; nobody holds it. What is None stays as it is."""
    session.execute(
        _SETTLE,
        state.value,
        job.attempts if attempts is None else attempts,
        job.not_before_us if not_before_us is None else not_before_us,
        0 if state.is_open else now_us,
        job.explanation if explanation is None else storable(explanation),
        job.id,
    )
    moves.move(job.partition, job.queue, job.state, state)
    session.has_queued = session.has_queued or state is JobState.WAITING
