"""Whose place a file takes: the new file of a repaired copy counts from when the first one came.

Keys rise in the order in which files came, and who was first under a UID, or in a study, hangs on
it. A repair gives a data set a new file and a new key, perhaps in another store; the state log says
whose place it takes.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import NamedTuple

from pacsd.api.store import BlobStore, Location
from pacsd.archive.state_records import Action, StateRecord
from pacsd.archive.stores import StoresTogether, name_in_log


class Place(NamedTuple):
    """A key in a store, which is named as in the state log: '' is the first."""

    store: str
    key: str


class Places:
    """The places of files, by the repairs of a state log."""

    def __init__(self, records: Iterable[StateRecord]) -> None:
        self._place_of: dict[Place, Place] = {}
        self._last_in: dict[Place, Place] = {}
        for record in records:
            if record.action is Action.REPAIR:
                place = self.place_of(record.instead_of, record.instead_of_store)
                file = Place(record.store, record.key)
                self._place_of[file] = place
                self._last_in[place] = file

    def place_of(self, key: str, store: str = "") -> Place:
        """The place in which the file of this key stands, or stood; most often its own."""
        file = Place(store, key)
        return self._place_of.get(file, file)

    async def in_order(
        self, store: BlobStore, locations: AsyncIterator[Location], of: str = ""
    ) -> AsyncGenerator[Location, None]:
        """Locations that come by rising key, by rising place in the one store `of`.

        What a repair replaced, should it still be there, is left out while the new file is.

        Raises:
            StoreError: the store fails.
        """
        moved = sorted(
            (place.key, file) for place, file in self._last_in.items() if place.store == of
        )
        taken: set[Place] = set()
        async for location in locations:
            while moved and moved[0][0] <= location.key:
                key, file = moved.pop(0)
                found = await _found(store, _name_of(store, file, location), file)
                if found is not None:
                    taken.add(Place(of, key))
                    yield found
            place = self.place_of(location.key, of)
            is_told = place in taken
            if place.store != of:
                is_told = await self._has_last(store, place)
            if not is_told:
                yield location
        if isinstance(store, StoresTogether):
            # What repaired the last ones may lie in another store.
            for _, file in moved:
                found = await _found(store, file.store or store.first, file)
                if found is not None:
                    yield found

    async def _has_last(self, store: BlobStore, place: Place) -> bool:
        """Whether what stands in a place of another store is there, and told of with that."""
        last = self._last_in[place]
        name = last.store or (store.first if isinstance(store, StoresTogether) else "")
        return await _found(store, name, last) is not None


def seen_before(store: BlobStore, places: Places, location: Location, record: StateRecord) -> bool:
    """Whether a file was there when something was decided."""
    place = places.place_of(location.key, name_in_log(store, location.store))
    return place.key <= record.seen.of(place.store)


def _name_of(store: BlobStore, file: Place, beside: Location) -> str:
    """The name of the store of a file, of which another lies in the store that is gone through."""
    if not isinstance(store, StoresTogether):
        return beside.store
    return file.store or store.first


async def _found(store: BlobStore, name: str, file: Place) -> Location | None:
    stat = await store.stat(Location(name, file.key, 0))
    return None if stat is None else Location(name, file.key, stat.size_bytes)
