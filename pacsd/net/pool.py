"""Associations to one destination, kept open between uses and bounded in number."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

from pacsd.net.errors import PoolFull
from pacsd.net.scu import RequestedAssociation

MAX_WAITING = 1_000
"""Waiting for an association to one destination; more are refused rather than kept."""

_Open = Callable[[], Awaitable[RequestedAssociation]]


class Pool:
    """At most `size` associations, each lent to one user at a time.

    One that nobody uses for `idle_s` is released. `open_new` makes one more, and raises
    `AssociationError` to whoever asked for it.
    """

    def __init__(self, open_new: _Open, size: int, idle_s: float) -> None:
        self._open_new = open_new
        self._idle_s = idle_s
        self._places = anyio.CapacityLimiter(size)
        self._idle: dict[RequestedAssociation, asyncio.TimerHandle] = {}

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[RequestedAssociation]:
        """Borrow an association, an idle one or a new one.

        An association that failed, or whose user did, is not lent again.

        Raises:
            PoolFull: too many wait already.
            AssociationError: a new one could not be opened.
        """
        if self._places.statistics().tasks_waiting >= MAX_WAITING:
            raise PoolFull(f"{MAX_WAITING} are waiting for an association already")
        borrower = object()
        await self._places.acquire_on_behalf_of(borrower)
        try:
            association = self._take_idle() or await self._open_new()
            try:
                yield association
            except BaseException:
                association.abort()
                raise
            self._keep(association)
        finally:
            self._places.release_on_behalf_of(borrower)

    async def close(self) -> None:
        """Release what is idle; what is lent out is its user's to end."""
        idle, self._idle = self._idle, {}
        async with anyio.create_task_group() as tasks:
            for association, timer in idle.items():
                timer.cancel()
                tasks.start_soon(association.release)

    def _take_idle(self) -> RequestedAssociation | None:
        while self._idle:
            association, timer = self._idle.popitem()
            timer.cancel()
            if association.is_usable:
                return association
        return None

    def _keep(self, association: RequestedAssociation) -> None:
        if association.is_usable:
            loop = asyncio.get_running_loop()
            self._idle[association] = loop.call_later(self._idle_s, self._expire, association)

    def _expire(self, association: RequestedAssociation) -> None:
        if self._idle.pop(association, None) is not None:
            association.begin_release()
