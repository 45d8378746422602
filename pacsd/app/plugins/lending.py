"""Copies lent to plugins: for the time of a delivery their files are what an instance's UID gives.

So that whoever sends what a delivery names sends the copies, and cannot forget to.
"""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import anyio


@dataclass(frozen=True, slots=True, eq=False)
class _Claim:
    plugin: str
    files: Mapping[str, BinaryIO]
    coercion: str

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
        nobody needs the UIDs to mean anything else.
        """
        claim = _Claim(plugin, files, coercion)
        while any(each.excludes(claim) for each in self._claims):
            await self._changed.wait()
        self._claims.append(claim)
        try:
            yield
        finally:
            self._claims.remove(claim)
            self._changed.set()
            self._changed = anyio.Event()

    @contextmanager
    def borrowed(self, plugin: str, uid: str) -> Iterator[BinaryIO | None]:
        """The file that a UID means to a plugin now, None for what is stored.

        It stays for the time of the block, by a descriptor of its own, whatever ends meanwhile.
        """
        claim = self._of(plugin, uid)
        if claim is None:
            yield None
            return
        with os.fdopen(os.dup(claim.files[uid].fileno()), "rb") as file:
            yield file

    def is_coerced(self, plugin: str, uid: str) -> bool:
        """Whether a UID means a copy by a coercion to a plugin now."""
        claim = self._of(plugin, uid)
        return claim is not None and bool(claim.coercion)

    def _of(self, plugin: str, uid: str) -> _Claim | None:
        found = (each for each in self._claims if each.plugin == plugin and uid in each.files)
        return next(found, None)
