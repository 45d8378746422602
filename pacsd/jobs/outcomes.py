"""What runs jobs of a kind, and what it answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from pacsd.index.job_records import Job
from pacsd.jobs.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Done:
    """There is nothing left to do."""

    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """It did not work now; `after_s`: when to try again, None: as the kind's back-off says."""

    reason: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Dead:
    """It can never work."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """It could not begin, or not end, and nobody failed: that counts as no attempt.

    It waits so long, behind those that can begin; None: it keeps its place in its queue.
    """

    reason: str
    after_s: float | None


Outcome: TypeAlias = Done | Retry | Dead | Later


@dataclass(frozen=True, slots=True)
class Handler:
    """Runs jobs of a kind, each within `deadline_s`. What it raises is a Retry that says what.

    It may be called again for a job that it has done: when nobody could note that it had.
    """

    run: Callable[[Job], Awaitable[Outcome]]
    deadline_s: float
    backoff: Backoff = field(default_factory=Backoff)
