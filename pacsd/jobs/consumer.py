"""Who takes events, and how it is doing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from pacsd.api.events import ArchiveEvent
from pacsd.index.errors import JobQueueFull

MAX_DEADLINE_S = 600.0
"""Of any consumer, for one event."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a consumer did not take an event; `lacks_room`: a queue that it needs is full."""

    reason: str
    lacks_room: bool = False


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

    async def refusal(self, event: ArchiveEvent) -> Refusal | None:
        """Have it take an event; why it did not, None if it did."""
        deadline_s = min(self.deadline_s, MAX_DEADLINE_S)
        with anyio.move_on_after(deadline_s):
            try:
                await self.deliver(event)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it is its own
                said = f"{type(error).__name__}: {error}"
                return Refusal(said, lacks_room=isinstance(error, JobQueueFull))
            return None
        return Refusal(f"it took more than {deadline_s:g} s")


@dataclass(slots=True)
class ConsumerHealth:
    """How a consumer is doing; `at_us` is the time of the change in hand, None: there is none."""

    name: str
    delivered: int = 0
    failed: int = 0
    at_us: int | None = None
