"""The scrub: stored objects read back without end, slowly, those for longest unread first.

A disk says nothing of a bit that has turned until somebody reads it. Who is told in time can send
the object again, which repairs it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore
from pacsd.archive.pace import Pace
from pacsd.archive.reading_back import ReadBack
from pacsd.archive.stores import parts_of
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import Copy, CopyCheck, CopyState, Scope, StoredInstance

IDLE_S = 60.0
"""After which it begins, and looks again when nothing was due, or nothing worked."""

LEAST_COST_BYTES = 256 * 1024
"""A copy counts as at least so many bytes: opening a small file costs, too."""

_PAGE_COPIES = 64
_PAGE_BYTES = 256 * 1024 * 1024
"""Copies marked in one transaction; those of large objects sooner."""


class ScrubObserver(Protocol):
    """Is told what the scrub finds, on the event loop: it must not block."""

    def bad_copy(self, copy: Copy, state: CopyState, instance: StoredInstance | None) -> None:
        """A copy is not what was stored, or not there."""

    def scrub_failed(self, error: StoreError | IndexFault) -> None:
        """Nothing could be read or noted; it tries again in a while."""


@dataclass(frozen=True, slots=True)
class ScrubHealth:
    """What the scrub did since the start; `bad_copies` is what is known of all copies."""

    read_bytes: int
    verified: int
    found: Mapping[CopyState, int]
    bad_copies: Mapping[CopyState, int]


@dataclass(slots=True)
class _Numbers:
    read_bytes: int = 0
    verified: int = 0
    found: dict[CopyState, int] = field(default_factory=dict)
    bad_copies: Mapping[CopyState, int] = field(default_factory=dict)


class Scrub:
    """Reads copies that nobody has read for `again_after_us`, while `run` runs.

    Of the store of that name, or of several together in turn.

    Not `is_on`, it reads nothing, but still knows how many copies are bad.
    """

    def __init__(
        self,
        store: BlobStore,
        store_name: str,
        index: Index,
        *,
        pace: Pace,
        again_after_us: int,
        now_us: Callable[[], int],
        observer: ScrubObserver,
        is_on: bool = True,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._store_names = tuple(parts_of(store, store_name))
        self._index = index
        self._scope = Scope()
        self._pace = pace
        self._again_after_us = again_after_us
        self._now_us = now_us
        self._observer = observer
        self._is_on = is_on
        self._sleep = sleep
        self._numbers = _Numbers()
        self._read_back = ReadBack(store, pace, self._count_bytes)

    def health(self) -> ScrubHealth:
        """The numbers as they are now; costs nothing."""
        numbers = self._numbers
        return ScrubHealth(
            read_bytes=numbers.read_bytes,
            verified=numbers.verified,
            found=dict(numbers.found),
            bad_copies=numbers.bad_copies,
        )

    async def run(self) -> None:
        """Scrub until cancelled; whoever waited for the start goes first."""
        await self._tried(self.count_bad)
        await self._sleep(IDLE_S)
        while True:
            if not await self._tried(self._scrub_page):
                await self._sleep(IDLE_S)

    async def count_bad(self) -> bool:
        """See how many copies are bad by now, whoever found or repaired them; are there any?"""
        self._numbers.bad_copies = await self._index.checks.bad_copies(self._scope)
        return bool(self._numbers.bad_copies)

    async def _tried(self, work: Callable[[], Awaitable[bool]]) -> bool:
        """What it returns; False if it fails."""
        try:
            return await work()
        except (IndexFault, StoreError) as error:
            self._observer.scrub_failed(error)
            return False

    async def _scrub_page(self) -> bool:
        """Read a few copies; False when none is due."""
        await self.count_bad()
        if not self._is_on:
            return False
        were_due = [await self._scrub_some(name) for name in self._store_names]
        return any(were_due)

    async def _scrub_some(self, store_name: str) -> bool:
        due = await self._index.copies.longest_unverified(
            self._scope, self._now_us() - self._again_after_us, _PAGE_COPIES, store_name
        )
        good: list[CopyCheck] = []
        for copy in _beginning(due):
            state = await self._read_back(copy)
            await self._pace.spend(max(0, LEAST_COST_BYTES - copy.data_set_bytes))
            check = CopyCheck(copy.instance, copy.location, state, self._now_us())
            if state is CopyState.OK:
                good.append(check)
            else:
                await self._tell_bad(copy, check)
        if good:
            self._numbers.verified += await self._index.copies.mark(self._scope, good)
        return bool(due)

    async def _tell_bad(self, copy: Copy, check: CopyCheck) -> None:
        """Mark a copy at once, and tell of it unless it was replaced meanwhile."""
        if await self._index.copies.mark(self._scope, [check]):
            found = self._numbers.found
            found[check.state] = found.get(check.state, 0) + 1
            instance = await self._index.instances.of_number(self._scope, copy.instance)
            self._observer.bad_copy(copy, check.state, instance)

    def _count_bytes(self, count: int) -> None:
        self._numbers.read_bytes += count


def _beginning(copies: Sequence[Copy]) -> Sequence[Copy]:
    """The first ones, as many as are read soon enough to be marked together."""
    total_bytes = 0
    for number, copy in enumerate(copies):
        total_bytes += copy.data_set_bytes
        if number and total_bytes > _PAGE_BYTES:
            return copies[:number]
    return copies
