"""The purge: what was deleted long enough ago goes for good, a few at a time while others store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import anyio

from pacsd.api.errors import StoreError
from pacsd.archive.curation import Curation
from pacsd.archive.state_records import StateRecordError
from pacsd.index.errors import IndexFault
from pacsd.index.records import Scope

IDLE_S = 600.0
"""After which it looks again when nothing was due, or nothing worked."""

PAUSE_S = 0.2
"""Between two parts: whoever stores goes first."""

TOGETHER = 32
"""Instances purged at once; so long nobody stores, and files are missed that are still named."""

ACTOR = "pacsd"


class PurgeObserver(Protocol):
    """Is told of the purge, on the event loop: it must not block."""

    def purged(self, instances: int) -> None:
        """So many instances are gone, now that no more are due."""

    def purge_failed(self, error: StoreError | StateRecordError | IndexFault) -> None:
        """Nothing could be purged; it tries again in a while."""


@dataclass(frozen=True, slots=True)
class PurgeHealth:
    """What the purge did since the start."""

    purged: int


class Purge:
    """Purges what was deleted more than `keep_us` ago, while `run` runs; None: nothing, ever."""

    def __init__(
        self,
        curation: Curation,
        *,
        keep_us: int | None,
        now_us: Callable[[], int],
        observer: PurgeObserver,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._curation = curation
        self._keep_us = keep_us
        self._now_us = now_us
        self._observer = observer
        self._sleep = sleep
        self._scope = Scope()
        self._purged = 0
        self._untold = 0

    def health(self) -> PurgeHealth:
        """The numbers as they are now; costs nothing."""
        return PurgeHealth(self._purged)

    async def run(self) -> None:
        """Purge until cancelled."""
        if self._keep_us is None:
            return
        while True:
            count = await self._purge_part(self._keep_us)
            if not count:
                await self._curation.leftovers.retry()
                self._tell()
            await self._sleep(PAUSE_S if count else IDLE_S)

    async def _purge_part(self, keep_us: int) -> int:
        """How many of one decision are gone; 0 if none are due, or it fails."""
        before_us = self._now_us() - keep_us
        try:
            count = await self._curation.purge(self._scope, before_us, TOGETHER, ACTOR)
        except (StoreError, StateRecordError, IndexFault) as error:
            self._observer.purge_failed(error)
            return 0
        self._purged += count
        self._untold += count
        return count

    def _tell(self) -> None:
        if self._untold:
            self._observer.purged(self._untold)
            self._untold = 0
