"""Jobs and events in the log: what an operator may have to do something about."""

import time
from collections.abc import Callable

import structlog

from pacsd.api.events import ArchiveEvent
from pacsd.app.repeats import Repeats
from pacsd.index.errors import IndexFault, JobQueueFull
from pacsd.index.job_records import Job, JobState

LINE_INTERVAL_S = 60.0
"""Between two lines of the same kind about the same queue or consumer."""

_log = structlog.get_logger("pacsd.jobs")


class JobLog:
    """A JobObserver and EventObserver. A queue whose jobs all fail has one line in a while."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._repeats = Repeats(LINE_INTERVAL_S)

    def attempt_ended(self, job: Job, state: JobState, explanation: str) -> None:
        """Name what has failed, and what is dead; each dead one is in the list of jobs."""
        if state is JobState.DONE:
            _log.debug("job done", job=job.id, kind=job.kind, queue=job.queue)
            return
        unwritten = self._admit(f"{state.name} {job.kind} {job.queue}")
        if unwritten is None:
            return
        if state is JobState.DEAD:
            _log.warning(
                "job is dead: look at it, then pacsd jobs retry or cancel",
                job=job.id,
                kind=job.kind,
                queue=job.queue,
                attempts=job.attempts,
                explanation=explanation,
                unwritten=unwritten,
            )
        else:
            _log.info(
                "job failed and is tried again",
                job=job.id,
                kind=job.kind,
                queue=job.queue,
                attempts=job.attempts,
                explanation=explanation,
                unwritten=unwritten,
            )

    def lease_lost(self, job: Job) -> None:
        """Name a job whose work counts for nothing."""
        _log.info("job was taken from who ran it", job=job.id, kind=job.kind, queue=job.queue)

    def jobs_failed(self, fault: IndexFault) -> None:
        """Say why no job goes on."""
        if self._admit("jobs wait") is not None:
            _log.warning("jobs wait for the index", explanation=str(fault))

    def event_failed(self, consumer: str, event: ArchiveEvent, reason: str) -> None:
        """Name an event that was not taken."""
        unwritten = self._admit(f"event {consumer}")
        if unwritten is not None:
            _log.warning(
                "event was not taken and is tried again",
                consumer=consumer,
                event_id=event.event_id,
                explanation=reason,
                unwritten=unwritten,
            )

    def consumer_began_again(self, consumer: str, reason: str) -> None:
        """Say that events may be missing, or come twice."""
        _log.warning("events are not told on from where they were", consumer=consumer, why=reason)

    def delivery_waits(self, consumer: str, fault: IndexFault | JobQueueFull) -> None:
        """Say why no event comes."""
        if self._admit(f"waits {consumer}") is not None:
            _log.warning("events wait", consumer=consumer, explanation=str(fault))

    def _admit(self, kind: str) -> int | None:
        return self._repeats.admit(kind, self._now_s())
