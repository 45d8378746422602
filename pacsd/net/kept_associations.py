"""Associations over which objects were sent, kept for some seconds for what is sent next.

Over a long line it takes as long to open one as to send an image. A kept one takes no place from
anybody: who opens another has it released first where there is no room for both.
"""

import asyncio
from dataclasses import dataclass

import anyio

from pacsd.net.requested_association import RELEASE_GRACE_S, RequestedAssociation
from pacsd.net.scu import Destination
from pacsd.net.store_contexts import StoredAs

LONGEST_S = 60.0
"""After which one is released though it is in use all the time: some take that for the end of a
study."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """An association, and what it was proposed for."""

    destination: Destination
    association: RequestedAssociation
    planned: frozenset[StoredAs]
    timer: asyncio.TimerHandle

    def is_to(self, destination: Destination) -> bool:
        """Whether it is one to this peer, by whatever title we called it."""
        mine, other = self.destination, destination
        return (mine.endpoint, mine.called_ae) == (other.endpoint, other.called_ae)


class KeptAssociations:
    """Those to all destinations, each for `idle_s` after its last use; 0: none is kept."""

    def __init__(self, idle_s: float = 5.0) -> None:
        self._idle_s = idle_s
        self._kept: list[Kept] = []

    async def keep(
        self,
        destination: Destination,
        association: RequestedAssociation,
        planned: frozenset[StoredAs],
    ) -> None:
        """Have it for whoever comes, or release it; its user gives back its place afterwards."""
        loop = asyncio.get_running_loop()
        age_s = loop.time() - association.made_at_s
        if not association.is_usable or not self._idle_s or age_s >= LONGEST_S:
            await association.release()
            return
        timer = loop.call_later(self._idle_s, self._expire, association)
        self._kept.append(Kept(destination, association, planned, timer))

    def take(self, destination: Destination, stored_as: StoredAs) -> Kept | None:
        """The last one that was proposed for such an object, if it is still of use."""
        for kept in reversed(self._kept):
            is_for_it = kept.destination == destination and stored_as in kept.planned
            if is_for_it and kept.association.is_usable:
                self._forget(kept)
                return kept
        return None

    async def make_room(self, destination: Destination, room: int = 0) -> None:
        """Release those to this peer that are more than there is room for, the oldest first."""
        kept = [each for each in self._kept if each.is_to(destination)]
        await self._release(kept[: max(0, len(kept) - max(0, room))])

    async def close(self) -> None:
        """Release all of them."""
        await self._release([*self._kept])

    async def _release(self, several: list[Kept]) -> None:
        for kept in several:
            self._forget(kept)
        async with anyio.create_task_group() as tasks:
            for kept in several:
                tasks.start_soon(kept.association.release)

    def _expire(self, association: RequestedAssociation) -> None:
        """Nobody waits for this release; it is as patient as any."""
        for kept in [each for each in self._kept if each.association is association]:
            self._forget(kept)
        association.begin_release()
        asyncio.get_running_loop().call_later(RELEASE_GRACE_S, association.abort)

    def _forget(self, kept: Kept) -> None:
        kept.timer.cancel()
        self._kept.remove(kept)
