"""Consumers that take events, and delivery to them, for the tests of this room."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

from pacsd.api.events import ArchiveEvent
from pacsd.index.index import Index
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.event_delivery import EventDelivery
from tests.index.made import SCOPE, Clock
from tests.jobs.working import TIMEOUT_S, Passing, Seen, Sleeper


class Taker:
    """Takes events but for those of UIDs that it refuses."""

    def __init__(self, *refused: str) -> None:
        self.refused = set(refused)
        self.events: list[ArchiveEvent] = []
        self.changed = anyio.Event()

    async def __call__(self, event: ArchiveEvent) -> None:
        if event.sop_instance_uid in self.refused:
            raise ValueError("not this one")
        self.events.append(event)
        self.changed.set()
        self.changed = anyio.Event()

    @property
    def uids(self) -> list[str]:
        return [each.sop_instance_uid for each in self.events]

    async def until(self, number: int) -> None:
        with anyio.fail_after(TIMEOUT_S):
            while len(self.events) < number:
                await self.changed.wait()


def consumer(deliver: Callable[[ArchiveEvent], Awaitable[None]], **others: object) -> Consumer:
    return Consumer("route", deliver, begins_at_first=True, **others)  # type: ignore[arg-type]


@asynccontextmanager
async def delivering(
    index: Index, *consumers: Consumer, seen: Seen | None = None, sleep: Sleeper | None = None
) -> AsyncIterator[EventDelivery]:
    sleep = sleep or Passing(Clock())
    delivery = EventDelivery(
        index, consumers, seen or Seen(), sleep=sleep, clock_s=lambda: sleep.clock.us / 1e6
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(delivery.run)
        yield delivery
        tasks.cancel_scope.cancel()


async def until_cursor(index: Index, number: int) -> None:
    with anyio.fail_after(TIMEOUT_S):
        while await index.changes.cursor(SCOPE, "route") < number:
            await anyio.lowlevel.checkpoint()


async def newest(index: Index) -> int:
    return (await index.changes.told(SCOPE, None, 1)).newest
