"""Whose place a file takes: the new file of a repaired copy counts from when the first one came.

Keys rise in the order in which files came, and who was first under a UID, or in a study, hangs on
it. A repair gives a data set a new file and a new key; the state log says whose place it takes.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import replace

from pacsd.api.store import BlobStore, Location
from pacsd.archive.state_records import Action, StateRecord


class Places:
    """The places of files, by the repairs of a state log."""

    def __init__(self, records: Iterable[StateRecord]) -> None:
        self._place_of: dict[str, str] = {}
        self._last_in: dict[str, str] = {}
        for record in records:
            if record.action is Action.REPAIR:
                place = self.place_of(record.instead_of)
                self._place_of[record.key] = place
                self._last_in[place] = record.key

    def place_of(self, key: str) -> str:
        """The key in whose place the file of this one stands, or stood; most often its own."""
        return self._place_of.get(key, key)

    async def in_order(
        self, store: BlobStore, locations: AsyncIterator[Location]
    ) -> AsyncGenerator[Location, None]:
        """Locations that come by rising key, by rising place.

        What a repair replaced, should it still be there, is left out while the new file is.

        Raises:
            StoreError: the store fails.
        """
        moved = sorted(self._last_in.items())
        taken: set[str] = set()
        async for location in locations:
            while moved and moved[0][0] <= location.key:
                place, key = moved.pop(0)
                stat = await store.stat(replace(location, key=key))
                if stat is not None:
                    taken.add(place)
                    yield Location(location.store, key, stat.size_bytes)
            if self.place_of(location.key) not in taken:
                yield location
