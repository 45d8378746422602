"""What the commands about jobs answer. A payload may name what a job is about, by UIDs."""

from dataclasses import dataclass
from typing import Self

from pacsd.index.job_records import Job

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class JobSummary:
    """A job in a list; times are seconds since 1970, UTC, None where there is none yet."""

    number: int
    state: str
    kind: str
    queue: str
    priority: str
    attempts: int
    max_attempts: int
    created_at: float
    not_before: float | None
    ended_at: float | None
    explanation: str

    @classmethod
    def of(cls, job: Job) -> Self:
        """The answer for what the index says."""
        return cls(
            number=job.id,
            state=job.state.name.lower(),
            kind=job.kind,
            queue=job.queue,
            priority=job.priority.name.lower(),
            attempts=job.attempts,
            max_attempts=job.max_attempts,
            created_at=job.created_at_us / _US,
            not_before=_time(job.not_before_us),
            ended_at=_time(job.ended_at_us),
            explanation=job.explanation,
        )


@dataclass(frozen=True, slots=True)
class JobDetail:
    """All about a job."""

    summary: JobSummary
    created_by: str
    unique_key: str
    window: str
    expires_at: float | None
    leased_until: float | None
    payload: str

    @classmethod
    def of(cls, job: Job) -> Self:
        """The answer for what the index says."""
        return cls(
            summary=JobSummary.of(job),
            created_by=job.created_by,
            unique_key=job.unique_key,
            window=job.window,
            expires_at=_time(job.expires_at_us),
            leased_until=_time(job.leased_until_us),
            payload=job.payload,
        )


@dataclass(frozen=True, slots=True)
class DrainState:
    """Whether jobs of a queue are begun, and how many of it run."""

    queue: str
    is_drained: bool
    running: int


def _time(stamp_us: int) -> float | None:
    return stamp_us / _US if stamp_us > 0 else None
