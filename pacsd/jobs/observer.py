"""Whom this room tells what happens; on the event loop, so that nobody may block."""

from typing import Protocol

from pacsd.api.ai import AiFindings, RunModel
from pacsd.api.events import ArchiveEvent
from pacsd.index.errors import IndexFault, JobQueueFull
from pacsd.index.job_records import Job, JobState


class JobObserver(Protocol):
    """Is told of jobs."""

    def attempt_ended(self, job: Job, state: JobState, explanation: str) -> None:
        """What a job is after an attempt: done, waiting to be tried again, or dead."""

    def lease_lost(self, job: Job) -> None:
        """What was done for a job counts for nothing: it was cancelled, or given to another."""

    def jobs_failed(self, fault: IndexFault) -> None:
        """The index fails: jobs wait for it."""


class EventObserver(Protocol):
    """Is told of events, by the names of their consumers."""

    def event_failed(self, consumer: str, event: ArchiveEvent, reason: str) -> None:
        """One could not be delivered; it is a job now, or remains one."""

    def consumer_began_again(self, consumer: str, reason: str) -> None:
        """It does not go on where it was: some changes may be told twice, or not at all."""

    def delivery_waits(self, consumer: str, fault: IndexFault | JobQueueFull) -> None:
        """Nothing goes on until this does; it is tried again in a while."""


class RunObserver(Protocol):
    """Is told of models that runners ran."""

    def run_ended(
        self, run: RunModel, provider: str, seconds: float, found: AiFindings | None
    ) -> None:
        """What it found; `provider` is the plugin whose runner it was."""

    def run_failed(
        self, run: RunModel, provider: str, seconds: float, error: Exception, *, is_late: bool
    ) -> None:
        """Why it found nothing, with what was raised as its `__cause__`; its job tries again."""

    def run_broken_off(self, run: RunModel, provider: str, seconds: float) -> None:
        """`provider` is exchanged by a reload; the job begins again, and that is no attempt."""
