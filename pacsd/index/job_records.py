"""The records of durable jobs: what is to be done, how far it is, and who may do it now.

Bounds: a payload has 64 KiB, a queue a million jobs that wait or run, and there are a thousand
queues at most. What breaks one of these is refused before anything is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from pacsd.index.errors import JobRefused

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_NAME_BYTES = 256
MAX_QUEUES = 1_000
MAX_OPEN_JOBS = 1_000_000
"""Of one queue that wait or run."""


class JobClass(IntEnum):
    """Whose work goes first: what a person waits for, what a machine does, what can wait."""

    VIEWER = 0
    MODALITY = 1
    AI = 2
    ROUTING = 3
    MIGRATION = 4


class JobState(IntEnum):
    """How far a job is. The first two are open; the others are kept for a while, to be looked at.

    DEAD: its attempts or its time are used up, or it can never succeed.
    """

    WAITING = 1
    LEASED = 2
    DONE = 3
    DEAD = 4
    CANCELLED = 5

    @property
    def is_open(self) -> bool:
        """Whether there is something left to be done."""
        return self <= JobState.LEASED


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is to be done: `kind` says by whom, `queue` where it may have to wait for others.

    `queue` is a destination, a plugin, a consumer of events. Of jobs with the same `unique_key`
    (not ''), kind and queue one is open at most. Times are UTC microseconds: it does not begin
    before `not_before_us`, and is dead if it has not begun at `expires_at_us` (0: it never is).
    `window` is the times of day at which it may begin, '' for always.

    Raises:
        JobRefused: a value that no job can have.
    """

    kind: str
    queue: str
    payload: str = "{}"
    priority: JobClass = JobClass.ROUTING
    unique_key: str = ""
    max_attempts: int = 10
    not_before_us: int = 0
    expires_at_us: int = 0
    window: str = ""
    created_by: str = ""
    partition: int = 1

    def __post_init__(self) -> None:
        """Check the values."""
        named = {"kind": self.kind, "queue": self.queue}
        for name, value in named.items():
            if not value:
                raise JobRefused(f"{name}: is empty")
        texts = {**named, "unique_key": self.unique_key, "window": self.window}
        for name, value in {**texts, "created_by": self.created_by}.items():
            _check_text(name, value, MAX_NAME_BYTES)
        _check_text("payload", self.payload, MAX_PAYLOAD_BYTES)
        if self.max_attempts < 1:
            raise JobRefused(f"max_attempts: {self.max_attempts} is less than 1")


def _check_text(name: str, value: str, max_bytes: int) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise JobRefused(f"{name}: is no Unicode text") from None
    if size > max_bytes:
        raise JobRefused(f"{name}: {size} bytes are more than {max_bytes}")
    if "\0" in value:
        raise JobRefused(f"{name}: has a NUL character")


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. `attempts` counts the one that runs.

    `lease_token` is what whoever runs it must show to end it; 0 when nobody does. `explanation` is
    how its last attempt ended, without values from a peer.
    """

    id: int
    partition: int
    state: JobState
    priority: JobClass
    kind: str
    queue: str
    attempts: int
    max_attempts: int
    not_before_us: int
    expires_at_us: int
    lease_token: int
    leased_until_us: int
    created_at_us: int
    ended_at_us: int
    created_by: str
    unique_key: str
    window: str
    explanation: str
    payload: str

    @property
    def lease(self) -> "Lease":
        """What whoever claimed it holds."""
        return Lease(self.id, self.lease_token)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to end a job, until it runs out and somebody else claims the job."""

    job: int
    token: int


@dataclass(frozen=True, slots=True)
class FreePlaces:
    """How many jobs of each queue may be claimed: `each`, but for those that are named."""

    each: int
    by_queue: Mapping[str, int] = field(default_factory=dict)

    def of(self, queue: str) -> int:
        """Those of a queue."""
        return self.by_queue.get(queue, self.each)


@dataclass(frozen=True, slots=True)
class Claimed:
    """Jobs that are leased now, and when it is worth to ask again; None: once something is added.

    That is at once where as many were leased as were asked for. What waits for a free place does
    not count: whoever asks knows when one becomes free.
    """

    jobs: tuple[Job, ...]
    next_due_us: int | None


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list has; None: all."""

    state: JobState | None = None
    queue: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class JobCount:
    """How many jobs of a queue are in a state."""

    queue: str
    state: JobState
    jobs: int
