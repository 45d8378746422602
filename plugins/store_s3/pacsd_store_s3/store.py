"""SpooledStore, the BlobStore: the spool at once, the far store behind."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from pacsd_s3_client.faults import FarError

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.side_by_side_reads import read_side_by_side
from pacsd.api.store import (
    BlobStore,
    ByteRange,
    Location,
    ObjectPage,
    ObjectStat,
    ReadsTogether,
    Staged,
    StageRequest,
    StoreStatus,
)
from pacsd_store_s3.catalogue import Place
from pacsd_store_s3.entries import Deleted
from pacsd_store_s3.keys import is_key, make_key
from pacsd_store_s3.parts import Parts
from pacsd_store_s3.ranges import shifted, wanted_ranges
from pacsd_store_s3.staging import SpooledStage

READS_AT_ONCE = 16


class SpooledStore:
    """Objects go to the spool and are uploaded; what is not here is fetched."""

    def __init__(self, name: str, parts: Parts, *, wait_for_far_s: float | None) -> None:
        self._name = name
        self._parts = parts
        self._spool: BlobStore = parts.spool
        self._catalogue = parts.catalogue
        self._wait_for_far_s = wait_for_far_s
        self._left_in_spool: dict[str, Location] = {}
        self.state_log = parts.state_log

    async def stage(self, request: StageRequest, /) -> SpooledStage:
        """Open a new object in the spool, if more may wait."""
        room = self._parts.room
        room.enter()
        try:
            return SpooledStage(await self._spool.stage(request), room)
        except BaseException:
            room.leave(0)
            raise

    async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
        """Make a group durable in the spool, and in the far store if that is waited for."""
        stages = [staged for staged in group if isinstance(staged, SpooledStage)]
        if len(stages) != len(group):
            raise TypeError("commit: a staged object of another store")
        committed = await self._spool.commit([staged.inner for staged in stages])
        for staged in stages:
            staged.leave()
        results = [self._take_in(each) for each in committed]
        if self._wait_for_far_s is not None:
            return await self._wait_for_far(results, self._wait_for_far_s)
        for result in results:
            if isinstance(result, Location):
                self._parts.line.join(result.key)
        return results

    async def read(
        self, location: Location, ranges: Sequence[ByteRange] | None = None, /
    ) -> AsyncGenerator[bytes, None]:
        """Yield bytes from the spool, or verified ones from the far store."""
        key = location.key
        self._check_there(key)
        place = self._catalogue.here(key)
        if place is not None:
            is_begun = False
            try:
                async with aclosing(self._read_place(place, ranges)) as pieces:
                    async for piece in pieces:
                        is_begun = True
                        yield piece
            except StoreError as error:
                if is_begun or not self._may_be_far(key, place, error):
                    raise
            else:
                return
        async with aclosing(self._parts.fetching.read(key, location.size_bytes, ranges)) as fetched:
            async for piece in fetched:
                yield piece

    async def read_together(
        self, wanted: Sequence[tuple[Location, ByteRange]], /
    ) -> Sequence[bytes | StoreError]:
        """All at once when all are here; else some side by side."""
        if isinstance(self._spool, ReadsTogether):
            here = [self._in_spool(location, part) for location, part in wanted]
            known = [each for each in here if each is not None]
            if len(known) == len(here):
                answers = await self._spool.read_together(known)
                if not any(isinstance(answer, StoreError) for answer in answers):
                    return answers
        return await read_side_by_side(self, wanted, at_once=READS_AT_ONCE)

    async def stat(self, location: Location, /) -> ObjectStat | None:
        """What is known about an object: here, by the ledger, or by the far store."""
        key = location.key
        if not is_key(key) or self._catalogue.is_deleted(key):
            return None
        uploaded = self._catalogue.uploaded(key)
        if uploaded is not None:
            return ObjectStat(uploaded.size_bytes, uploaded.modified_at_us)
        place = self._catalogue.waiting(key)
        if place is not None:
            return await self._spool.stat(place.location)
        found = await self._parts.fetching.facts(key)
        return None if found is None else ObjectStat(found.size_bytes, found.modified_at_us)

    async def delete(self, location: Location, /) -> None:
        """Remove an object durably from here; the far store's goes behind."""
        key = location.key
        if not is_key(key):
            return
        place = self._catalogue.here(key)
        if not self._catalogue.is_deleted(key):
            await self._parts.ledger.write(Deleted(key))
            self._parts.line.leave(key)
            self._parts.fetching.forget(key)
            if place is not None:
                self._left_in_spool[key] = place.location
        if key in self._left_in_spool:
            await self._spool.delete(self._left_in_spool[key])
            del self._left_in_spool[key]
        self._parts.removing.remove(key)

    async def list(self, cursor: str | None = None, /) -> ObjectPage:
        """A page of the objects after the key `cursor`."""
        return await self._parts.listing.page(cursor)

    async def status(self) -> StoreStatus:
        """The spool's status within what may wait, and how the far store does."""
        spool, room = await self._spool.status(), self._parts.room
        explanations = [spool.explanation, *self._parts.complaints()]
        return StoreStatus(
            free_bytes=_least(spool.free_bytes, room.free_bytes),
            free_inodes=_least(spool.free_inodes, room.free_objects),
            is_read_only=spool.is_read_only,
            explanation="; ".join(filter(None, explanations)),
        )

    def _take_in(self, result: Location | StoreError) -> Location | StoreError:
        """The answer for an object that the spool has committed, or not."""
        if isinstance(result, StoreError):
            return result
        key = make_key(self._parts.generation, result.key)
        self._catalogue.add_waiting(key, result)
        return Location(self._name, key, result.size_bytes)

    async def _wait_for_far(
        self, results: Sequence[Location | StoreError], timeout_s: float
    ) -> Sequence[Location | StoreError]:
        keys = [result.key for result in results if isinstance(result, Location)]
        failures = await self._parts.uploading.wait_for(keys, timeout_s)
        answers: list[Location | StoreError] = []
        for result in results:
            if isinstance(result, Location) and result.key in failures:
                answers.append(await self._withdrawn(result, failures[result.key]))
            else:
                answers.append(result)
        return answers

    async def _withdrawn(self, location: Location, why: FarError) -> Location | StoreError:
        """Take back what the far store has not taken in time."""
        if self._catalogue.uploaded(location.key) is not None:
            return location
        try:
            await self.delete(location)
        except StoreError as error:
            # It stays, as after a crash: stored, though nobody was told.
            self._parts.logger.warning("a refused object stays", key=location.key, why=str(error))
        return why.as_store_error("commit")

    def _check_there(self, key: str) -> None:
        if not is_key(key):
            raise StoreError(StoreFault.NOT_FOUND, "not a key of this store")
        if self._catalogue.is_deleted(key):
            raise StoreError(StoreFault.NOT_FOUND, "no such object")

    def _read_place(
        self, place: Place, ranges: Sequence[ByteRange] | None
    ) -> AsyncGenerator[bytes, None]:
        if not place.skip_bytes:
            return self._spool.read(place.location, ranges)
        size_bytes = place.location.size_bytes - place.skip_bytes
        wanted = shifted(wanted_ranges(ranges, size_bytes), place.skip_bytes)
        return self._spool.read(place.location, wanted)

    def _may_be_far(self, key: str, place: Place, error: StoreError) -> bool:
        """Whether an object that cannot be read here can be fetched: it left the cache, or is bad.

        A bad one leaves the cache, too.
        """
        if self._catalogue.is_waiting(key) or self._catalogue.is_deleted(key):
            return False
        if error.fault is StoreFault.INPUT_OUTPUT:
            self._parts.logger.error("a cached object is damaged", key=key, why=str(error))
            self._parts.evicting.drop(key, place)
        return error.fault in {StoreFault.INPUT_OUTPUT, StoreFault.NOT_FOUND}

    def _in_spool(self, location: Location, part: ByteRange) -> tuple[Location, ByteRange] | None:
        place = self._catalogue.here(location.key)
        if place is None:
            return None
        if place.skip_bytes:
            # A range that is not inside the object must not reach what comes before it.
            if part.offset_bytes < 0:
                return None
            part = ByteRange(part.offset_bytes + place.skip_bytes, part.length_bytes)
        return place.location, part


def _least(one: int | None, other: int) -> int:
    return other if one is None else min(one, other)
