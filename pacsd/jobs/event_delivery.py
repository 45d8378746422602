"""Events are brought to consumers: in the order of the change log, at least once.

Each consumer has a feed of its own with a cursor, and waits for no other. What it does not take
becomes a job and is tried again with back-off until it is dead: it never holds up what comes later.
"""

import time
from collections.abc import Awaitable, Callable, Sequence

import anyio
from anyio.abc import TaskGroup

from pacsd.index.index import Index
from pacsd.index.job_records import Job
from pacsd.jobs.consumer import MAX_DEADLINE_S, Consumer, ConsumerHealth
from pacsd.jobs.event_feed import PAUSE_S, EventFeed, Surroundings
from pacsd.jobs.event_making import event_in
from pacsd.jobs.observer import EventObserver
from pacsd.jobs.outcomes import Dead, Done, Handler, Later, Outcome, Retry
from pacsd.jobs.stopping import Stopping

NO_ROOM_S = 600.0
"""After which an event is tried again that lacked room in a queue: that is no attempt."""


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
        self._surroundings = Surroundings(index, observer, sleep, clock_s)
        self._feeds = {each.name: EventFeed(each, self._surroundings) for each in consumers}
        self._running: dict[str, EventFeed] = {}
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
        """Deliver to these from now on, by their names: where one was, its next event is for these.

        Who is gone has the event in hand to the end, and no other.
        """
        wanted = {each.name: each for each in consumers}
        for name in self._feeds.keys() - wanted.keys():
            self._feeds.pop(name).ask_to_end()
        for name in wanted.keys() & self._feeds.keys():
            self._feeds[name].consumer = wanted[name]
        for name in wanted.keys() - self._feeds.keys():
            feed = self._feeds[name] = EventFeed(wanted[name], self._surroundings)
            if self._tasks is not None and not self._stopping.is_asked:
                self._start(self._tasks, feed)

    async def stop(self, grace_s: float) -> None:
        """Finish the events in hand, but wait no longer than the grace."""
        self._stopping.ask()
        running = [*self._running.values()]
        for feed in running:
            feed.ask_to_end()
        with anyio.move_on_after(grace_s):
            for feed in running:
                await feed.ended.wait()
        self._scope.cancel()

    def _start(self, tasks: TaskGroup, feed: EventFeed) -> None:
        name = feed.consumer.name
        before, self._running[name] = self._running.get(name), feed
        tasks.start_soon(self._fed, feed, before, name=f"events for {name}")

    async def _fed(self, feed: EventFeed, before: EventFeed | None) -> None:
        """Feed a consumer, once one of its name has ended that was there `before`."""
        try:
            if before is not None:
                await before.ended.wait()
            await feed.run()
        finally:
            feed.ended.set()
            name = feed.consumer.name
            if self._running.get(name) is feed:
                del self._running[name]

    async def _try_again(self, job: Job) -> Outcome:
        """Deliver an event that has become a job."""
        feed = self._feeds.get(job.queue)
        if feed is None:
            return Retry(f"queue {job.queue}: there is no consumer of this name now")
        try:
            event = event_in(job.payload)
        except ValueError as error:
            return Dead(str(error))
        refusal = await feed.deliver(event)
        if refusal is None:
            return Done()
        if refusal.lacks_room:
            return Later(refusal.reason, NO_ROOM_S)
        return Retry(refusal.reason)
