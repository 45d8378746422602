"""One consumer fed with events: in the order of the change log, from where it was before.

What it does not take becomes a job in the transaction that moves its cursor. What it takes is noted
once a second: after a crash some of it comes again, with the same ids.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from pacsd.api.events import ArchiveEvent
from pacsd.index.change_records import CursorMove, ToldPage
from pacsd.index.errors import IndexFault, JobQueueFull
from pacsd.index.index import Index
from pacsd.index.job_records import NewJob
from pacsd.index.records import Scope
from pacsd.jobs.consumer import Consumer, ConsumerHealth, Refusal
from pacsd.jobs.event_making import event_of, payload_of
from pacsd.jobs.log_reading import Beginnings, position
from pacsd.jobs.observer import EventObserver
from pacsd.jobs.stopping import Stopping

EVENT = "event"
"""The kind of the jobs of events that could not be delivered."""

TOGETHER = 500
"""Changes read at once."""
GATHERED_FOR_S = 0.2
"""At least, from page to page: while much is stored one read of many costs little."""
MOVED_AFTER_S = 1.0
"""Of deliveries, whatever is left of what was read."""
MAX_FAILED = 100
"""Events that are kept in memory to become jobs."""
MAX_ATTEMPTS = 12
"""At an event that has become a job: some hours."""
PAUSE_S = 5.0
"""After which the index is asked again when it failed, or had no room."""

_ALL = Scope()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What feeds have in common; `clock_s` is a monotonic clock."""

    index: Index
    observer: EventObserver
    sleep: Callable[[float], Awaitable[None]]
    clock_s: Callable[[], float]


class EventFeed:
    """Feeds one consumer while `run` runs; whoever runs it sets `ended` afterwards."""

    def __init__(self, consumer: Consumer, surroundings: Surroundings) -> None:
        self.consumer = consumer
        self.health = ConsumerHealth(consumer.name)
        self.ended = anyio.Event()
        self._index = surroundings.index
        self._observer = surroundings.observer
        self._sleep = surroundings.sleep
        self._clock_s = surroundings.clock_s
        self._stopping = Stopping()
        self._number = self._noted = 0
        self._read_at_s = self._moved_at_s = 0.0
        self._failed: list[NewJob] = []

    def ask_to_end(self) -> None:
        """Have it finish the event in hand, and take no other."""
        self._stopping.ask()

    async def run(self) -> None:
        """Deliver until it is asked to end, or cancelled."""
        await self._persist(self._begin)
        while not self._stopping.is_asked:
            await self._persist(self._next_page)
        await self._note_the_rest()

    async def deliver(self, event: ArchiveEvent) -> Refusal | None:
        """Have the consumer take an event; why it did not, None if it did."""
        refusal = await self.consumer.refusal(event)
        if refusal is None:
            self.health.delivered += 1
        else:
            self.health.failed += 1
            self._observer.event_failed(self.consumer.name, event, refusal.reason)
        return refusal

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, and again while the index fails, or has no room for what failed."""
        while not self._stopping.is_asked:
            try:
                return await work()
            except (IndexFault, JobQueueFull) as fault:
                self._observer.delivery_waits(self.consumer.name, fault)
                await self._stopping.first_of(lambda: self._sleep(PAUSE_S))
        return None

    async def _note_the_rest(self) -> None:
        """At the end, once: what cannot be noted now comes again."""
        try:
            await self._move()
        except (IndexFault, JobQueueFull) as fault:
            self._observer.delivery_waits(self.consumer.name, fault)

    async def _begin(self) -> None:
        consumer = self.consumer
        beginnings = Beginnings(consumer.begins_at_first, again_at_first=True)
        self._number = self._noted = await position(
            self._index, _ALL, consumer.name, beginnings, self._observer
        )
        self._moved_at_s = self._clock_s()

    async def _next_page(self) -> None:
        """Deliver what is there; if that is all, wait for more."""
        if self._failed:
            await self._move()
        commits = self._index.changes.commits
        self._read_at_s = self._clock_s()
        page = await self._index.changes.told(_ALL, self._number, TOGETHER)
        if page.since < page.forgotten:
            reason = f"changes up to {page.forgotten} are not kept, it had read up to {page.since}"
            self._observer.consumer_began_again(self.consumer.name, reason)
            self._number = page.forgotten
        await self._deliver_page(page)
        if not page.has_more and not self._stopping.is_asked:
            await self._more(commits)

    async def _deliver_page(self, page: ToldPage) -> None:
        for change in page.changes:
            event = event_of(page.epoch, change)
            if event is not None:
                await self._deliver_new(event)
            self._number = change.number
            if self._is_time_to_move():
                await self._move()
            if self._stopping.is_asked:
                break
        else:
            self._number = max(self._number, page.last)
        if self._failed:
            await self._move()

    async def _deliver_new(self, event: ArchiveEvent) -> None:
        self.health.at_us = event.at_us
        refusal = await self.deliver(event)
        self.health.at_us = None
        if refusal is not None:
            self._failed.append(
                NewJob(
                    EVENT,
                    self.consumer.name,
                    payload_of(event),
                    unique_key=event.event_id,
                    max_attempts=MAX_ATTEMPTS,
                    created_by="event delivery",
                )
            )

    async def _more(self, commits: int) -> None:
        """Wait for a change behind these commits; meanwhile note what was taken before."""
        more = self._index.changes.more
        if self._number > self._noted:
            await self._stopping.first_of(
                lambda: more(commits), lambda: self._until(self._moved_at_s + MOVED_AFTER_S)
            )
            if self._is_time_to_move():
                await self._move()
        await self._stopping.first_of(lambda: more(commits))
        gathered_at_s = self._read_at_s + GATHERED_FOR_S
        if self._clock_s() < gathered_at_s:
            await self._stopping.first_of(lambda: self._until(gathered_at_s))

    async def _until(self, at_s: float) -> None:
        await self._sleep(max(0.0, at_s - self._clock_s()))

    def _is_time_to_move(self) -> bool:
        is_long = self._clock_s() - self._moved_at_s >= MOVED_AFTER_S
        return is_long or len(self._failed) >= MAX_FAILED

    async def _move(self) -> None:
        """Note how far it is, and what failed; what is delivered once more is neither."""
        if self._number > self._noted or self._failed:
            moving = CursorMove(_ALL.partition, self.consumer.name, self._number)
            await self._index.jobs.add(self._failed, moving)
            self._failed.clear()
            self._noted = self._number
        self._moved_at_s = self._clock_s()
