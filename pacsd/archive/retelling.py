"""What happened told again, of files and the state log: which comes before which.

Within a store files come by their places. Between stores nothing says who was first but the
decisions: a file that was there when one was made comes before it, whatever store it is in. Where
that does not tell, an instance comes before another that began to arrive later.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from functools import partial
from typing import TypeAlias

from pacsd.api.store import BlobStore
from pacsd.archive.entrances import Entrances
from pacsd.archive.former import Formers
from pacsd.archive.places import Place, Places
from pacsd.archive.state_records import StateRecord, StateRecordError, decode_record
from pacsd.archive.stores import StoresTogether, name_in_log
from pacsd.index.records import NewInstance

MERGED_TOGETHER = 128
"""Instances handed on at once."""

Rank: TypeAlias = Callable[[NewInstance], tuple[int, int]]


class Decisions:
    """The records of the log that wait for their place, by partition, and the places of files.

    `entrances` are by the store, as the log names it.
    """

    def __init__(self, records: Sequence[StateRecord], store: BlobStore) -> None:
        self.length = len(records)
        self.places = Places(records)
        self._in_log = partial(name_in_log, store)
        self.formers = Formers(records, self.places, self._in_log)
        self.entrances = {
            name: Entrances(each for each in records if each.store == name)
            for name in {each.store for each in records}
        }
        self._records: defaultdict[int, list[StateRecord]] = defaultdict(list)
        self._seen: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
        self._told: defaultdict[int, int] = defaultdict(int)
        stores = {"", *(name for each in records for name in each.stores)}
        for record in records:
            self._records[record.partition].append(record)
            for name in stores:
                seen = self._seen[record.partition, name]
                seen.append(max(seen[-1] if seen else "", record.seen.of(name)))

    @classmethod
    async def of(cls, store: BlobStore) -> "Decisions":
        """Those of a store's log, or of several stores together.

        Raises:
            StateRecordError: the log holds what is not understood, or is about a store that is not
                there.
            StoreError: it cannot be read.
        """
        records = [decode_record(line) async for line in store.state_log.read()]
        known = {*store.parts} if isinstance(store, StoresTogether) else set[str]()
        missing = sorted({name for each in records for name in each.stores} - known)
        if missing:
            raise StateRecordError(
                f"state log: it is about files in store '{missing[0]}', which is not configured: "
                "name it in store.others"
            )
        return cls(records, store)

    def before(self, new: NewInstance) -> list[StateRecord]:
        """Those not told yet that were made before this file came, or the one it stands for."""
        partition = new.reception.partition
        told, count = self._told[partition], self._made_before(new)
        self._told[partition] = max(told, count)
        return self._records[partition][told:count]

    def rest(self) -> list[StateRecord]:
        """All others."""
        return [
            record
            for partition, records in self._records.items()
            for record in records[self._told[partition] :]
        ]

    def rank(self, new: NewInstance) -> tuple[int, int]:
        """Where a file comes among those of other stores that are next.

        What stands in the place of another comes at once: that one came long before.
        """
        place, file = self._place(new), Place(self._in_log(new.copy.store), new.copy.key)
        at_us = new.reception.received_at_us if place == file else 0
        return self._made_before(new), at_us

    def _place(self, new: NewInstance) -> Place:
        return self.places.place_of(new.copy.key, self._in_log(new.copy.store))

    def _made_before(self, new: NewInstance) -> int:
        """How many decisions about its partition had been made when a file came.

        They are told in the order of the log: one that had seen more lets none behind it pass.
        """
        place = self._place(new)
        seen = self._seen.get((new.reception.partition, place.store), [])
        return bisect_left(seen, place.key)


async def merged(
    streams: Sequence[AsyncIterator[list[NewInstance]]], rank: Rank
) -> AsyncGenerator[list[NewInstance], None]:
    """The instances of several stores as one stream; of each store in their order."""
    waiting = [deque[NewInstance]() for _ in streams]
    group: list[NewInstance] = []
    while True:
        for stream, heads in zip(streams, waiting, strict=True):
            while not heads:
                some = await anext(stream, None)
                if some is None:
                    break
                heads.extend(some)
        ready = [heads for heads in waiting if heads]
        if not ready:
            break
        first = min(ready, key=lambda heads: rank(heads[0]))
        group.append(first.popleft())
        if len(group) == MERGED_TOGETHER:
            yield group
            group = []
    yield group
