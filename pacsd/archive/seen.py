"""Which files a decision came after: the highest key that the index had of each store.

Files with a higher key came later; whoever tells the story again must not begin with them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from pacsd.api.store import BlobStore
from pacsd.archive.stores import StoresTogether, name_in_log
from pacsd.index.records import NewInstance


@dataclass(frozen=True, slots=True)
class Seen:
    """The highest key in the first store, and in each other one by its name."""

    key: str
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def of(self, store: str) -> str:
        """The key in a store, as the state log names that; '' if none was seen."""
        return self.elsewhere.get(store, "") if store else self.key

    def up_to(self, store: str, key: str) -> "Seen":
        """The same, but this key in that store."""
        if not store:
            return replace(self, key=key)
        return replace(self, elsewhere={**self.elsewhere, store: key})


class SeenKeys:
    """What is seen of a store, or several; `highest` gives the highest key by store, partition."""

    def __init__(
        self, store: BlobStore, store_name: str, highest: Callable[[str, int], Awaitable[str]]
    ) -> None:
        self._store = store
        self._highest = highest
        names = [*store.parts] if isinstance(store, StoresTogether) else [store_name]
        self._first, *self._others = names

    async def now(self, partition: int) -> Seen:
        """As it is now."""
        key = await self._highest(self._first, partition)
        others = {name: await self._highest(name, partition) for name in self._others}
        return Seen(key, {name: key for name, key in others.items() if key})

    async def behind(self, new: NewInstance) -> Seen:
        """As it is right behind the file of this instance."""
        if not self._others:
            return Seen(new.copy.key)
        seen = await self.now(new.reception.partition)
        return seen.up_to(name_in_log(self._store, new.copy.store), new.copy.key)
