"""The cache kept within its bounds: what was not used for longest leaves the spool.

It leaves when it is known for good that the far store has it, many objects at a time: that takes a
flush of the ledger.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from math import inf

import anyio

from pacsd.api.errors import StoreError
from pacsd.api.plugin import Logger
from pacsd.api.store import BlobStore, Location
from pacsd_store_s3.catalogue import Catalogue, Place

MAX_CACHED_OBJECTS = 1_000_000
"""Each takes half a KiB of memory, however small it is."""

LOOK_AGAIN_S = 10.0
"""So often free space is looked at: others fill the disk, too."""

SPARE_PART = 64
"""One part in so many of the cache is freed at once, so that each upload does not evict one."""

SHORT_OBJECTS = 16
"""So many go before free space is looked at again."""

ENOUGH_FOR_S = 1.0
"""Space that was enough is not looked at again so soon, however much is uploaded meanwhile."""


class Evicting:
    """Removes from the spool what the far store has."""

    def __init__(
        self,
        spool: BlobStore,
        catalogue: Catalogue,
        settle: Callable[[], Awaitable[None]],
        logger: Logger,
        *,
        max_bytes: int,
        keep_free_bytes: int,
        max_objects: int = MAX_CACHED_OBJECTS,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._spool = spool
        self._catalogue = catalogue
        self._settle = settle
        self._logger = logger
        self._max_bytes = max_bytes
        self._keep_free_bytes = keep_free_bytes
        self._max_objects = max_objects
        self._clock = clock
        self._enough_until_s = -inf
        self._dropped: list[Location] = []
        self._grown = anyio.Event()

    def wake(self) -> None:
        """There is more in the cache."""
        self._grown.set()

    def drop(self, key: str, place: Place) -> None:
        """A cached object is damaged: nobody reads it here again, and it goes soon."""
        if self._catalogue.drop_cached(key) is not None:
            self._dropped.append(place.location)
            self._grown.set()

    async def run(self) -> None:
        """Evict until cancelled."""
        while True:
            self._grown = anyio.Event()
            try:
                await self.evict()
            except StoreError as error:
                # What could not be removed is found by the next start.
                self._logger.warning("a cached object stays in the spool", why=str(error))
            with anyio.move_on_after(LOOK_AGAIN_S):
                await self._grown.wait()

    async def evict(self) -> None:
        """Remove what is too much.

        Raises:
            StoreError: the ledger cannot be flushed; or the spool cannot remove an object, which
                is no longer read there.
        """
        while self._dropped:
            await self._settle()
            await self._spool.delete(self._dropped.pop())
        await self._remove(self._surplus())
        while await self._is_short_of_space():
            await self._remove(list(islice(self._catalogue.least_used(), SHORT_OBJECTS)))

    async def _remove(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        await self._settle()
        for key in keys:
            place = self._catalogue.drop_cached(key)
            if place is not None:
                await self._spool.delete(place.location)

    def _surplus(self) -> list[str]:
        """What has to go, and some more; nothing while the cache is within its bounds."""
        many_bytes = self._catalogue.cached_bytes - self._max_bytes
        many_objects = self._catalogue.cached_objects - self._max_objects
        if many_bytes <= 0 and many_objects <= 0:
            return []
        many_bytes += self._max_bytes // SPARE_PART
        many_objects += self._max_objects // SPARE_PART
        keys = []
        for key in self._catalogue.least_used():
            if many_bytes <= 0 and many_objects <= 0:
                break
            keys.append(key)
            many_bytes -= self._catalogue.size_here(key)
            many_objects -= 1
        return keys

    async def _is_short_of_space(self) -> bool:
        if not (self._keep_free_bytes and self._catalogue.cached_objects):
            return False
        if self._clock() < self._enough_until_s:
            return False
        free_bytes = (await self._spool.status()).free_bytes
        is_short = free_bytes is not None and free_bytes < self._keep_free_bytes
        if not is_short:
            self._enough_until_s = self._clock() + ENOUGH_FOR_S
        return is_short
