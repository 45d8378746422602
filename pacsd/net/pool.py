"""Associations we request, kept open between uses and bounded in number for each destination."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

from pacsd.net.errors import NotConnected, PoolFull
from pacsd.net.peers import Peer
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination, Timeouts, open_association
from pacsd.net.settings import DimseSettings

MAX_WAITING = 1_000
"""Waiting for an association to one destination; more are refused rather than kept."""

IDLE_S = 30.0
"""An association that nobody uses for so long is released; peers have few to give."""

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


class Pools:
    """A pool for each destination, made when it is first asked for."""

    def __init__(self, calling_ae: str, settings: DimseSettings) -> None:
        self._calling_ae = calling_ae
        self._timeouts = Timeouts.of(settings)
        self._pools: dict[Peer, Pool] = {}

    def to(self, peer: Peer) -> Pool:
        """The pool of a peer: at most `peer.connections` associations.

        Raises:
            NotConnected: the peer has no address to be called at.
        """
        pool = self._pools.get(peer)
        if pool is None:
            pool = self._pools[peer] = self._new(peer)
        return pool

    async def close(self) -> None:
        """Release what is idle."""
        pools, self._pools = self._pools, {}
        async with anyio.create_task_group() as tasks:
            for pool in pools.values():
                tasks.start_soon(pool.close)

    def _new(self, peer: Peer) -> Pool:
        if peer.endpoint is None:
            raise NotConnected(f"{peer.ae_title} may only call us: it has no host or port")
        destination = Destination(peer.endpoint, peer.ae_title, self._calling_ae)

        async def open_new() -> RequestedAssociation:
            return await open_association(destination, timeouts=self._timeouts)

        return Pool(open_new, peer.connections, IDLE_S)
