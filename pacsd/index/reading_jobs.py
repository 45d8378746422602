"""Jobs for those who look at them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from pacsd.index import schema_jobs
from pacsd.index.job_counts import OPEN
from pacsd.index.job_records import Job, JobClass, JobCount, JobFilter, JobState
from pacsd.index.records import Scope

_job, _count = schema_jobs.job.c, schema_jobs.job_count.c
_IS_LEASED = _job.state == literal_column(str(JobState.LEASED.value))
JOB = (
    _job.id,
    _job.partition_id,
    _job.state,
    _job.priority,
    _job.kind,
    _job.queue,
    _job.attempts,
    _job.max_attempts,
    _job.not_before_us,
    _job.expires_at_us,
    _job.lease_token,
    _job.leased_until_us,
    _job.created_at_us,
    _job.ended_at_us,
    _job.created_by,
    _job.unique_key,
    _job.schedule_window,
    _job.explanation,
    _job.payload,
)


def job_of(row: Sequence[Any]) -> Job:
    """The record of the columns JOB."""
    number, partition, state, priority, *rest = row
    return Job(
        number,
        partition,
        JobState(state),
        JobClass(priority),
        *rest,
    )


def read_job(scope: Scope, number: int, connection: Connection) -> Job | None:
    """The job of this number."""
    chosen = select(*JOB).where(_job.partition_id == scope.partition, _job.id == number)
    found = connection.execute(chosen).first()
    return None if found is None else job_of(found)


def read_page(
    scope: Scope, wanted: JobFilter, after: int, limit: int, connection: Connection
) -> list[Job]:
    """Jobs with a higher number than `after`, by rising number."""
    chosen = select(*JOB).where(*_are_wanted(scope, wanted), _job.id > after)
    return [job_of(row) for row in connection.execute(chosen.order_by(_job.id).limit(limit))]


def _are_wanted(scope: Scope, wanted: JobFilter) -> list[ColumnElement[bool]]:
    conditions = [_job.partition_id == scope.partition]
    if wanted.state is not None:
        # As it stands in the conditions of the indexes.
        conditions.append(_job.state == literal_column(str(wanted.state.value)))
    if wanted.queue is not None:
        conditions.append(_job.queue == wanted.queue)
    if wanted.kind is not None:
        conditions.append(_job.kind == wanted.kind)
    return conditions


def read_counts(scope: Scope, connection: Connection) -> tuple[JobCount, ...]:
    """How many jobs of each queue are in each state, where there are any."""
    kept = select(_count.queue, _count.state, _count.jobs).where(
        _count.partition_id == scope.partition
    )
    leased = (
        select(_job.queue, func.count())
        .where(_IS_LEASED, _job.partition_id == scope.partition)
        .group_by(_job.queue)
    )
    counts = {(queue, JobState(state)): jobs for queue, state, jobs in connection.execute(kept)}
    for queue, jobs in connection.execute(leased):
        counts[queue, OPEN] -= jobs
        counts[queue, JobState.LEASED] = jobs
    return tuple(JobCount(*key, jobs) for key, jobs in sorted(counts.items()) if jobs)
