"""The spool looked through at start: what waits for the far store, what is cached.

Only what the ledger proves to be uploaded counts as that; of what it does not know the beginning is
read, for it may be a copy.
"""

from collections.abc import Sequence

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import BlobStore, Location
from pacsd_store_s3.catalogue import Catalogue, Place
from pacsd_store_s3.copies import HEADER_BYTES, Copies
from pacsd_store_s3.keys import make_key
from pacsd_store_s3.ledger import Ledger


class Scan:
    """One look through the spool; all waiting keys are in `waiting` then, the oldest first."""

    def __init__(
        self,
        spool: BlobStore,
        copies: Copies,
        catalogue: Catalogue,
        ledger: Ledger,
        generation: int,
    ) -> None:
        self._spool = spool
        self._copies = copies
        self._catalogue = catalogue
        self._ledger = ledger
        self._generation = generation
        self.waiting: list[str] = []

    async def run(self) -> None:
        """Look through it.

        Raises:
            StoreError: the spool fails.
        """
        cursor: str | None = None
        is_first = True
        while cursor is not None or is_first:
            page = await self._spool.list(cursor)
            # The first object of all is the mark.
            await self._sort(page.locations[1:] if is_first else page.locations)
            cursor, is_first = page.next_cursor, False

    async def _sort(self, locations: Sequence[Location]) -> None:
        unknown: list[Location] = []
        for location in locations:
            copied = self._ledger.copies.get(location.key)
            key = self._key(location)
            if copied is not None:
                await self._is_copy(copied.key, location)
            elif self._catalogue.is_deleted(key):
                await self._spool.delete(location)
            elif self._catalogue.uploaded(key) is not None:
                self._catalogue.add_cached(key, Place(location))
            else:
                unknown.append(location)
        for location, of_key in zip(unknown, await self._copies.keys_of(unknown), strict=True):
            if of_key is not None:
                await self._is_copy(of_key, location)
            else:
                self._catalogue.add_waiting(self._key(location), location)
                self.waiting.append(self._key(location))

    async def _is_copy(self, key: str, location: Location) -> None:
        if self._catalogue.is_deleted(key) or self._catalogue.here(key) is not None:
            await self._spool.delete(location)
        else:
            self._catalogue.add_cached(key, Place(location, HEADER_BYTES))

    def _key(self, location: Location) -> str:
        try:
            return make_key(self._generation, location.key)
        except ValueError as error:
            raise StoreError(StoreFault.INPUT_OUTPUT, str(error)) from error
