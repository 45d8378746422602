"""Copies lent to plugins: for the time of a delivery their files are what an instance's UID gives.

So that whoever sends what a delivery names sends the copies, and cannot forget to.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

import anyio

_NONE: Mapping[str, BinaryIO] = {}


@dataclass(frozen=True, slots=True, eq=False)
class _Claim:
    plugin: str
    uids: frozenset[str]
    files: Mapping[str, BinaryIO]

    def excludes(self, other: "_Claim") -> bool:
        """Whether both at once would make two things of one UID."""
        if self.plugin != other.plugin or not (self.files or other.files):
            return False
        return not self.uids.isdisjoint(other.uids)


class Lending:
    """Who was lent what. A UID never means a copy and something else to a plugin at one time."""

    def __init__(self) -> None:
        self._claims: list[_Claim] = []
        self._changed = anyio.Event()

    @asynccontextmanager
    async def claim(
        self, plugin: str, uids: Collection[str], files: Mapping[str, BinaryIO] = _NONE
    ) -> AsyncIterator[None]:
        """For the time of a block these UIDs mean these files to a plugin, or what is stored.

        Waits until nobody needs them to mean anything else.
        """
        claim = _Claim(plugin, frozenset(uids), files)
        while any(each.excludes(claim) for each in self._claims):
            await self._changed.wait()
        self._claims.append(claim)
        try:
            yield
        finally:
            self._claims.remove(claim)
            self._changed.set()
            self._changed = anyio.Event()

    def file(self, plugin: str, uid: str) -> BinaryIO | None:
        """The file that a UID means to a plugin now, None for what is stored."""
        for claim in self._claims:
            if claim.plugin == plugin and uid in claim.files:
                return claim.files[uid]
        return None
