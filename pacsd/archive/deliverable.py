"""What is to be sent to a target: the instances of a study or series, as pages of facts."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import MAX_INSTANCES
from pacsd.archive.event_subjects import uid_conditions
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Retriever
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query, Values
from pacsd.dicom.vr import VR

_SOP_INSTANCE_UID = 0x00080018
_TOGETHER = 200
"""Instances that are looked up at once."""


class Deliverables:
    """Finds them by a retriever, whose limits hold."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    async def pages(
        self, study_instance_uid: str, series_instance_uid: str = "", sop_instance_uid: str = ""
    ) -> AsyncGenerator[tuple[InstanceFacts, ...], None]:
        """Those that may leave, in the order of arrival, at most `MAX_INSTANCES` at a time.

        Raises:
            FindError: they cannot be told now, or are more than the limits allow.
        """
        named = uid_conditions(study_instance_uid, series_instance_uid, sop_instance_uid)
        numbers = await self._retriever.select(Query(Level.INSTANCE, named))
        page: list[InstanceFacts] = []
        async with aclosing(self._retriever.instances(numbers)) as found:
            async for some in found:
                page += map(facts_of, some)
                while len(page) >= MAX_INSTANCES:
                    yield tuple(page[:MAX_INSTANCES])
                    del page[:MAX_INSTANCES]
        if page:
            yield tuple(page)

    async def named(self, uids: Sequence[str]) -> tuple[InstanceFacts, ...]:
        """Those of these SOP Instance UIDs that may leave.

        Raises:
            FindError: they cannot be told now.
        """
        numbers: list[int] = []
        for at in range(0, len(uids), _TOGETHER):
            some = tuple(uids[at : at + _TOGETHER])
            query = Query(Level.INSTANCE, (Values(_SOP_INSTANCE_UID, VR.UI, some),))
            numbers += await self._retriever.select(query)
        found: list[InstanceFacts] = []
        async with aclosing(self._retriever.instances(numbers)) as pages:
            async for some_of_them in pages:
                found += map(facts_of, some_of_them)
        return tuple(found)


def facts_of(instance: Retrievable) -> InstanceFacts:
    """An instance as plugins are told of it."""
    return InstanceFacts(
        instance.sop_instance_uid,
        instance.sop_class_uid,
        instance.series_instance_uid,
        instance.study_instance_uid,
        instance.transfer_syntax_uid,
        instance.copies[0].location.size_bytes,
    )
