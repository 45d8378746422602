"""What those do who look after the queues: cancel, try again, send elsewhere, forget."""

from sqlalchemy import bindparam, delete, func, literal_column, select, update

from pacsd.index import schema_jobs
from pacsd.index.errors import JobRefused
from pacsd.index.job_counts import JobMoves, check_room
from pacsd.index.job_records import MAX_NAME_BYTES, Job, JobState
from pacsd.index.reading_jobs import JOB, job_of
from pacsd.index.records import Scope
from pacsd.index.session import WriteSession
from pacsd.index.settling_jobs import settle
from pacsd.index.sqlite import at_most

_job = schema_jobs.job.c
_FIND = select(*JOB).where(_job.id == bindparam("row"), _job.partition_id == bindparam("partition"))
_RETARGET = (
    update(schema_jobs.job)
    .values(queue=bindparam("new"), attempts=literal_column("0"))
    .where(_job.id == bindparam("row"))
)
_FOREVER = (
    update(schema_jobs.job)
    .values(expires_at_us=literal_column("0"))
    .where(_job.id == bindparam("row"))
)
_ANOTHER_OPEN = select(_job.id).where(
    _job.partition_id == bindparam("partition"),
    _job.kind == bindparam("its_kind"),
    _job.queue == bindparam("its_queue"),
    _job.unique_key == bindparam("key"),
    _job.unique_key != literal_column("''"),
    _job.state <= literal_column(str(JobState.LEASED.value)),
    _job.id != bindparam("row"),
)
_HAS_ENDED = _job.state >= literal_column(str(JobState.DONE.value))
_OLD = at_most(
    select(_job.id, _job.partition_id, _job.queue, _job.state)
    .where(_HAS_ENDED, _job.ended_at_us < bindparam("before"))
    .where(_job.id < select(func.max(_job.id)).correlate(None).scalar_subquery())
    .order_by(_job.ended_at_us),
    bindparam("number"),
)
_DELETE = delete(schema_jobs.job).where(_job.id == bindparam("row"))


def cancel(scope: Scope, number: int, actor: str, session: WriteSession) -> Job | None:
    """A job is not to be done: nobody begins it, and who runs it can end it no more.

    Raises:
        JobRefused: it has ended already.
    """
    job = _find(session, scope, number)
    if job is None:
        return None
    if not job.state.is_open:
        raise JobRefused(f"job {number}: is {job.state.name.lower()}, not waiting or leased")
    moves = JobMoves(session)
    explanation = f"cancelled by {actor}"
    settle(session, moves, job, JobState.CANCELLED, session.now_us(), explanation=explanation)
    moves.note()
    return _find(session, scope, number)


def retry(scope: Scope, number: int, session: WriteSession) -> Job | None:
    """A dead or cancelled job waits again, with all its attempts and at once, whatever its life.

    Raises:
        JobRefused: it is neither; or another open job has its unique key; or its queue is full.
    """
    job = _find(session, scope, number)
    if job is None:
        return None
    if job.state not in {JobState.DEAD, JobState.CANCELLED}:
        raise JobRefused(f"job {number}: is {job.state.name.lower()}, not dead or cancelled")
    _check_unique(session, job, job.queue)
    check_room(session, [(job.partition, job.queue)])
    moves, now_us = JobMoves(session), session.now_us()
    settle(session, moves, job, JobState.WAITING, now_us, not_before_us=now_us, attempts=0)
    session.execute(_FOREVER, number)
    moves.note()
    return _find(session, scope, number)


def retarget(scope: Scope, number: int, queue: str, session: WriteSession) -> Job | None:
    """A job that nobody runs belongs to another queue, where all its attempts are before it.

    Raises:
        JobRefused: it runs, or is done; or that queue can take no more; or another open job there
            has its unique key.
    """
    job = _find(session, scope, number)
    if job is None:
        return None
    if not queue or "\0" in queue or len(queue.encode(errors="replace")) > MAX_NAME_BYTES:
        raise JobRefused(f"queue: is empty, longer than {MAX_NAME_BYTES} bytes, or has a NUL")
    if job.state in {JobState.LEASED, JobState.DONE}:
        raise JobRefused(f"job {number}: is {job.state.name.lower()}")
    if job.state.is_open:
        _check_unique(session, job, queue)
    check_room(session, [(job.partition, queue)])
    session.execute(_RETARGET, queue, number)
    moves = JobMoves(session)
    moves.add(job.partition, job.queue, job.state, -1)
    moves.add(job.partition, queue, job.state, 1)
    moves.note()
    session.has_queued = True
    return _find(session, scope, number)


def forget_jobs(before_us: int, limit: int, session: WriteSession) -> int:
    """Forget at most `limit` jobs of all partitions that ended before then; how many.

    The newest job of all stays, so that no number is given twice.
    """
    rows = session.fetch(_OLD, before_us, limit)
    session.write(_DELETE, [row[:1] for row in rows])
    moves = JobMoves(session)
    for _, partition, queue, state in rows:
        moves.add(partition, queue, JobState(state), -1)
    moves.note()
    return len(rows)


def _find(session: WriteSession, scope: Scope, number: int) -> Job | None:
    found = session.fetch(_FIND, number, scope.partition)
    return job_of(found[0]) if found else None


def _check_unique(session: WriteSession, job: Job, queue: str) -> None:
    found = session.fetch(_ANOTHER_OPEN, job.partition, job.kind, queue, job.unique_key, job.id)
    if found:
        raise JobRefused(
            f"job {job.id}: job {found[0][0]} of queue {queue} is open with the same unique key"
        )
