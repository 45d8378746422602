"""How fast targets of routes are sent to: so many instances and bytes a second, and no more.

What all transfers to one share: several associations together are no faster than one.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from copy import copy
from typing import TypeVar

import anyio

from pacsd.archive.pace import Pace

BufferT = TypeVar("BufferT", bytes, bytes | bytearray | memoryview)
GiveWay = Callable[[], Awaitable[None]]

MAX_TARGETS = 1_000
"""That have no rates of their own and are remembered; of more, two may share a throttle."""

_PARTS_A_SECOND = 4
"""So smoothly bytes flow; a peer that waits for the next ones is never kept waiting for long."""
_LEAST_BYTES = 4_096


class Throttle:
    """The rates of one target, None: as fast as it goes. The clocks are for tests.

    `give_way` waits until what goes first lets one instance be sent, one at a time; None: nothing
    goes first.
    """

    def __init__(
        self,
        instances_per_second: float | None = None,
        bytes_per_second: int | None = None,
        *,
        give_way: GiveWay | None = None,
        now_s: Callable[[], float] = anyio.current_time,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._instances = Pace(instances_per_second, now_s=now_s, sleep=sleep)
        self._bytes = Pace(bytes_per_second, now_s=now_s, sleep=sleep)
        self._give_way = give_way
        self._turn = anyio.Lock()
        self._part_bytes = 0  # all there is
        if bytes_per_second is not None:
            # Even: the parts of a data set are (PS3.5 section 7.1.1).
            self._part_bytes = max(_LEAST_BYTES, bytes_per_second // _PARTS_A_SECOND) & ~1

    @property
    def urgent(self) -> "Throttle":
        """The same rates, together with this one's, for what nothing goes before."""
        urgent = copy(self)
        urgent._give_way = None  # noqa: SLF001 - it is one of us
        return urgent

    async def begin(self) -> None:
        """Wait until one more instance may be sent."""
        await self._instances.spend(1)
        if self._give_way is not None:
            async with self._turn:
                await self._give_way()

    async def take(self, instances: int, size_bytes: int) -> None:
        """Wait as long as sending these takes, for who sends them out of our sight."""
        for _ in range(instances):
            await self.begin()
        await self._bytes.spend(size_bytes)

    def paced(self, pieces: AsyncGenerator[BufferT, None]) -> AsyncGenerator[BufferT, None]:
        """The same bytes, each when it may leave."""
        return self._paced(pieces) if self._part_bytes else pieces

    async def _paced(self, pieces: AsyncGenerator[BufferT, None]) -> AsyncGenerator[BufferT, None]:
        async with aclosing(pieces):
            async for piece in pieces:
                for at in range(0, len(piece), self._part_bytes):
                    part = piece[at : at + self._part_bytes]
                    await self._bytes.spend(len(part))
                    yield part


NO_THROTTLE = Throttle()


class Throttles:
    """Those of targets by their names: `own` ones with rates, others as `usual` makes them."""

    def __init__(
        self,
        own: Mapping[str, Throttle] | None = None,
        usual: Callable[[], Throttle] = lambda: NO_THROTTLE,
    ) -> None:
        self._own = own or {}
        self._usual = usual
        self._made: dict[str, Throttle] = {}

    def of(self, name: str, *, is_urgent: bool = False) -> Throttle:
        """That of a target."""
        throttle = self._of(name)
        return throttle.urgent if is_urgent else throttle

    def _of(self, name: str) -> Throttle:
        found = self._own.get(name) or self._made.get(name)
        if found is None:
            if len(self._made) >= MAX_TARGETS:
                return next(iter(self._made.values()))
            found = self._made[name] = self._usual()
        return found


NO_THROTTLES = Throttles()
