"""Who is asked from one reload to the next, and whether anything they were asked is in progress."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Self

import anyio

from pacsd.api.dispatch.breaker import Breaker
from pacsd.api.dispatch.implementation import Implementation
from pacsd.api.dispatch.tally import Count


@dataclass(slots=True)
class Member:
    """An implementation, with what is known about how it does."""

    implementation: Implementation
    count: Count

    @property
    def breaker(self) -> Breaker:
        """Whether it is asked at all; with its count, for whoever looks at that."""
        return self.count.breaker


class Lineup:
    """The implementations of a hook, in the order of asking; a call is made `with` it.

    Where that takes too long for a call, it counts itself among `running`, and tells if it was the
    last one that somebody waits for (`idleness`). What was given in a call, and is used after it,
    is in use `in_use`. Once it is `replaced` others are asked, and nothing more of it may be used.
    """

    __slots__ = ("_used_until", "idleness", "members", "replaced", "running")

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)
        self.running = 0
        self.idleness: anyio.Event | None = None
        self.replaced = False
        self._used_until: dict[object, float] = {}

    def __enter__(self) -> Self:
        self.running += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.running -= 1
        if self.idleness is not None:
            self.tell_idle()

    @contextmanager
    def in_use(self, deadline_s: float) -> Iterator[None]:
        """Within the block an object that one of them gave is used, for `deadline_s` at most.

        A call as any other, but one that has a deadline of its own.
        """
        use = object()
        self._used_until[use] = monotonic() + deadline_s
        try:
            with self:
                yield
        finally:
            del self._used_until[use]

    @property
    def used_until(self) -> float:
        """When the last of what is in use now has to have ended, on the monotonic clock."""
        return max(self._used_until.values(), default=0.0)

    def tell_idle(self) -> None:
        """Tell who waits for that, if it is so."""
        if self.idleness is not None and not self.running:
            self.idleness.set()

    async def idle(self) -> None:
        """Wait until no call is in progress; for one that is not called any more."""
        if self.running:
            self.idleness = self.idleness or anyio.Event()
            await self.idleness.wait()
