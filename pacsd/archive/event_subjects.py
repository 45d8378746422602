"""What plugins are told of an event: what it is about, how that came, what the index knows.

Numbers that are counted over a study are told of quiet series and studies only: for each instance
of a study they would be counted anew.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.routing import ROUTED
from pacsd.archive.finding import IndexUnavailable, TooCostly
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.level import Level
from pacsd.dicom.query import Condition, Values
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.vr import VR
from pacsd.index.attributes import TAGS
from pacsd.index.entities import is_indexed
from pacsd.index.errors import IndexFault, QueryTooCostly
from pacsd.index.index import Index
from pacsd.index.records import Scope
from pacsd.index.searching import Search

LEVELS: Mapping[EventKind, Level] = MappingProxyType(
    dict(zip(ROUTED, (Level.INSTANCE, Level.SERIES, Level.STUDY), strict=True))
)
"""The kinds of events that may be routed, and what they are about."""

_STUDY_INSTANCE_UID: Tag = 0x0020000D
_SERIES_INSTANCE_UID: Tag = 0x0020000E
_SOP_INSTANCE_UID: Tag = 0x00080018
_KEYS: tuple[Tag, ...] = (0x00080016, 0x00100020, 0x00100021)
"""SOP Class UID, Patient ID and its issuer; the other keys stand in the event."""

_COUNTED: Mapping[Level, tuple[Tag, ...]] = MappingProxyType(
    {
        Level.STUDY: (0x00080061, 0x00201206, 0x00201208),
        Level.SERIES: (0x00201209,),
        Level.INSTANCE: (),
    }
)
"""Modalities in Study, Number of Study and of Series Related ... (PS3.4 section C.3.4)."""

_BUDGET_S = 10.0
_ALL = Scope()


HeaderOf = Callable[[str], Awaitable[bytes]]
"""The attributes of an instance but bulk data as DICOM JSON, by its SOP Instance UID."""


class EventSubjects:
    """Looks up in one index what events are about."""

    def __init__(self, index: Index, header_of: HeaderOf) -> None:
        self._index = index
        self._header_of = header_of

    async def of_event(self, event: ArchiveEvent) -> EventSubject | None:
        """What an event is about; None if it is gone meanwhile, or nothing to be routed.

        Raises:
            FindError: the index cannot be read now.
        """
        level = LEVELS.get(event.kind)
        if level is None:
            return None
        search = Search(_ALL, level, _conditions(event), limit=1, budget_s=_BUDGET_S)
        try:
            found = await self._index.subjects.find(search, columns(level), _uids(event))
        except QueryTooCostly as error:
            raise TooCostly(str(error)) from error
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault
        if found is None:
            return None
        attributes = by_keyword(found.entity.values)
        return EventSubject(event, found.reception, attributes, found.size_bytes, found.labels)

    async def with_header(self, subject: EventSubject) -> EventSubject | None:
        """The same with the header of one of its instances; None if all are gone meanwhile.

        Raises:
            FindError: the index cannot be read now; and whatever reading the header raises.
        """
        study, series, uid = _uids(subject.event)
        if not uid:
            try:
                page = await self._index.of_study.page(_ALL, study, series, limit=1)
            except IndexFault as fault:
                raise IndexUnavailable(str(fault.kind)) from fault
            if not page:
                return None
            uid = page[0].sop_instance_uid
        return replace(subject, header=await self._header_of(uid))


def uid_conditions(study: str, series: str = "", instance: str = "") -> tuple[Condition, ...]:
    """The conditions for what has these UIDs, '' for any."""
    named = (
        (_STUDY_INSTANCE_UID, study),
        (_SERIES_INSTANCE_UID, series),
        (_SOP_INSTANCE_UID, instance),
    )
    return tuple(Values(tag, VR.UI, (uid,)) for tag, uid in named if uid)


def _conditions(event: ArchiveEvent) -> tuple[Condition, ...]:
    return uid_conditions(*_uids(event))


def _uids(event: ArchiveEvent) -> tuple[str, str, str]:
    return event.study_instance_uid, event.series_instance_uid, event.sop_instance_uid


def columns(level: Level) -> tuple[Tag, ...]:
    """The attributes that are told at a level."""
    known = (tag for tag in (*_KEYS, *sorted(TAGS)) if is_indexed(tag, level))
    return tuple(dict.fromkeys((*known, *_COUNTED[level])))


def by_keyword(values: Mapping[Tag, str]) -> Mapping[str, str]:
    """Those that have values, as plugins are told of them."""
    return {keyword_of(tag) or format_tag(tag): value for tag, value in values.items() if value}
