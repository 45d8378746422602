"""Fetched objects put into the cache, for whoever asks next."""

from collections.abc import AsyncIterator

from pacsd_s3_client.faults import FarError

from pacsd.api.errors import StoreError
from pacsd.api.plugin import Logger
from pacsd.api.store import BlobStore, Location
from pacsd_store_s3.catalogue import Catalogue, Place
from pacsd_store_s3.copies import HEADER_BYTES, Copies
from pacsd_store_s3.entries import Copied
from pacsd_store_s3.evicting import Evicting
from pacsd_store_s3.ledger import Ledger


class Cache:
    """Keeps copies of what was fetched, unless they would fill all the room there is."""

    def __init__(
        self,
        spool: BlobStore,
        copies: Copies,
        catalogue: Catalogue,
        ledger: Ledger,
        evicting: Evicting,
        logger: Logger,
        *,
        max_bytes: int,
    ) -> None:
        self._spool = spool
        self._copies = copies
        self._catalogue = catalogue
        self._ledger = ledger
        self._evicting = evicting
        self._logger = logger
        self._max_bytes = max_bytes

    async def keep(self, key: str, pieces: AsyncIterator[bytes], size_bytes: int) -> None:
        """Keep a copy; one that cannot be kept is only logged: nobody needs it."""
        if size_bytes + HEADER_BYTES > self._max_bytes or self._catalogue.here(key) is not None:
            return
        try:
            location = await self._copies.keep(key, pieces)
            await self._add(key, location)
        except (StoreError, FarError) as error:
            self._logger.warning("a fetched object is not cached", key=key, why=str(error))

    async def _add(self, key: str, location: Location) -> None:
        if self._catalogue.is_deleted(key) or self._catalogue.here(key) is not None:
            await self._spool.delete(location)
            return
        self._catalogue.add_cached(key, Place(location, HEADER_BYTES))
        self._evicting.wake()
        # Not flushed: without this line the next start reads the beginning of the copy.
        await self._ledger.write(Copied(key, location.key, location.size_bytes), durably=False)
