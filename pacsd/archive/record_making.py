"""What a record of the state log is made of: when, by whom, and what was seen then."""

from collections.abc import Callable
from functools import partial

from pacsd.api.store import BlobStore
from pacsd.archive.seen import Seen, SeenKeys
from pacsd.archive.state_records import Action, StateRecord
from pacsd.archive.stores import name_in_log
from pacsd.index.index import Index
from pacsd.index.records import NewInstance


class RecordMaking:
    """Makes records about the instances of a store, or several together, and its index."""

    def __init__(
        self, store: BlobStore, store_name: str, index: Index, now_us: Callable[[], int]
    ) -> None:
        self.in_log = partial(name_in_log, store)
        self._index = index
        self._now_us = now_us
        self._seen_keys = SeenKeys(store, store_name, self._highest_key)

    async def seen(self, partition: int) -> Seen:
        """The highest keys that the index has now."""
        return await self._seen_keys.now(partition)

    async def behind(self, new: NewInstance) -> Seen:
        """What is seen right behind the file of an instance."""
        return await self._seen_keys.behind(new)

    def record(
        self, action: Action, partition: int, actor: str, uid: str, sha256: bytes, seen: Seen
    ) -> StateRecord:
        """What is decided now about a data set; of none with '' and no digest."""
        return StateRecord(
            self._now_us(),
            actor,
            action,
            partition,
            uid,
            sha256,
            seen_key=seen.key,
            seen_elsewhere=seen.elsewhere,
        )

    async def _highest_key(self, store: str, partition: int) -> str:
        keys = await self._index.highest_keys(store, 1, partition)
        return keys[0] if keys else ""
