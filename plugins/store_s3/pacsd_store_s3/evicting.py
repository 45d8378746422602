"""The cache kept within its bounds: what was not used for longest leaves the spool."""

from collections.abc import Callable
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

ENOUGH_FOR_S = 1.0
"""Space that was enough is not looked at again so soon, however much is uploaded meanwhile."""


class Evicting:
    """Removes from the spool what the far store has."""

    def __init__(
        self,
        spool: BlobStore,
        catalogue: Catalogue,
        logger: Logger,
        *,
        max_bytes: int,
        keep_free_bytes: int,
        max_objects: int = MAX_CACHED_OBJECTS,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._spool = spool
        self._catalogue = catalogue
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
            StoreError: the spool cannot remove an object; it is no longer read there.
        """
        while self._dropped:
            await self._spool.delete(self._dropped.pop())
        while self._is_too_much() or await self._is_short_of_space():
            key = self._catalogue.least_used()
            if key is None:
                return
            place = self._catalogue.drop_cached(key)
            if place is not None:
                await self._spool.delete(place.location)

    def _is_too_much(self) -> bool:
        return (
            self._catalogue.cached_bytes > self._max_bytes
            or self._catalogue.cached_objects > self._max_objects
        )

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
