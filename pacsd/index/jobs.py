"""Durable jobs: added, leased to whoever runs them, ended; whatever dies meanwhile."""

from collections.abc import Collection, Sequence
from functools import partial

from pacsd.index.adding_jobs import add_jobs
from pacsd.index.bell import Bell
from pacsd.index.change_records import CursorMove
from pacsd.index.claiming_jobs import Wanted, claim, end_leases, next_due
from pacsd.index.ending_jobs import extend, fail, finish, give_back
from pacsd.index.job_records import (
    Claimed,
    FreePlaces,
    Job,
    JobClass,
    JobCount,
    JobFilter,
    JobState,
    Lease,
    NewJob,
)
from pacsd.index.reading_jobs import read_counts, read_job, read_page
from pacsd.index.records import Scope
from pacsd.index.session import Relaxed, WriteSession
from pacsd.index.steering_jobs import cancel, forget_jobs, retarget, retry
from pacsd.index.threads import Threads
from pacsd.index.unit_queue import Priority

_US = 1_000_000


class Jobs:
    """The job queues. Each call is one transaction.

    What a claim or an extension changes may be lost in a power cut: the job is claimed again then.
    """

    def __init__(self, threads: Threads, bell: Bell) -> None:
        self._threads = threads
        self._bell = bell
        self._turns: dict[JobClass, str] = {}

    @property
    def rings(self) -> int:
        """How often a job may have become due, since the index was opened."""
        return self._bell.rings

    async def more(self, rings: int) -> None:
        """Return once that was more often; `rings` is taken before one claims."""
        await self._bell.wait(rings)

    async def add(self, jobs: Sequence[NewJob], moving: CursorMove | None = None) -> list[int]:
        """Add jobs, all of them or none, and answer their numbers.

        For a unique key that is taken it is the number of the open job, which stays as it is.
        `moving` is done with it: jobs that a change gave rise to are there once, whatever happens.
        With that, what is added and moved may be lost in a power cut, both together.

        Raises:
            JobQueueFull: nothing was done.
        """
        work = partial(add_jobs, tuple(jobs), moving)
        return await self._threads.write(work if moving is None else Relaxed(work))

    async def claim(
        self, kinds: Collection[str], places: FreePlaces, limit: int, lease_s: float
    ) -> Claimed:
        """Lease at most `limit` jobs of these kinds that are due, for so long.

        Classes in their order; within one the queues take turns. A lease that ran out counts as an
        attempt: its job waits again, or is dead if it was its last one.
        """
        wanted = Wanted(tuple(kinds), places, limit, int(lease_s * _US))
        work = partial(claim, wanted, dict(self._turns))
        claimed = await self._threads.write(Relaxed(work))
        self._turns |= {each.priority: each.queue for each in claimed.jobs}
        return claimed

    async def end_leases(self) -> int:
        """End the leases of a process that is gone, as if they had run out; how many.

        For the one process that works at these jobs, before it begins.
        """
        count = 0
        while ended := await self._threads.write(end_leases):
            count += ended
        return count

    async def finish(self, lease: Lease, explanation: str = "") -> bool:
        """A job is done. False: the lease does not hold any more, and nothing was changed."""
        return await self._threads.write(partial(finish, lease, explanation))

    async def fail(
        self, lease: Lease, explanation: str, retry_at_us: int | None
    ) -> JobState | None:
        """An attempt failed: the job waits until then, or is dead (None: it is, in any case).

        Returns which of both. None: the lease does not hold any more, and nothing was changed.
        """
        return await self._threads.write(partial(fail, lease, explanation, retry_at_us))

    async def give_back(self, leases: Sequence[Lease], not_before_us: int = 0) -> int:
        """Jobs wait again as if they had not been claimed; of how many the lease still held."""
        return await self._threads.write(partial(give_back, tuple(leases), not_before_us))

    async def extend(self, leases: Sequence[Lease], lease_s: float) -> list[Lease]:
        """Leases hold for so long from now on; those that did not any more are answered."""
        work = partial(extend, tuple(leases), int(lease_s * _US))
        return await self._threads.write(Relaxed(work))

    async def cancel(self, scope: Scope, number: int, actor: str) -> Job | None:
        """A job is not to be done; None: there is no such job.

        Raises:
            JobRefused: it has ended.
        """
        return await self._threads.write(partial(cancel, scope, number, actor))

    async def retry(self, scope: Scope, number: int) -> Job | None:
        """A dead or cancelled job waits again; None: there is no such job.

        Raises:
            JobRefused: it is neither; or another open job has its unique key.
        """
        return await self._threads.write(partial(retry, scope, number))

    async def retarget(self, scope: Scope, number: int, queue: str) -> Job | None:
        """A job that nobody runs belongs to another queue; None: there is no such job.

        Raises:
            JobRefused: it runs, or is done; or another open job there has its unique key.
        """
        return await self._threads.write(partial(retarget, scope, number, queue))

    async def forget(self, before_us: int, limit: int) -> int:
        """Forget at most `limit` jobs that ended before then, of all partitions; how many."""
        work = partial(forget_jobs, before_us, limit)
        return await self._threads.write(work, Priority.MAINTENANCE)

    async def page(
        self, scope: Scope, wanted: JobFilter | None = None, after: int = 0, limit: int = 1_000
    ) -> list[Job]:
        """Jobs with a higher number than `after`, by rising number."""
        work = partial(read_page, scope, wanted or JobFilter(), after, limit)
        return await self._threads.read_long(work)

    async def get(self, scope: Scope, number: int) -> Job | None:
        """The job of this number."""
        return await self._threads.read(partial(read_job, scope, number))

    async def counts(self, scope: Scope) -> tuple[JobCount, ...]:
        """How many jobs of each queue are in each state; costs the same however many there are."""
        return await self._threads.read(partial(read_counts, scope))

    async def next_due_us(self) -> int | None:
        """When a job becomes due that is not yet, or a lease or a lifetime ends; None: never."""
        return await self._threads.write(_next_due)


def _next_due(session: WriteSession) -> int | None:
    return next_due(session.now_us(), session.fetch)
