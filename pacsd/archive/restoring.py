"""Deleted instances that come again: the state log has it before the index, and before the sender.

Was it the other way round, a crash or a full disk in between would leave an instance that is there
until the index is made anew, and its sender told of success.
"""

from collections.abc import Sequence

from pacsd.archive.curation import Curation
from pacsd.archive.register import Register, RegisterInFront
from pacsd.index.records import NewInstance, Verdict


class RestoringRegister(RegisterInFront):
    """The index as ingest needs it. Costs nothing where no sender may restore."""

    def __init__(self, register: Register, curation: Curation) -> None:
        super().__init__(register)
        self._curation = curation

    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        """Index a group in one transaction.

        Raises:
            StoreError: what is restored cannot be logged; none of the group is indexed.
            IndexFault: as there.
        """
        if not any(new.restores_deleted for new in group):
            return await self._register.add(group)
        async with self._curation.restoring(group) as permitted:
            return await self._register.add(permitted)
