"""A tag that was chosen later, filled in for what came before: page by page, while others work.

Headers come from the header database; where it lacks one, from the file.
"""

from collections.abc import Mapping, Sequence

from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore
from pacsd.archive.extra_tags import ExtraTags
from pacsd.archive.identity import Unacceptable
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.errors import DicomError
from pacsd.index.index import Index
from pacsd.index.records import ExtraTag, ExtraTagState, Scope, StoredInstance

PAGE = 200
"""Instances of a page; between pages others have their turn."""


class Reindex:
    """Fills one tag of a scope."""

    def __init__(self, store: BlobStore, index: Index, scope: Scope, tag: ExtraTag) -> None:
        self._store = store
        self._index = index
        self._scope = scope
        self._reader = ExtraTags((tag,))
        self.tag = tag

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be done, or the tag was dropped."""
        return self.tag.state is ExtraTagState.COMPLETE

    async def next_page(self) -> int:
        """Fill a page; how many instances it had, 0 at the end.

        Raises:
            IndexFault: nothing of the page is kept; it may be tried again.
        """
        page = await self._index.instances.page(self._scope, self.tag.reindexed_to, PAGE)
        mine = [each for each in page if each.id < self.tag.reindexed_before]
        values = await self._values(mine)
        last = mine[-1].id if len(mine) == PAGE else self.tag.reindexed_before
        filled = await self._index.extra_tags.fill(self._scope, self.tag.id, values, last)
        if filled is not None:
            self.tag = filled
        return len(mine) if filled is not None and not self.is_complete else 0

    async def _values(self, page: Sequence[StoredInstance]) -> dict[int, str]:
        headers = await self._index.headers([each.id for each in page])
        values: dict[int, str] = {}
        for each in page:
            values.update(await self._value(each, headers))
        return values

    async def _value(
        self, instance: StoredInstance, headers: Mapping[int, bytes]
    ) -> dict[int, str]:
        """The instance's value by its number; nothing without one, or if nobody can read it."""
        for copy in instance.copies:
            try:
                stored = headers.get(instance.id)
                if stored is None:
                    stored = (await read_stored(self._store, copy.location)).header
                text = self._reader.values(stored).get(self.tag.id)
            except (DicomError, StoreError, Unacceptable):
                continue
            return {instance.id: text} if text else {}
        return {}
