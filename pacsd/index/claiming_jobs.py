"""The transaction that leases jobs to whoever runs them.

Classes go one after the other. Within a class the queues take turns, beginning behind the one that
had the last turn, so that none waits for another that is long or has no place free. A queue of one
kind of jobs is called a lane here.
"""

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from pacsd.index import schema_jobs
from pacsd.index.job_counts import JobMoves
from pacsd.index.job_records import Claimed, FreePlaces, Job, JobClass, JobState
from pacsd.index.reading_jobs import JOB, job_of
from pacsd.index.session import WriteSession
from pacsd.index.settling_jobs import settle
from pacsd.index.sqlite import at_most

Lane: TypeAlias = tuple[str, str]
"""The kind and the queue."""
Turns: TypeAlias = Mapping[JobClass, str]
"""By class, the queue that had the last turn."""

LEASE_RAN_OUT = "whoever ran it was not heard of until its lease ran out"
TIME_RAN_OUT = "its time ran out before it was begun"

_TOGETHER = 1_000
"""Leases and lifetimes that are ended by one claim: some milliseconds."""
_TOKEN_BITS = 62
_NEVER_US = 2**62

_job = schema_jobs.job.c
_WAITING: ColumnElement[int] = literal_column(str(JobState.WAITING.value))
_LEASED: ColumnElement[int] = literal_column(str(JobState.LEASED.value))
_ZERO: ColumnElement[int] = literal_column("0")
_MAY_BEGIN = (
    _job.state == _WAITING,
    _job.priority == bindparam("class"),
    _job.kind == bindparam("its_kind"),
)
_NEXT_CLASS = at_most(
    select(_job.priority)
    .where(_job.state == _WAITING, _job.priority >= bindparam("class"))
    .order_by(_job.priority),
    literal_column("1"),
)
_NEXT_LANE = at_most(
    select(_job.queue, _job.not_before_us)
    .where(*_MAY_BEGIN, _job.queue > bindparam("after"))
    .order_by(_job.queue, _job.not_before_us, _job.id),
    literal_column("1"),
)
_FIRST_OF_LANE = at_most(
    select(_job.id)
    .where(*_MAY_BEGIN, _job.queue == bindparam("its_queue"), _job.not_before_us <= bindparam("t"))
    .where(or_(_job.expires_at_us == _ZERO, _job.expires_at_us > bindparam("now")))
    .order_by(_job.not_before_us, _job.id),
    bindparam("number"),
)
_LEASE = (
    update(schema_jobs.job)
    .values(
        state=_LEASED,
        attempts=_job.attempts + literal_column("1"),
        lease_token=bindparam("token"),
        leased_until_us=bindparam("until"),
    )
    .where(_job.id.in_(_FIRST_OF_LANE))
    .returning(*JOB)
)
_HAS_RUN_OUT = (_job.state == _LEASED, _job.leased_until_us <= bindparam("now"))
_HAS_EXPIRED = (
    _job.state == _WAITING,
    _job.expires_at_us > _ZERO,
    _job.expires_at_us <= bindparam("now_again"),
)
_ANY_OVERDUE = select(
    or_(exists(select(_job.id).where(*_HAS_RUN_OUT)), exists(select(_job.id).where(*_HAS_EXPIRED)))
)
_RAN_OUT = at_most(
    select(*JOB).where(*_HAS_RUN_OUT).order_by(_job.leased_until_us),
    bindparam("number"),
)
_EXPIRED = at_most(
    select(*JOB).where(*_HAS_EXPIRED).order_by(_job.expires_at_us),
    bindparam("number"),
)


def _least(column: str, *where: object) -> Select[tuple[int | None]]:
    return select(func.min(_job[column])).where(*where)  # type: ignore[arg-type]


_NEXT_DUE = (
    _least(
        "not_before_us",
        _job.state == _WAITING,
        _job.not_before_us > _ZERO,
        _job.not_before_us > bindparam("now"),
    ),
    _least("leased_until_us", _job.state == _LEASED),
    _least("expires_at_us", _job.state == _WAITING, _job.expires_at_us > _ZERO),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody can run: so many jobs of these kinds, for so long."""

    kinds: Collection[str]
    places: FreePlaces
    limit: int
    lease_us: int


def claim(wanted: Wanted, turns: Turns, session: WriteSession) -> Claimed:
    """Lease jobs that are due; what is leased and not heard of waits again, or is dead."""
    now_us = session.now_us()
    moves = JobMoves(session)
    _end_overdue(session, now_us, moves)
    jobs: list[Job] = []
    moves.note()
    taking = _Taking(session, wanted, now_us)
    for priority in _classes(session):
        jobs += taking.of_class(priority, turns.get(priority, ""), wanted.limit - len(jobs))
        if len(jobs) == wanted.limit:
            break
    is_all = len(jobs) < wanted.limit
    return Claimed(tuple(jobs), next_due(now_us, session.fetch) if is_all else now_us)


def end_leases(session: WriteSession) -> int:
    """End all leases as if they had run out, some at a time; how many: none, once all are over."""
    moves, now_us = JobMoves(session), session.now_us()
    rows = session.fetch(_RAN_OUT, _NEVER_US, _TOGETHER)
    for row in rows:
        _end_lease(session, moves, job_of(row), now_us)
    moves.note()
    return len(rows)


def next_due(now_us: int, fetch: Callable[..., list[tuple[int | None]]]) -> int | None:
    """When a job becomes due that is not yet, or a lease or a lifetime ends."""
    waiting, leases, lives = _NEXT_DUE
    found = (*fetch(waiting, now_us), *fetch(leases), *fetch(lives))
    return min((due for (due,) in found if due is not None), default=None)


def _classes(session: WriteSession) -> Iterator[JobClass]:
    """Those of which a job waits, in their order."""
    lowest = min(JobClass).value
    while found := session.fetch(_NEXT_CLASS, lowest):
        yield JobClass(found[0][0])
        lowest = found[0][0] + 1


class _Taking:
    """One claim under way."""

    def __init__(self, session: WriteSession, wanted: Wanted, now_us: int) -> None:
        self._session = session
        self._wanted = wanted
        self._now_us = now_us
        self._taken: dict[str, int] = {}

    def of_class(self, priority: JobClass, after: str, limit: int) -> list[Job]:
        """Lease jobs of a class, the same number of each lane as far as there are so many."""
        jobs: list[Job] = []
        lanes = self._lanes(priority, after, limit)
        while lanes and len(jobs) < limit:
            share = max(1, (limit - len(jobs)) // len(lanes))
            left = []
            for lane in lanes:
                number = min(share, self._room(lane), limit - len(jobs))
                leased = self._lease(priority, lane, number) if number else []
                jobs += leased
                if number and len(leased) == number:
                    left.append(lane)
            lanes = left
        return jobs

    def _lanes(self, priority: JobClass, after: str, limit: int) -> list[Lane]:
        """Lanes with a job that is due and a place, in turn, at most so many."""
        found = [
            (queue, kind)
            for kind in sorted(self._wanted.kinds)
            for queue in self._queues(priority, kind, after, limit)
        ]
        found.sort(key=lambda lane: (lane[0] <= after, *lane))
        return [(kind, queue) for queue, kind in found[:limit]]

    def _queues(self, priority: JobClass, kind: str, after: str, limit: int) -> list[str]:
        queues: list[str] = []
        for queue, not_before_us in self._all_queues(priority, kind, after):
            if not_before_us <= self._now_us and self._room((kind, queue)) > 0:
                queues.append(queue)
            if len(queues) == limit:
                break
        return queues

    def _all_queues(self, priority: JobClass, kind: str, after: str) -> Iterator[tuple[str, int]]:
        """Each queue in which a job waits, with the time of its first: from behind one, round."""
        for begin, last in ((after, None), ("", after)):
            queue = begin
            while found := self._session.fetch(_NEXT_LANE, priority.value, kind, queue):
                queue, not_before_us = found[0]
                if last is not None and queue > last:
                    break
                yield queue, not_before_us
            if not after:
                return

    def _room(self, lane: Lane) -> int:
        queue = lane[1]
        return max(0, self._wanted.places.of(queue) - self._taken.get(queue, 0))

    def _lease(self, priority: JobClass, lane: Lane, number: int) -> list[Job]:
        kind, queue = lane
        now_us, until_us = self._now_us, self._now_us + self._wanted.lease_us
        token = secrets.randbits(_TOKEN_BITS) + 1
        lane_and_times = (priority.value, kind, queue, now_us, now_us)
        rows = self._session.fetch(_LEASE, token, until_us, *lane_and_times, number)
        self._taken[queue] = self._taken.get(queue, 0) + len(rows)
        # A database says what it has changed in any order.
        return sorted(map(job_of, rows), key=lambda job: (job.not_before_us, job.id))


def _end_overdue(session: WriteSession, now_us: int, moves: JobMoves) -> None:
    """End leases that were not extended, and jobs that were not begun in their time."""
    if not session.fetch(_ANY_OVERDUE, now_us, now_us)[0][0]:
        return
    for row in session.fetch(_RAN_OUT, now_us, _TOGETHER):
        _end_lease(session, moves, job_of(row), now_us)
    for row in session.fetch(_EXPIRED, now_us, _TOGETHER):
        settle(session, moves, job_of(row), JobState.DEAD, now_us, explanation=TIME_RAN_OUT)


def _end_lease(session: WriteSession, moves: JobMoves, job: Job, now_us: int) -> None:
    is_last = job.attempts >= job.max_attempts
    state = JobState.DEAD if is_last else JobState.WAITING
    settle(session, moves, job, state, now_us, explanation=LEASE_RAN_OUT)
