"""Workers, clocks that sleep, and an observer that remembers, for the tests of this room."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC

import anyio

from pacsd.api.events import ArchiveEvent
from pacsd.index.errors import IndexFault, JobQueueFull
from pacsd.index.index import Index
from pacsd.index.job_records import Job, JobState, NewJob
from pacsd.jobs.attempts import Attempts
from pacsd.jobs.outcomes import Handler
from pacsd.jobs.workers import NO_GATES, Gates, WorkerBounds, Workers
from tests.index.made import SCOPE, SECOND_US, Clock

TIMEOUT_S = 30.0


class Seen:
    """A JobObserver and EventObserver."""

    def __init__(self) -> None:
        self.ended: list[tuple[int, JobState, str]] = []
        self.lost: list[int] = []
        self.faults: list[Exception] = []
        self.waits: list[tuple[str, Exception]] = []
        self.failed: list[tuple[str, str, str]] = []
        self.again: list[tuple[str, str]] = []
        self.changed = anyio.Event()

    def attempt_ended(self, job: Job, state: JobState, explanation: str) -> None:
        self.ended.append((job.id, state, explanation))
        self._tell()

    def lease_lost(self, job: Job) -> None:
        self.lost.append(job.id)
        self._tell()

    def jobs_failed(self, fault: IndexFault) -> None:
        self.faults.append(fault)
        self._tell()

    def event_failed(self, consumer: str, event: ArchiveEvent, reason: str) -> None:
        self.failed.append((consumer, event.event_id, reason))
        self._tell()

    def consumer_began_again(self, consumer: str, reason: str) -> None:
        self.again.append((consumer, reason))
        self._tell()

    def delivery_waits(self, consumer: str, fault: IndexFault | JobQueueFull) -> None:
        self.faults.append(fault)
        self.waits.append((consumer, fault))
        self._tell()

    async def until(self, is_so: Callable[[], object]) -> None:
        """Wait for something it is told to make it so."""
        with anyio.fail_after(TIMEOUT_S):
            while not is_so():
                await self.changed.wait()

    async def until_ended(self, number: int) -> None:
        """Wait for the end of so many attempts."""
        await self.until(lambda: len(self.ended) >= number)

    def _tell(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()


class Sleeper:
    """Sleeps until a test lets the time pass, and says for how long each sleep was to be."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.sleeping: dict[object, tuple[float, float]] = {}
        """When each began to sleep, and when it wakes."""
        self.changed = anyio.Event()

    async def __call__(self, seconds: float) -> None:
        mine = object()
        began_us = self.clock.us
        wakes_us = began_us + seconds * SECOND_US
        self.sleeping[mine] = (began_us, wakes_us)
        self._tell()
        try:
            while self.clock.us < wakes_us:
                await self.changed.wait()
        finally:
            del self.sleeping[mine]

    def pass_s(self, seconds: float) -> None:
        self.clock.us += int(seconds * SECOND_US)
        self._tell()

    async def until_asleep(self, seconds: float) -> None:
        """Wait until somebody who goes to sleep now sleeps about so long.

        Somebody who began to sleep earlier and has as long to go yet is somebody else.
        """
        with anyio.fail_after(TIMEOUT_S):
            while not any(self._is_begun(seconds, *each) for each in self.sleeping.values()):
                await self.changed.wait()

    def _is_begun(self, seconds: float, began_us: float, wakes_us: float) -> bool:
        """Within a second, and not over yet."""
        is_new = self.clock.us - began_us < SECOND_US and wakes_us > self.clock.us
        return is_new and abs(wakes_us - began_us - seconds * SECOND_US) < SECOND_US

    def _tell(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()


class Passing(Sleeper):
    """Lets the time pass itself, so that nobody waits."""

    async def __call__(self, seconds: float) -> None:
        self.pass_s(seconds)
        await anyio.lowlevel.checkpoint()


def attempts(index: Index, clock: Clock, seen: Seen) -> Attempts:
    return Attempts(index.jobs, seen, now_us=clock, chance=lambda: 0.0, zone=UTC)


@asynccontextmanager
async def working(
    index: Index,
    clock: Clock,
    seen: Seen,
    handlers: Mapping[str, Handler],
    bounds: WorkerBounds | None = None,
    sleep: Sleeper | None = None,
    gates: Gates = NO_GATES,
) -> AsyncIterator[Workers]:
    workers = Workers(
        index.jobs,
        handlers,
        bounds or WorkerBounds(),
        attempts(index, clock, seen),
        seen,
        now_us=clock,
        gates=gates,
        sleep=sleep or Sleeper(clock),
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(workers.run)
        yield workers
        tasks.cancel_scope.cancel()


def job(queue: str = "archive_2", **others: object) -> NewJob:
    return NewJob("deliver", queue, **others)  # type: ignore[arg-type]


async def there(index: Index, number: int) -> Job:
    found = await index.jobs.get(SCOPE, number)
    assert found is not None
    return found
