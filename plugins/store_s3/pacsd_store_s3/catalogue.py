"""What there is and where it lies, in memory: waiting, cached, deleted; bounded by what lies here.

Of objects that only the far store has, the highest keys are remembered: whoever asks for what came
last, as a start does, needs no far store.
"""

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from pacsd.api.store import Location
from pacsd_store_s3.entries import (
    UNKNOWN_FLOOR,
    Copied,
    Deleted,
    Entry,
    Floor,
    Removed,
    Uploaded,
)

RECENT_OBJECTS = 32_768
"""So many uploaded objects are remembered that are not here any more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the spool the bytes of an object are; `skip_bytes` of something else come first."""

    location: Location
    skip_bytes: int = 0


class Catalogue:
    """Knows each object that is here, or was lately. On the event loop only."""

    def __init__(self, recent_objects: int = RECENT_OBJECTS) -> None:
        self._recent_objects = recent_objects
        self._keys: list[str] = []
        """Of what is waiting or known to be uploaded, rising."""
        self._uploaded: dict[str, Uploaded] = {}
        self._waiting: dict[str, Place] = {}
        self._cached: OrderedDict[str, Place] = OrderedDict()
        self._deleted: dict[str, None] = {}
        self.floor = UNKNOWN_FLOOR
        self.waiting_bytes = 0
        self.cached_bytes = 0

    # What is asked.

    @property
    def waiting_objects(self) -> int:
        """How many the far store has not taken yet."""
        return len(self._waiting)

    @property
    def cached_objects(self) -> int:
        """How many are here that the far store has, too."""
        return len(self._cached)

    @property
    def deleted(self) -> dict[str, None]:
        """What the far store is still to remove, in its order."""
        return self._deleted

    def is_deleted(self, key: str) -> bool:
        """Whether it is gone, for all who ask."""
        return key in self._deleted

    def is_waiting(self, key: str) -> bool:
        """Whether the far store is still to take it."""
        return key in self._waiting

    def uploaded(self, key: str) -> Uploaded | None:
        """What is known of an object that the far store has; None may mean that it is forgotten."""
        return self._uploaded.get(key)

    def waiting(self, key: str) -> Place | None:
        """Where an object is that waits."""
        return self._waiting.get(key)

    def here(self, key: str) -> Place | None:
        """Where an object is in the spool; it counts as used."""
        place = self._waiting.get(key)
        if place is None:
            place = self._cached.get(key)
            if place is not None:
                self._cached.move_to_end(key)
        return place

    def keys_after(self, key: str, most: int) -> list[str]:
        """Known keys after one, rising."""
        start = bisect_right(self._keys, key)
        return self._keys[start : start + most]

    def size_bytes(self, key: str) -> int:
        """The size of an object whose key is known."""
        uploaded = self._uploaded.get(key)
        if uploaded is not None:
            return uploaded.size_bytes
        place = self._waiting[key]
        return place.location.size_bytes - place.skip_bytes

    # What happens.

    def add_waiting(self, key: str, location: Location) -> None:
        """An object was committed to the spool."""
        self._waiting[key] = Place(location)
        self.waiting_bytes += location.size_bytes
        self._add_key(key)

    def apply(self, entry: Entry) -> None:
        """What the ledger says; a `Copied` alone changes nothing, it needs `add_cached`."""
        match entry:
            case Uploaded(key) if key not in self._deleted:
                self._uploaded[key] = entry
                self._add_key(key)
                place = self._stop_waiting(key)
                if place is not None:
                    self.add_cached(key, place)
            case Deleted(key):
                self._stop_waiting(key)
                self.drop_cached(key)
                self._uploaded.pop(key, None)
                self._drop_key(key)
                self._deleted[key] = None
            case Removed(key):
                self._deleted.pop(key, None)
            case Floor(key):
                self.floor = key
            case _:
                pass

    def add_cached(self, key: str, place: Place) -> None:
        """Bytes of an uploaded object are here."""
        self.drop_cached(key)
        self._cached[key] = place
        self.cached_bytes += place.location.size_bytes

    def drop_cached(self, key: str) -> Place | None:
        """They are not; where they were."""
        place = self._cached.pop(key, None)
        if place is not None:
            self.cached_bytes -= place.location.size_bytes
        return place

    def least_used(self) -> Iterator[str]:
        """The cached objects, those that were not used for longest first."""
        return iter(self._cached)

    def size_here(self, key: str) -> int:
        """What a cached object takes here."""
        return self._cached[key].location.size_bytes

    def forget_old(self) -> None:
        """Forget uploaded objects that are not here, but for the highest keys."""
        away = [key for key in self._keys if self._is_away(key)]
        forgotten = away[: max(0, len(away) - self._recent_objects)]
        if not forgotten:
            return
        for key in forgotten:
            del self._uploaded[key]
        gone = set(forgotten)
        self._keys = [key for key in self._keys if key not in gone]
        self.floor = max(self.floor, forgotten[-1])

    def entries(self) -> Iterator[Entry]:
        """All that a ledger has to say, as short as can be."""
        yield Floor(self.floor)
        yield from self._uploaded.values()
        for key, place in self._cached.items():
            if place.skip_bytes:
                size_bytes = place.location.size_bytes
                yield Copied(key, place.location.key, size_bytes)
        yield from map(Deleted, self._deleted)

    def _is_away(self, key: str) -> bool:
        return key not in self._waiting and key not in self._cached

    def _stop_waiting(self, key: str) -> Place | None:
        place = self._waiting.pop(key, None)
        if place is not None:
            self.waiting_bytes -= place.location.size_bytes
        return place

    def _add_key(self, key: str) -> None:
        at = bisect_left(self._keys, key)
        if at == len(self._keys):
            self._keys.append(key)
        elif self._keys[at] != key:
            insort(self._keys, key)

    def _drop_key(self, key: str) -> None:
        at = bisect_left(self._keys, key)
        if at < len(self._keys) and self._keys[at] == key:
            del self._keys[at]
