"""The durable work of a daemon, as HTTP has it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import structlog

from pacsd.app.admin.job_records import JobDetail, JobSummary
from pacsd.archive.finding import IndexUnavailable
from pacsd.index.errors import IndexFault, JobRefused
from pacsd.index.job_records import Job, JobFilter, JobState
from pacsd.index.jobs import Jobs
from pacsd.index.records import Scope
from pacsd.net.web.job_desk import JobUnchanged

_log = structlog.get_logger("pacsd.jobs")


class ServedJobs:
    """The port `KnowsJobs`; what a job works with is left out.

    Where it is not `explained` how it went is '': that may be what a model found, name an instance,
    or be the text of an exception.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._scope = Scope()

    async def page(
        self, state: str, queue: str, after: int, limit: int, /, *, explained: bool
    ) -> Sequence[object]:
        """Those of a state and a queue."""
        wanted = JobFilter(JobState[state.upper()] if state else None, queue or None)
        with _told():
            page = await self._jobs.page(self._scope, wanted, after, limit)
        return [_summary(JobSummary.of(each), explained=explained) for each in page]

    async def get(self, number: int, /, *, explained: bool) -> object | None:
        """All about one."""
        with _told():
            job = await self._jobs.get(self._scope, number)
        return None if job is None else _detail(job, explained=explained)

    async def retry(self, number: int, actor: str, /, *, explained: bool) -> object | None:
        """Have it done again."""
        with _told():
            job = await self._jobs.retry(self._scope, number)
        return _steered("retried", actor, job, explained=explained)

    async def cancel(self, number: int, actor: str, /, *, explained: bool) -> object | None:
        """Do it no more."""
        with _told():
            job = await self._jobs.cancel(self._scope, number, actor)
        return _steered("cancelled", actor, job, explained=explained)


def _steered(what: str, actor: str, job: Job | None, *, explained: bool) -> object | None:
    if job is None:
        return None
    _log.info("job was steered", what=what, job=job.id, queue=job.queue, actor=actor)
    return _detail(job, explained=explained)


def _summary(summary: JobSummary, *, explained: bool) -> JobSummary:
    return summary if explained else replace(summary, explanation="")


def _detail(job: Job, *, explained: bool) -> dict[str, Any]:
    detail = JobDetail.of(job)
    summary = asdict(_summary(detail.summary, explained=explained))
    told = asdict(detail)
    del told["summary"]
    for name in ("payload", "unique_key"):
        del told[name]
    return {**summary, **told}


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except JobRefused as error:
        raise JobUnchanged(str(error)) from error
    except IndexFault as fault:
        raise IndexUnavailable(str(fault.kind)) from fault
