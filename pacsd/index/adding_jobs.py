"""The transaction that adds jobs, of those with the same unique key one."""

from collections.abc import Sequence

from sqlalchemy import bindparam, literal_column, select

from pacsd.index import schema_jobs, schema_records
from pacsd.index.change_records import CursorMove
from pacsd.index.job_counts import JobMoves, check_room
from pacsd.index.job_records import JobState, NewJob
from pacsd.index.session import Row, WriteSession, insertion
from pacsd.index.sqlite import insert_or_replace

_job, _meta = schema_jobs.job.c, schema_records.meta.c
_INSERT = insertion(schema_jobs.job.insert())
_OPEN_ONE = select(_job.id).where(
    _job.partition_id == bindparam("partition"),
    _job.kind == bindparam("its_kind"),
    _job.queue == bindparam("its_queue"),
    _job.unique_key == bindparam("key"),
    _job.unique_key != literal_column("''"),
    _job.state <= literal_column(str(JobState.LEASED.value)),
)
_EPOCH = select(_meta.value).where(_meta.key == bindparam("name"))
_MOVE_CURSOR = insertion(insert_or_replace(schema_records.cursor, "epoch", "number"))


def add_jobs(jobs: Sequence[NewJob], moving: CursorMove | None, session: WriteSession) -> list[int]:
    """Add jobs, and note at once how far a consumer has read the change log.

    Returns:
        Their numbers, in their order: for a unique key that is taken, that of the open job.

    Raises:
        JobQueueFull: nothing was done.
    """
    check_room(session, ((each.partition, each.queue) for each in jobs))
    moves, now_us = JobMoves(session), session.now_us()
    numbers = [open_job(session, each) or _insert(session, each, now_us, moves) for each in jobs]
    moves.note()
    if moving is not None:
        move_cursor(session, moving)
    return numbers


def move_cursor(session: WriteSession, moving: CursorMove) -> None:
    """Note how far a consumer has read the change log of this epoch."""
    ((epoch,),) = session.fetch(_EPOCH, schema_records.EPOCH)
    session.execute(_MOVE_CURSOR, moving.partition, moving.consumer, epoch, moving.number)


def open_job(session: WriteSession, job: NewJob) -> int | None:
    """The job that waits or runs with its kind, queue and unique key."""
    if not job.unique_key:
        return None
    found = session.fetch(_OPEN_ONE, job.partition, job.kind, job.queue, job.unique_key)
    return found[0][0] if found else None


def _insert(session: WriteSession, job: NewJob, now_us: int, moves: JobMoves) -> int:
    number = session.take_ids()
    session.execute(_INSERT, *_row(number, job, now_us))
    moves.add(job.partition, job.queue, JobState.WAITING)
    session.has_queued = True
    return number


def _row(number: int, job: NewJob, now_us: int) -> Row:
    return (
        number,
        job.partition,
        JobState.WAITING.value,
        job.priority.value,
        job.kind,
        job.queue,
        0,
        job.max_attempts,
        job.not_before_us,
        job.expires_at_us,
        0,
        0,
        now_us,
        0,
        job.created_by,
        job.unique_key,
        job.window,
        "",
        job.payload,
    )
