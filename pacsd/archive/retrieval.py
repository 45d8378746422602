"""Retrieval: what a query names, as data sets just as they were stored (PS3.4 section C.4.2)."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore, ByteRange
from pacsd.archive.finding import IndexUnavailable, QueryLimits, TooCostly, TooManyMatches
from pacsd.dicom.query import Query
from pacsd.index.errors import IndexFault, QueryTooCostly
from pacsd.index.index import Index
from pacsd.index.records import Copy, CopyState, InstanceState, Scope, StoredInstance
from pacsd.index.searching import Search

PAGE = 200
"""Instances that are looked up at once."""

_ALL = Scope()


class Unreadable(OSError):
    """No copy of an instance can be read; the text says why, without values from a peer."""


@dataclass(frozen=True, slots=True)
class Retrievable:
    """An instance that may be read, from one of its copies, the best one first."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    copies: tuple[Copy, ...]

    @property
    def transfer_syntax_uid(self) -> str:
        """That of its first copy."""
        return self.copies[0].transfer_syntax_uid

    @property
    def data_set_bytes(self) -> int:
        """The length of its data set."""
        return self.copies[0].data_set_bytes


class Retriever:
    """Retrieves from one index and the store beside it."""

    def __init__(self, store: BlobStore, index: Index, limits: QueryLimits) -> None:
        self._store = store
        self._index = index
        self._limits = limits

    async def select(self, query: Query, scope: Scope = _ALL) -> Sequence[int]:
        """The numbers of the instances that a query names, in the order of arrival.

        Raises:
            FindError: they cannot be told, or are more than one query may name.
        """
        limit = self._limits.max_results
        search = Search(scope, query.level, query.conditions, limit + 1, self._limits.budget_s)
        try:
            found = await self._index.queries.search(search, ())
        except QueryTooCostly as error:
            raise TooCostly(str(error)) from error
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault
        if len(found.ids) > limit:
            raise TooManyMatches(f"more than {limit} instances (query.max_results)")
        return found.ids

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
            except IndexFault as fault:
                raise IndexUnavailable(str(fault.kind)) from fault
            yield [_retrievable(each) for each in page if _may_leave(each)]

    async def read(self, instance: Retrievable) -> AsyncGenerator[bytes, None]:
        """The data set, byte for byte as it was stored, in bounded pieces.

        A copy of which nothing can be read gives way to the next one.

        Raises:
            Unreadable: there is none, or one broke off within.
        """
        why = "no copy"
        for copy in instance.copies:
            offset = copy.location.size_bytes - copy.data_set_bytes
            whole = ByteRange(offset, copy.data_set_bytes)
            is_begun = False
            try:
                async for piece in self._store.read(copy.location, [whole]):
                    is_begun = True
                    yield piece
            except StoreError as error:
                why = str(error.fault)
                if is_begun:
                    break
            else:
                return
        raise Unreadable(why)


def _may_leave(instance: StoredInstance) -> bool:
    return instance.state is InstanceState.LIVE and bool(instance.copies)


def _retrievable(instance: StoredInstance) -> Retrievable:
    best_first = sorted(instance.copies, key=lambda copy: copy.state is not CopyState.OK)
    return Retrievable(
        instance.sop_class_uid,
        instance.sop_instance_uid,
        instance.study_instance_uid,
        tuple(best_first),
    )
