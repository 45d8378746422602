"""What the state log has to know of a group on its way into the index.

Deleted instances that come again it has before the index, and before the sender: was it the other
way round, a crash or a full disk in between would leave an instance that is there until the index
is made anew, and its sender told of success. So it is with what plugins decided about an instance:
coerced, set aside. Repaired copies it has after the index, and before the
bad file goes: without it the index made anew would tell another story, but lose nothing.
"""

from collections.abc import Callable, Sequence

from pacsd.api.errors import StoreError
from pacsd.archive.curation import Curation
from pacsd.archive.register import Register, RegisterInFront
from pacsd.archive.state_records import StateRecordError
from pacsd.index.errors import IndexFault
from pacsd.index.records import NewInstance, Verdict


class RestoringRegister(RegisterInFront):
    """The index as ingest needs it. Costs nothing where no sender may restore, no plugin decides.

    `not_logged` is told of a repair that the log does not have.
    """

    def __init__(
        self,
        register: Register,
        curation: Curation,
        not_logged: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        super().__init__(register)
        self._curation = curation
        self._not_logged = not_logged

    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        """Index a group in one transaction.

        Raises:
            StoreError: what is decided cannot be logged; none of the group is indexed.
            IndexFault: as there.
        """
        verdicts = await self._add(group)
        try:
            await self._curation.note_repairs(group, verdicts)
        except (StoreError, StateRecordError, IndexFault) as error:
            self._not_logged(error)
        return verdicts

    async def _add(self, group: Sequence[NewInstance]) -> Sequence[Verdict]:
        if not any(new.restores_deleted or new.coercions or new.aside for new in group):
            async with self._curation.indexing:
                return await self._register.add(group)
        async with self._curation.entering(group) as permitted:
            return await self._register.add(permitted)
