"""Retrieval: what a query names, as data sets (PS3.4 section C.4.2).

They leave just as they were stored, but for what was corrected.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, ByteRange
from pacsd.archive.corrected_reading import CorrectedReading
from pacsd.archive.finding import IndexUnavailable, QueryLimits, TooCostly, TooManyMatches
from pacsd.archive.reading_ahead import Opens, reading_ahead
from pacsd.archive.retrievable import Retrievable, may_leave, retrievable
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.errors import DicomError
from pacsd.dicom.identifier import UNIQUE_KEYS
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query, Values
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.index.errors import IndexFault, QueryTooCostly
from pacsd.index.index import Index
from pacsd.index.records import Copy, Scope
from pacsd.index.searching import Search

PAGE = 200
"""Instances that are looked up at once."""

_ALL = Scope()


class Unreadable(OSError):
    """No copy of an instance can be read; the text says why, without values from a peer."""


NotCorrected = Callable[[Retrievable, Sequence[Tag]], None]
"""Is told of an object that leaves without some of what was corrected of it."""


class Retriever:
    """Retrieves from one index and the store beside it.

    `not_corrected` is told where an object's character sets cannot hold a new value.
    """

    def __init__(
        self,
        store: BlobStore,
        index: Index,
        limits: QueryLimits,
        not_corrected: NotCorrected = lambda _instance, _tags: None,
    ) -> None:
        self._store = store
        self._index = index
        self._limits = limits
        self._not_corrected = not_corrected

    async def select(
        self, query: Query, scope: Scope = _ALL, *, sight: Sight = EVERYTHING
    ) -> Sequence[int]:
        """The numbers of the instances that a query names and `sight` sees, by arrival.

        Raises:
            FindError: they cannot be told, or are more than one query may name.
        """
        limit, query = self._limits.max_results, sight.over(query)
        search = Search(scope, query.level, query.conditions, limit + 1, self._limits.budget_s)
        try:
            numbers = await self._index.queries.numbers(search)
        except QueryTooCostly as error:
            raise TooCostly(str(error)) from error
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault
        if len(numbers) > limit:
            raise TooManyMatches(f"more than {limit} instances (query.max_results)")
        return numbers

    async def find(
        self, sop_instance_uid: str, scope: Scope = _ALL, *, sight: Sight = EVERYTHING
    ) -> Retrievable | None:
        """The instance of a UID, None if there is none that may leave, or it is not seen.

        Raises:
            FindError: the index cannot be read.
        """
        try:
            found = await self._index.instances.find(scope, sop_instance_uid)
            if found is None or not may_leave(found):
                return None
            overlays = await self._index.overlays.of_instances([found.id])
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault
        if not await self._is_seen(Level.INSTANCE, sop_instance_uid, scope, sight):
            return None
        return retrievable(found, overlays.get(found.id))

    async def locate(
        self, sop_instance_uid: str, scope: Scope = _ALL, *, sight: Sight = EVERYTHING
    ) -> Retrievable | None:
        """The same for who reads pixels alone, of which nothing is ever corrected: one look-up.

        Raises:
            FindError: the index cannot be read.
        """
        try:
            found = await self._index.instances.find(scope, sop_instance_uid)
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault
        if found is None or not may_leave(found):
            return None
        is_seen = await self._is_seen(Level.INSTANCE, sop_instance_uid, scope, sight)
        return retrievable(found, None) if is_seen else None

    async def version(
        self, study_instance_uid: str, scope: Scope = _ALL, *, sight: Sight = EVERYTHING
    ) -> str:
        """What is another text after every change to a study, '' if none such is seen.

        Raises:
            FindError: the index cannot be read.
        """
        if not await self._is_seen(Level.STUDY, study_instance_uid, scope, sight):
            return ""
        try:
            return await self._index.study_version(scope, study_instance_uid)
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault

    async def instances(
        self, numbers: Sequence[int], scope: Scope = _ALL
    ) -> AsyncGenerator[Sequence[Retrievable], None]:
        """These instances, a page at a time; what is gone meanwhile is left out.

        Raises:
            FindError: the index cannot be read.
        """
        for at in range(0, len(numbers), PAGE):
            try:
                page = await self._index.instances.numbered(scope, numbers[at : at + PAGE])
                overlays = await self._index.overlays.of_instances([each.id for each in page])
            except IndexFault as fault:
                raise IndexUnavailable(str(fault.kind)) from fault
            yield [retrievable(each, overlays.get(each.id)) for each in page if may_leave(each)]

    async def _is_seen(self, level: Level, uid: str, scope: Scope, sight: Sight) -> bool:
        if not sight.is_restricted:
            return True
        named = Query(level, (Values(UNIQUE_KEYS[level], VR.UI, (uid,)),))
        return bool(await self.select(named, scope, sight=sight))

    def data_sets(self, page: Sequence[Retrievable]) -> Sequence[Opens]:
        """How to read each of a page: as `read` does, but fastest in their order."""
        return reading_ahead(self._store, page, self.read)

    async def read(self, instance: Retrievable) -> AsyncGenerator[bytes, None]:
        """The data set, in bounded pieces.

        If nothing of it was corrected, byte for byte as it was stored. A copy of which nothing can
        be read gives way to the next one.

        Raises:
            Unreadable: there is none, or one broke off within, or cannot be corrected.
        """
        why = "no copy"
        for copy in instance.copies:
            is_begun = False
            try:
                async with aclosing(self._read(instance, copy)) as pieces:
                    async for piece in pieces:
                        is_begun = True
                        yield piece
            except (StoreError, DicomError) as error:
                why = str(error.fault) if isinstance(error, StoreError) else _why_not(error)
                if is_begun:
                    break
            else:
                return
        raise Unreadable(why)

    def _read(self, instance: Retrievable, copy: Copy) -> AsyncGenerator[bytes, None]:
        offset = copy.location.size_bytes - copy.data_set_bytes
        pieces = self._store.read(copy.location, [ByteRange(offset, copy.data_set_bytes)])
        return self._corrected(instance, copy, pieces) if instance.corrections else pieces

    async def _corrected(
        self, instance: Retrievable, copy: Copy, stored: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        reading = CorrectedReading(copy.transfer_syntax_uid, instance.corrections)
        async with aclosing(stored), aclosing(reading.pieces(stored)) as pieces:
            is_told = False
            async for piece in pieces:
                # Not at the end: whoever wants one attribute does not read that far.
                if reading.left and not is_told:
                    self._not_corrected(instance, reading.left)
                    is_told = True
                yield piece


def _why_not(error: DicomError) -> str:
    return f"it was corrected, but its data set cannot be read: {error}"
