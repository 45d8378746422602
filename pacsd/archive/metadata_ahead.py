"""Metadata made before anybody asks for it: of each instance soon after it was stored."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import anyio

from pacsd.archive.finding import FindError
from pacsd.archive.kept_metadata import FORMAT
from pacsd.archive.metadata_maker import TOGETHER
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Retriever
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import Change, ChangeKind, Scope

CONSUMER = f"metadata {FORMAT}"
"""By this name the change log knows how far it came."""

GATHER_S = 0.5
"""How long what is new is gathered: of one instance by itself most of the cost is the trouble."""

RETRY_S = 60.0
"""After which it goes on when the index could not be read."""

_MAKES_NEW = frozenset({ChangeKind.STORED, ChangeKind.RELEASED, ChangeKind.CORRECTED})


class PreparesMetadata(Protocol):
    """Who makes metadata and keeps it; see `MetadataReader`."""

    async def prepare(self, page: Sequence[Retrievable]) -> int:
        """Make what is not kept yet."""


NotMade = Callable[[Retrievable, Exception], None]
"""Is told of an instance whose metadata cannot be made, and why; on the event loop."""


@dataclass(frozen=True, slots=True)
class AheadHealth:
    """What was made ahead since the start; `change` is the last one that was looked at.

    `failed` are instances of which nothing could be made; who asks for them is told why.
    """

    made: int
    failed: int
    change: int


class MetadataAhead:
    """Follows the change log of a scope, and makes the metadata of what is new in it.

    It works half of the time at most, so that those who store have the other half.
    """

    def __init__(
        self,
        index: Index,
        retriever: Retriever,
        reader: PreparesMetadata,
        *,
        not_made: NotMade = lambda _instance, _why: None,
        now_s: Callable[[], float] = anyio.current_time,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._index = index
        self._changes = index.changes
        self._retriever = retriever
        self._reader = reader
        self._not_made = not_made
        self._now_s = now_s
        self._sleep = sleep
        self._scope = Scope()
        self._made = 0
        self._failed = 0
        self._reached = 0

    def health(self) -> AheadHealth:
        """The numbers as they are now; costs nothing."""
        return AheadHealth(self._made, self._failed, self._reached)

    async def run(self) -> None:
        """Follow until cancelled; a fault of the index is waited for."""
        while True:
            try:
                await self._follow()
            except (IndexFault, FindError):
                await self._sleep(RETRY_S)

    async def _follow(self) -> None:
        self._reached = await self._changes.cursor(self._scope, CONSUMER)
        # What was kept may have been thrown away.
        if not await self._index.has_metadata():
            self._reached = 0
        while True:
            commits = self._changes.commits
            begun_s = self._now_s()
            if await self._next_page():
                await self._sleep(self._now_s() - begun_s)
            else:
                await self._changes.more(commits)
                await self._sleep(GATHER_S)

    async def _next_page(self) -> bool:
        """Whether there was one."""
        page = (await self._changes.page(self._scope, self._reached, TOGETHER)).changes
        if not page:
            return False
        await self._prepare(page)
        self._reached = page[-1].number
        await self._changes.move_cursor(self._scope, CONSUMER, self._reached)
        return True

    async def _prepare(self, page: Sequence[Change]) -> None:
        concerned = {each.instance for each in page if each.kind in _MAKES_NEW}
        numbers = sorted(number for number in concerned if number is not None)
        async for instances in self._retriever.instances(numbers, self._scope):
            if await self._fault_of(instances) is None:
                continue
            for each in instances:
                fault = await self._fault_of([each])
                if fault is not None:
                    self._failed += 1
                    self._not_made(each, fault)

    async def _fault_of(self, instances: Sequence[Retrievable]) -> Exception | None:
        """Why they cannot be prepared; None once they are."""
        try:
            self._made += await self._reader.prepare(instances)
        except IndexFault:
            raise
        except Exception as fault:  # noqa: BLE001 - no object may end who serves all others
            return fault
        return None
