"""Events are brought to consumers: in the order of the change log, at least once.

Each consumer has a cursor of its own, and waits for no other. What it does not take becomes a job
in the transaction that moves its cursor, and is tried again with back-off until it is dead: it
never holds up what comes later. After a restart some come again that were taken: with the same ids.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio

from pacsd.api.events import ArchiveEvent
from pacsd.index.change_records import CursorMove, ToldPage
from pacsd.index.errors import IndexFault, JobQueueFull
from pacsd.index.index import Index
from pacsd.index.job_records import Job, NewJob
from pacsd.index.records import Scope
from pacsd.jobs.event_making import event_in, event_of, payload_of
from pacsd.jobs.log_reading import Beginnings, position
from pacsd.jobs.observer import EventObserver
from pacsd.jobs.outcomes import Dead, Done, Handler, Outcome, Retry
from pacsd.jobs.stopping import Stopping

EVENT = "event"
"""The kind of the jobs of events that could not be delivered."""

TOGETHER = 500
"""Changes read at once."""
MOVED_AFTER_S = 5.0
"""Of deliveries, whatever is left of what was read."""
MAX_FAILED = 100
"""Events that are kept in memory to become jobs."""
MAX_ATTEMPTS = 12
"""At an event that has become a job: some hours."""
PAUSE_S = 5.0
"""After which the index is asked again when it failed, or had no room."""

_ALL = Scope()


@dataclass(frozen=True, slots=True)
class Consumer:
    """Takes events, one after the other, each within `deadline_s`; it raises if it cannot.

    New, it begins behind the newest change, or at the first (`begins_at_first`). Once the index is
    made anew it gets all that is in it.
    """

    name: str
    deliver: Callable[[ArchiveEvent], Awaitable[None]]
    deadline_s: float = 30.0
    begins_at_first: bool = False


@dataclass(slots=True)
class ConsumerHealth:
    """How a consumer is doing; `at_us` is the time of the change in hand, None: there is none."""

    name: str
    delivered: int = 0
    failed: int = 0
    at_us: int | None = None


@dataclass(slots=True)
class _Progress:
    """What is known of a consumer and not yet noted."""

    consumer: Consumer
    health: ConsumerHealth
    number: int = 0
    moved_at_s: float = 0.0
    failed: list[NewJob] = field(default_factory=list)


class EventDelivery:
    """Delivers events to consumers, while `run` runs. `clock_s` is a monotonic clock."""

    def __init__(
        self,
        index: Index,
        consumers: Sequence[Consumer],
        observer: EventObserver,
        *,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._index = index
        self._consumers = {each.name: each for each in consumers}
        self._health = {each.name: ConsumerHealth(each.name) for each in consumers}
        self._observer = observer
        self._sleep = sleep
        self._clock_s = clock_s
        self._stopping = Stopping()
        self._running = 0
        self._ended = anyio.Event()
        self._scope = anyio.CancelScope()

    @property
    def handler(self) -> Handler:
        """What runs the jobs of events that failed."""
        longest_s = max((each.deadline_s for each in self._consumers.values()), default=0.0)
        # It has the deadline of its consumer; this one is never the shorter.
        return Handler(self._try_again, longest_s + PAUSE_S)

    @property
    def health(self) -> tuple[ConsumerHealth, ...]:
        """How the consumers are doing."""
        return tuple(self._health.values())

    async def run(self) -> None:
        """Deliver until cancelled or stopped."""
        if not self._consumers:
            return
        with self._scope:
            async with anyio.create_task_group() as tasks:
                for consumer in self._consumers.values():
                    self._running += 1
                    tasks.start_soon(self._feed, consumer, name=f"events for {consumer.name}")

    async def stop(self, grace_s: float) -> None:
        """Finish the events in hand, but wait no longer than the grace."""
        self._stopping.ask()
        if self._running:
            with anyio.move_on_after(grace_s):
                await self._ended.wait()
        self._scope.cancel()

    async def _feed(self, consumer: Consumer) -> None:
        progress = _Progress(consumer, self._health[consumer.name])
        try:
            await self._persist(consumer, lambda: self._begin(progress))
            while not self._stopping.is_asked:
                await self._persist(consumer, lambda: self._next_page(progress))
        finally:
            self._running -= 1
            if not self._running:
                self._ended.set()

    async def _persist(self, consumer: Consumer, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, and again while the index fails, or has no room for what failed."""
        while not self._stopping.is_asked:
            try:
                return await work()
            except (IndexFault, JobQueueFull) as fault:
                self._observer.delivery_waits(consumer.name, fault)
                await self._stopping.first_of(lambda: self._sleep(PAUSE_S))
        return None

    async def _begin(self, progress: _Progress) -> None:
        consumer = progress.consumer
        beginnings = Beginnings(consumer.begins_at_first, again_at_first=True)
        progress.number = await position(
            self._index, _ALL, consumer.name, beginnings, self._observer
        )

    async def _next_page(self, progress: _Progress) -> None:
        """Deliver what is there; if that is nothing, wait for more."""
        if progress.failed:
            await self._move(progress)
        commits = self._index.changes.commits
        page = await self._index.changes.told(_ALL, progress.number, TOGETHER)
        if page.since < page.forgotten:
            reason = f"changes up to {page.forgotten} are not kept, it had read up to {page.since}"
            self._observer.consumer_began_again(progress.consumer.name, reason)
            progress.number = page.forgotten
        await self._deliver_page(progress, page)
        if not page.has_more:
            await self._stopping.first_of(lambda: self._index.changes.more(commits))

    async def _deliver_page(self, progress: _Progress, page: ToldPage) -> None:
        progress.moved_at_s = self._clock_s()
        for change in page.changes:
            event = event_of(page.epoch, change)
            if event is not None:
                await self._deliver(progress, event)
            progress.number = change.number
            if self._is_time_to_move(progress):
                await self._move(progress)
            if self._stopping.is_asked:
                break
        else:
            progress.number = max(progress.number, page.last)
        if page.changes:
            await self._move(progress)

    async def _deliver(self, progress: _Progress, event: ArchiveEvent) -> None:
        progress.health.at_us = event.at_us
        reason = await _refusal(progress.consumer, event)
        progress.health.at_us = None
        if reason is None:
            progress.health.delivered += 1
            return
        progress.health.failed += 1
        self._observer.event_failed(progress.consumer.name, event, reason)
        progress.failed.append(
            NewJob(
                EVENT,
                progress.consumer.name,
                payload_of(event),
                unique_key=event.event_id,
                max_attempts=MAX_ATTEMPTS,
                created_by="event delivery",
            )
        )

    def _is_time_to_move(self, progress: _Progress) -> bool:
        is_long = self._clock_s() - progress.moved_at_s >= MOVED_AFTER_S
        return is_long or len(progress.failed) >= MAX_FAILED

    async def _move(self, progress: _Progress) -> None:
        """Note how far it is, and what failed; what is delivered once more is neither."""
        name = progress.consumer.name
        moving = CursorMove(_ALL.partition, name, progress.number)
        await self._index.jobs.add(progress.failed, moving)
        progress.failed.clear()
        progress.moved_at_s = self._clock_s()

    async def _try_again(self, job: Job) -> Outcome:
        """Deliver an event that has become a job."""
        consumer = self._consumers.get(job.queue)
        if consumer is None:
            return Retry(f"queue {job.queue}: there is no consumer of this name now")
        try:
            event = event_in(job.payload)
        except ValueError as error:
            return Dead(str(error))
        reason = await _refusal(consumer, event)
        health = self._health[consumer.name]
        if reason is None:
            health.delivered += 1
            return Done()
        health.failed += 1
        self._observer.event_failed(consumer.name, event, reason)
        return Retry(reason)


async def _refusal(consumer: Consumer, event: ArchiveEvent) -> str | None:
    """Deliver an event; why it was not taken, None if it was."""
    with anyio.move_on_after(consumer.deadline_s):
        try:
            await consumer.deliver(event)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a consumer is its own
            return f"{type(error).__name__}: {error}"
        return None
    return f"it took more than {consumer.deadline_s:g} s"
