"""Jobs at a writer's desk, for the tests of its transactions."""

from collections.abc import Sequence
from functools import partial

from pacsd.index.adding_jobs import add_jobs
from pacsd.index.change_records import CursorMove
from pacsd.index.claiming_jobs import Turns, Wanted, claim
from pacsd.index.desks import WriterDesk
from pacsd.index.job_records import FreePlaces, Job, JobState, NewJob
from pacsd.index.reading_jobs import read_counts, read_job
from tests.index.made import SCOPE, SECOND_US, rows

LEASE_US = 60 * SECOND_US


def job(queue: str = "archive_2", kind: str = "deliver", **others: object) -> NewJob:
    return NewJob(kind, queue, **others)  # type: ignore[arg-type]


def put(desk: WriterDesk, *jobs: NewJob, moving: CursorMove | None = None) -> list[int]:
    numbers = desk.perform(partial(add_jobs, jobs, moving))
    desk.tend()
    return numbers


def claimed(
    desk: WriterDesk,
    limit: int = 1,
    *,
    places: FreePlaces | None = None,
    kinds: Sequence[str] = ("deliver",),
    turns: Turns | None = None,
) -> list[Job]:
    wanted = Wanted(kinds, places or FreePlaces(1_000), limit, LEASE_US)
    return list(desk.perform(partial(claim, wanted, turns or {})).jobs)


def found(desk: WriterDesk, number: int) -> Job:
    job = desk.perform(lambda session: read_job(SCOPE, number, session.connection))
    assert job is not None
    return job


def state(desk: WriterDesk, number: int) -> JobState:
    return found(desk, number).state


def counts(desk: WriterDesk) -> dict[tuple[str, JobState], int]:
    """As they are told; they are what is there."""
    told = desk.perform(lambda session: read_counts(SCOPE, session.connection))
    there = rows(desk, "SELECT queue, state, count(*) FROM job GROUP BY queue, state")
    assert sorted((each.queue, each.state, each.jobs) for each in told) == sorted(there)
    assert rows(desk, "SELECT count(*) FROM job_count WHERE jobs < 1") == [(0,)]
    return {(each.queue, each.state): each.jobs for each in told}
