"""Events are brought to consumers: in the order of the change log, at least once.

Each consumer has a cursor of its own, and waits for no other. What it does not take becomes a job
in the transaction that moves its cursor, and is tried again with back-off until it is dead: it
never holds up what comes later. After a restart some come again that were taken: with the same ids.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

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
MAX_DEADLINE_S = 600.0
"""Of any consumer, for one event."""
MAX_ATTEMPTS = 12
"""At an event that has become a job: some hours."""
PAUSE_S = 5.0
"""After which the index is asked again when it failed, or had no room."""

_ALL = Scope()


@dataclass(frozen=True, slots=True)
class Consumer:
    """Takes events, one after the other, each within `deadline_s`; it raises if it cannot.

    More than `MAX_DEADLINE_S` it does not have.

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
class _Feed:
    """Of a consumer: what is known and not yet noted, and whether it is to end."""

    consumer: Consumer
    health: ConsumerHealth
    number: int = 0
    moved_at_s: float = 0.0
    failed: list[NewJob] = field(default_factory=list)
    stopping: Stopping = field(default_factory=Stopping)
    ended: anyio.Event | None = None

    @classmethod
    def of(cls, consumer: Consumer) -> "_Feed":
        """Of which nothing is known yet."""
        return cls(consumer, ConsumerHealth(consumer.name))


class EventDelivery:
    """Delivers events to consumers, while `run` runs. `clock_s` is a monotonic clock.

    Who they are may change meanwhile (`replace`).
    """

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
        self._feeds = {each.name: _Feed.of(each) for each in consumers}
        self._leaving: dict[str, _Feed] = {}
        self._observer = observer
        self._sleep = sleep
        self._clock_s = clock_s
        self._stopping = Stopping()
        self._tasks: TaskGroup | None = None
        self._scope = anyio.CancelScope()

    @property
    def handler(self) -> Handler:
        """What runs the jobs of events that failed."""
        # It has the deadline of its consumer; this one is never the shorter.
        return Handler(self._try_again, MAX_DEADLINE_S + PAUSE_S)

    @property
    def health(self) -> tuple[ConsumerHealth, ...]:
        """How the consumers are doing."""
        return tuple(each.health for each in self._feeds.values())

    async def run(self) -> None:
        """Deliver until cancelled or stopped."""
        with self._scope:
            async with anyio.create_task_group() as self._tasks:
                for feed in self._feeds.values():
                    self._start(self._tasks, feed)
                await self._stopping.first_of(anyio.sleep_forever)

    def replace(self, consumers: Sequence[Consumer]) -> None:
        """Deliver to these from now on, by their names: those that were there go on.

        Who is gone has the event in hand to the end, and no other.
        """
        wanted = {each.name: each for each in consumers}
        for name in self._feeds.keys() - wanted.keys():
            feed = self._feeds.pop(name)
            feed.stopping.ask()
            if feed.ended is not None:
                self._leaving[name] = feed
        for name in wanted.keys() - self._feeds.keys():
            feed = self._feeds[name] = _Feed.of(wanted[name])
            if self._tasks is not None and not self._stopping.is_asked:
                self._start(self._tasks, feed)

    async def stop(self, grace_s: float) -> None:
        """Finish the events in hand, but wait no longer than the grace."""
        self._stopping.ask()
        feeds = [*self._leaving.values(), *self._feeds.values()]
        for feed in feeds:
            feed.stopping.ask()
        with anyio.move_on_after(grace_s):
            for feed in feeds:
                if feed.ended is not None:
                    await feed.ended.wait()
        self._scope.cancel()

    def _start(self, tasks: TaskGroup, feed: _Feed) -> None:
        name = feed.consumer.name
        feed.ended = anyio.Event()
        tasks.start_soon(self._fed, feed, self._leaving.get(name), name=f"events for {name}")

    async def _fed(self, feed: _Feed, before: _Feed | None) -> None:
        """Deliver to a consumer, once one of its name has ended that was there `before`."""
        try:
            if before is not None and before.ended is not None:
                await before.ended.wait()
            await self._persist(feed, lambda: self._begin(feed))
            while not feed.stopping.is_asked:
                await self._persist(feed, lambda: self._next_page(feed))
        finally:
            if self._leaving.get(feed.consumer.name) is feed:
                del self._leaving[feed.consumer.name]
            if feed.ended is not None:
                feed.ended.set()

    async def _persist(self, feed: _Feed, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, and again while the index fails, or has no room for what failed."""
        while not feed.stopping.is_asked:
            try:
                return await work()
            except (IndexFault, JobQueueFull) as fault:
                self._observer.delivery_waits(feed.consumer.name, fault)
                await feed.stopping.first_of(lambda: self._sleep(PAUSE_S))
        return None

    async def _begin(self, feed: _Feed) -> None:
        consumer = feed.consumer
        beginnings = Beginnings(consumer.begins_at_first, again_at_first=True)
        feed.number = await position(self._index, _ALL, consumer.name, beginnings, self._observer)

    async def _next_page(self, feed: _Feed) -> None:
        """Deliver what is there; if that is nothing, wait for more."""
        if feed.failed:
            await self._move(feed)
        commits = self._index.changes.commits
        page = await self._index.changes.told(_ALL, feed.number, TOGETHER)
        if page.since < page.forgotten:
            reason = f"changes up to {page.forgotten} are not kept, it had read up to {page.since}"
            self._observer.consumer_began_again(feed.consumer.name, reason)
            feed.number = page.forgotten
        await self._deliver_page(feed, page)
        if not page.has_more:
            await feed.stopping.first_of(lambda: self._index.changes.more(commits))

    async def _deliver_page(self, feed: _Feed, page: ToldPage) -> None:
        feed.moved_at_s = self._clock_s()
        for change in page.changes:
            event = event_of(page.epoch, change)
            if event is not None:
                await self._deliver(feed, event)
            feed.number = change.number
            if self._is_time_to_move(feed):
                await self._move(feed)
            if feed.stopping.is_asked:
                break
        else:
            feed.number = max(feed.number, page.last)
        if page.changes:
            await self._move(feed)

    async def _deliver(self, feed: _Feed, event: ArchiveEvent) -> None:
        feed.health.at_us = event.at_us
        reason = await _refusal(feed.consumer, event)
        feed.health.at_us = None
        if reason is None:
            feed.health.delivered += 1
            return
        feed.health.failed += 1
        self._observer.event_failed(feed.consumer.name, event, reason)
        feed.failed.append(
            NewJob(
                EVENT,
                feed.consumer.name,
                payload_of(event),
                unique_key=event.event_id,
                max_attempts=MAX_ATTEMPTS,
                created_by="event delivery",
            )
        )

    def _is_time_to_move(self, feed: _Feed) -> bool:
        is_long = self._clock_s() - feed.moved_at_s >= MOVED_AFTER_S
        return is_long or len(feed.failed) >= MAX_FAILED

    async def _move(self, feed: _Feed) -> None:
        """Note how far it is, and what failed; what is delivered once more is neither."""
        name = feed.consumer.name
        moving = CursorMove(_ALL.partition, name, feed.number)
        await self._index.jobs.add(feed.failed, moving)
        feed.failed.clear()
        feed.moved_at_s = self._clock_s()

    async def _try_again(self, job: Job) -> Outcome:
        """Deliver an event that has become a job."""
        feed = self._feeds.get(job.queue)
        if feed is None:
            return Retry(f"queue {job.queue}: there is no consumer of this name now")
        try:
            event = event_in(job.payload)
        except ValueError as error:
            return Dead(str(error))
        consumer, health = feed.consumer, feed.health
        reason = await _refusal(consumer, event)
        if reason is None:
            health.delivered += 1
            return Done()
        health.failed += 1
        self._observer.event_failed(consumer.name, event, reason)
        return Retry(reason)


async def _refusal(consumer: Consumer, event: ArchiveEvent) -> str | None:
    """Deliver an event; why it was not taken, None if it was."""
    deadline_s = min(consumer.deadline_s, MAX_DEADLINE_S)
    with anyio.move_on_after(deadline_s):
        try:
            await consumer.deliver(event)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a consumer is its own
            return f"{type(error).__name__}: {error}"
        return None
    return f"it took more than {deadline_s:g} s"
