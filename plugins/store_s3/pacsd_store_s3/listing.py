"""All committed objects by rising key, whether they wait, are cached, or are far only."""

from pacsd_s3_client.far import LIST_NAMES, Far
from pacsd_s3_client.faults import FarError

from pacsd.api.store import Location, ObjectPage
from pacsd_store_s3.catalogue import Catalogue
from pacsd_store_s3.entries import UNKNOWN_FLOOR
from pacsd_store_s3.keys import Names

PAGE_OBJECTS = 1000


class Listing:
    """Lists from memory what memory has, and asks the far store for the rest."""

    def __init__(self, store: str, far: Far, names: Names, catalogue: Catalogue) -> None:
        self._store = store
        self._far = far
        self._names = names
        self._catalogue = catalogue

    async def page(self, cursor: str | None) -> ObjectPage:
        """A page of the objects after a key.

        Raises:
            StoreError: the far store is needed, and fails.
        """
        after = cursor or ""
        if self._is_known_after(after):
            known = self._catalogue.keys_after(after, PAGE_OBJECTS)
            return self._page({key: self._catalogue.size_bytes(key) for key in known}, None)
        return await self._with_far(after)

    def _is_known_after(self, key: str) -> bool:
        floor = self._catalogue.floor
        return floor != UNKNOWN_FLOOR and key >= floor

    async def _with_far(self, after: str) -> ObjectPage:
        deleted = set(self._catalogue.deleted)
        try:
            name = self._names.object(after) if after else ""
            page = await self._far.names(self._names.objects, name)
        except FarError as error:
            raise error.as_store_error("list") from error
        deleted |= self._catalogue.deleted.keys()
        keys = ((self._names.key(found.name), found.size_bytes) for found in page)
        sizes = {key: size for key, size in keys if key is not None and key not in deleted}
        last = self._names.key(page[-1].name) if len(page) == LIST_NAMES else None
        for key in self._catalogue.keys_after(after, PAGE_OBJECTS):
            if last is None or key <= last:
                sizes[key] = self._catalogue.size_bytes(key)
        return self._page(sizes, last)

    def _page(self, sizes: dict[str, int], last: str | None) -> ObjectPage:
        """The first of these; there are more if they are many, or behind `last`."""
        keys = sorted(sizes)[:PAGE_OBJECTS]
        locations = tuple(Location(self._store, key, sizes[key]) for key in keys)
        if len(keys) == PAGE_OBJECTS:
            return ObjectPage(locations, keys[-1])
        return ObjectPage(locations, last)
