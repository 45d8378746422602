"""Storage commitment as durable work: taken as a job, judged part by part, reported to who asked.

A transaction is on disk before the peer is told that it was taken; from then on it ends with a
report that the peer has, or as a dead job that an operator sees. Instances are judged after the
request came, and anew where what was found of them is older than a day.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol
from uuid import uuid4

from pacsd.archive.commitments import (
    CommitmentAsked,
    CommitmentReport,
    ReportFate,
    ReportsCommitments,
    Taken,
)
from pacsd.archive.finding import IndexUnavailable
from pacsd.dicom.commitment import CommitmentResult, NotCommitted, Reference
from pacsd.index.errors import IndexFault, JobQueueFull, JobRefused, PluginValueRefused
from pacsd.index.job_records import Job, JobFilter, JobState
from pacsd.index.jobs import Jobs
from pacsd.index.plugin_values import PluginValues
from pacsd.index.records import Scope
from pacsd.jobs.commitment_keeping import (
    COMMIT,
    QUEUE,
    BesideJobs,
    KeptRequest,
    PartResult,
    job_of,
    parts_of,
    request_in,
)
from pacsd.jobs.outcomes import Dead, Done, Handler, Later, Outcome, Retry

MAX_OPEN = 1_000
"""Transactions of one peer that wait or run; strangers count as one peer."""
DEADLINE_S = 3_600.0
"""Of one attempt."""
SLICE_S = 600.0
"""After which a long one lets others have its place, and goes on later from where it was."""
FRESH_S = 86_400.0
"""What was found before that is looked at again before it is reported."""

_US = 1_000_000
_ALL = Scope()
_STRANGERS = "(strangers)"
_NEED_IT = (JobState.WAITING, JobState.LEASED, JobState.DEAD)
"""Whose instances somebody still wants to know of: an operator may bring back a dead one."""


class Judges(Protocol):
    """Who knows what is kept safely; see `Safekeeping`."""

    async def judge(self, references: Sequence[Reference], peer_ae: str) -> list[int]:
        """For each instance 0, or why it is not committed."""


class Commitments:
    """Takes transactions and runs their jobs. `knows` says whether an AE title is a peer's.

    The time of `now_us` may be set; that of `now_s` only rises.
    """

    def __init__(
        self,
        jobs: Jobs,
        values: PluginValues,
        judges: Judges,
        reports: ReportsCommitments,
        *,
        knows: Callable[[str], bool],
        now_us: Callable[[], int],
        now_s: Callable[[], float],
    ) -> None:
        self._jobs = jobs
        self._values = values
        self._judges = judges
        self._reports = reports
        self._knows = knows
        self._now_us = now_us
        self._now_s = now_s

    @property
    def handler(self) -> Handler:
        """What runs the jobs."""
        return Handler(self.run, DEADLINE_S)

    async def take(self, asked: CommitmentAsked, /) -> Taken:
        """Have it judged and reported; once this returns YES it is not forgotten.

        Raises:
            IndexUnavailable: it cannot be noted now.
        """
        try:
            return await self._take(asked)
        except (JobQueueFull, JobRefused, PluginValueRefused):
            return Taken.FULL
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault

    async def _take(self, asked: CommitmentAsked) -> Taken:
        queue, taken = self._queue_of(asked.peer_ae), uuid4().hex
        if await self._open_in(queue) >= MAX_OPEN:
            return Taken.FULL
        job, beside = job_of(asked, taken, queue), BesideJobs(self._values, queue)
        is_beside = request_in(job).references is None
        if is_beside:
            await self._sweep(beside, queue)
            await beside.put_parts(taken, asked.request.references)
        (number,) = await self._jobs.add([job])
        added = await self._jobs.get(_ALL, number)
        if added is not None and request_in(added).taken == taken:
            return Taken.YES
        if is_beside:
            await beside.forget(taken)
        return Taken.DUPLICATE

    def _queue_of(self, peer_ae: str) -> str:
        """Strangers share one: there can be only so many queues, and names without end."""
        return QUEUE + (peer_ae if self._knows(peer_ae) else _STRANGERS)

    async def _open_in(self, queue: str) -> int:
        counts = await self._jobs.counts(_ALL)
        return sum(each.jobs for each in counts if each.queue == queue and each.state.is_open)

    async def _sweep(self, beside: BesideJobs, queue: str) -> None:
        """Forget what lies beside jobs that are not there any more, or need it no more."""
        left = set(await beside.all())
        for state in _NEED_IT if left else ():
            after = 0
            while page := await self._jobs.page(_ALL, JobFilter(state, queue, COMMIT), after, 100):
                left -= {request_in(each).taken for each in page}
                after = page[-1].id
        for taken in left:
            await beside.forget(taken)

    async def run(self, job: Job) -> Outcome:
        """Make one attempt at a transaction: judge what is left, and report."""
        try:
            kept = request_in(job)
        except ValueError as error:
            return Dead(str(error))
        beside = BesideJobs(self._values, kept.shelf)
        if kept.references is None and await beside.is_reported(kept.taken):
            return Done("it was reported before")
        outcome = await self._attempt(kept, beside)
        if isinstance(outcome, Done) and kept.references is None:
            await beside.put_reported(kept.taken)
        elif isinstance(outcome, Done | Dead) or job.attempts >= job.max_attempts:
            await beside.forget_results(kept.taken)
        return outcome

    async def _attempt(self, kept: KeptRequest, beside: BesideJobs) -> Outcome:
        began_s, oldest_us = self._now_s(), self._now_us() - int(FRESH_S * _US)
        committed: list[Reference] = []
        failed: list[NotCommitted] = []
        for number in range(kept.parts):
            part = await self._part(kept, beside, number)
            if part is None:
                return Dead("what was asked for is not kept any more")
            result = await beside.result(kept.taken, number)
            if result is None or result.at_us < oldest_us:
                if self._now_s() - began_s > SLICE_S:
                    return Later(f"{number} of {kept.parts} parts are judged", 0.0)
                result = await self._judged(kept, beside, number, part)
            for each, reason in zip(part, result.reasons, strict=True):
                if reason:
                    failed.append(NotCommitted(each, reason))
                else:
                    committed.append(each)
        found = CommitmentResult(kept.transaction_uid, tuple(committed), tuple(failed))
        return await self._reported(CommitmentReport(kept.peer_ae, kept.own_ae, found))

    async def _part(
        self, kept: KeptRequest, beside: BesideJobs, number: int
    ) -> tuple[Reference, ...] | None:
        if kept.references is None:
            return await beside.part(kept.taken, number)
        return parts_of(kept.references)[number]

    async def _judged(
        self, kept: KeptRequest, beside: BesideJobs, number: int, part: tuple[Reference, ...]
    ) -> PartResult:
        reasons = await self._judges.judge(part, kept.peer_ae)
        result = PartResult(self._now_us(), tuple(map(int, reasons)))
        with suppress(PluginValueRefused):  # then the next attempt judges it once more
            await beside.put_result(kept.taken, number, result)
        return result

    async def _reported(self, report: CommitmentReport) -> Outcome:
        reported = await self._reports.report(report)
        if reported.fate is ReportFate.TAKEN:
            found = report.result
            return Done(f"{len(found.committed)} committed, {len(found.failed)} not")
        is_never = reported.fate is ReportFate.NEVER
        return Dead(reported.why) if is_never else Retry(reported.why)
