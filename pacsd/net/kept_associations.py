"""Associations over which objects were sent, kept for some seconds for what is sent next.

Over a long line it takes as long to open one as to send an image. A kept one takes no place from
anybody: who needs another has it released first.
"""

import asyncio
from dataclasses import dataclass

import anyio

from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import Destination
from pacsd.net.store_contexts import StoredAs

IDLE_S = 5.0
"""So long one is kept; peers have few to give, and some take the release for the end of a study."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """An association, and what it was proposed for."""

    association: RequestedAssociation
    planned: frozenset[StoredAs]
    timer: asyncio.TimerHandle


class KeptAssociations:
    """Those to all destinations: as many to each as it has places, since each had one."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._kept: dict[Destination, list[Kept]] = {}

    def keep(
        self,
        destination: Destination,
        association: RequestedAssociation,
        planned: frozenset[StoredAs],
    ) -> None:
        """Have it for whoever comes; its user gives back its place afterwards."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._idle_s, self._expire, destination, association)
        self._kept.setdefault(destination, []).append(Kept(association, planned, timer))

    def take(self, destination: Destination, stored_as: StoredAs) -> Kept | None:
        """The last one that was proposed for such an object, if it is still of use."""
        for kept in reversed(self._kept.get(destination, ())):
            if kept.association.is_usable and stored_as in kept.planned:
                self._forget(destination, kept)
                return kept
        return None

    async def make_room(self, destination: Destination) -> None:
        """Release one to this peer, by whatever title we called it, if there is any."""
        for kept_to in self._kept:
            if (kept_to.endpoint, kept_to.called_ae) == (
                destination.endpoint,
                destination.called_ae,
            ):
                oldest = self._kept[kept_to][0]
                self._forget(kept_to, oldest)
                await oldest.association.release()
                return

    async def close(self) -> None:
        """Release all of them."""
        async with anyio.create_task_group() as tasks:
            for destination in [*self._kept]:
                for kept in [*self._kept[destination]]:
                    self._forget(destination, kept)
                    tasks.start_soon(kept.association.release)

    def _expire(self, destination: Destination, association: RequestedAssociation) -> None:
        for kept in [*self._kept.get(destination, ())]:
            if kept.association is association:
                self._forget(destination, kept)
                association.begin_release()

    def _forget(self, destination: Destination, kept: Kept) -> None:
        kept.timer.cancel()
        self._kept[destination].remove(kept)
        if not self._kept[destination]:
            del self._kept[destination]
