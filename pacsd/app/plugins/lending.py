"""Copies lent to plugins: for the time of a delivery their files are what an instance's UID gives.

So that whoever sends what a delivery names sends the copies, and cannot forget to.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import anyio


@dataclass(slots=True, eq=False)
class _Claim:
    plugin: str
    files: Mapping[str, BinaryIO]
    coercion: str
    readers: int = 0

    def excludes(self, other: "_Claim") -> bool:
        """Whether both at once would make two things of one UID."""
        if self.plugin != other.plugin or not (self.coercion or other.coercion):
            return False
        return not self.files.keys().isdisjoint(other.files)


class Lending:
    """Who was lent what. A UID never means two things to a plugin at one time."""

    def __init__(self) -> None:
        self._claims: list[_Claim] = []
        self._changed = anyio.Event()

    @asynccontextmanager
    async def claim(
        self, plugin: str, files: Mapping[str, BinaryIO], coercion: str = ""
    ) -> AsyncIterator[None]:
        """For the time of a block these UIDs mean these files to a plugin.

        They are copies by a coercion, or the instances of these UIDs as they leave. Waits until
        nobody needs the UIDs to mean anything else, and in the end until nobody reads a file.
        """
        claim = _Claim(plugin, files, coercion)
        while any(each.excludes(claim) for each in self._claims):
            await self._changed.wait()
        self._claims.append(claim)
        try:
            yield
        finally:
            self._claims.remove(claim)
            with anyio.CancelScope(shield=True):
                while claim.readers:
                    await self._changed.wait()
            self._tell_changed()

    @contextmanager
    def borrowed(self, plugin: str, uid: str) -> Iterator[BinaryIO | None]:
        """The file that a UID means to a plugin now, None for what is stored.

        It stays open for the time of the block.
        """
        claim = self._of(plugin, uid)
        if claim is None:
            yield None
            return
        claim.readers += 1
        try:
            yield claim.files[uid]
        finally:
            claim.readers -= 1
            self._tell_changed()

    def is_coerced(self, plugin: str, uid: str) -> bool:
        """Whether a UID means a copy by a coercion to a plugin now."""
        claim = self._of(plugin, uid)
        return claim is not None and bool(claim.coercion)

    def _of(self, plugin: str, uid: str) -> _Claim | None:
        found = (each for each in self._claims if each.plugin == plugin and uid in each.files)
        return next(found, None)

    def _tell_changed(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
