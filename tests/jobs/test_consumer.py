import anyio
import pytest

from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.index.errors import JobQueueFull
from pacsd.jobs import consumer
from pacsd.jobs.consumer import Consumer, Refusal

STORED = ArchiveEvent("e-1", EventKind.INSTANCE_STORED, 5, "1.2", "1.2.3", "1.2.3.4")


async def never(_: ArchiveEvent) -> None:
    await anyio.sleep_forever()


async def test_who_takes_an_event_refuses_nothing() -> None:
    taken: list[ArchiveEvent] = []

    async def take(event: ArchiveEvent) -> None:
        taken.append(event)

    assert await Consumer("route", take).refusal(STORED) is None
    assert taken == [STORED]


async def test_what_it_raises_is_why() -> None:
    async def refuse(_: ArchiveEvent) -> None:
        raise ValueError("not this one")

    assert await Consumer("route", refuse).refusal(STORED) == Refusal("ValueError: not this one")


async def test_what_has_no_room_is_told_from_it() -> None:
    async def refuse(_: ArchiveEvent) -> None:
        raise JobQueueFull("queue target:tape: is full")

    refusal = await Consumer("route", refuse).refusal(STORED)
    assert refusal == Refusal("JobQueueFull: queue target:tape: is full", lacks_room=True)


async def test_so_is_that_it_is_late() -> None:
    refusal = await Consumer("route", never, deadline_s=0).refusal(STORED)
    assert refusal == Refusal("it took more than 0 s")


async def test_nobody_has_more_than_the_longest_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "MAX_DEADLINE_S", 0.01)
    assert await Consumer("route", never).refusal(STORED) == Refusal("it took more than 0.01 s")
