"""Dates and times of an entity as of another zone: Timezone query adjustment.

PS3.4 section C.4.1.1.3: an entity that says how far from UTC it is, is told as of the zone that
was asked for. All that is told is of one zone, so that one value which cannot be moved leaves the
entity as it is.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from pacsd.dicom.answer import Field
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.identifier import TIME_OF_DATE
from pacsd.dicom.moments import (
    TIMEZONE_OFFSET_FROM_UTC,
    offset_minutes,
    shifted,
    utc_offset,
    with_offset,
)
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

Told: TypeAlias = Mapping[Tag, str | Field]

_DATE_OF_TIME = {time: date for date, time in TIME_OF_DATE.items()}
# A birthday is the day it was called there and then (PS3.3 table C.7-1).
_OF_NO_ZONE = frozenset({0x00100030, 0x00100032})
_LOCAL = frozenset({VR.DA, VR.TM})


class _UnmovableError(Exception):
    """A date or time that is none, or stands alone; goes no further than this module."""


def with_companions(tags: Iterable[Tag]) -> list[Tag]:
    """These attributes, and of each date its time and of each time its date: they move together."""
    found: dict[Tag, None] = {}
    for tag in tags:
        companion = TIME_OF_DATE.get(tag) or _DATE_OF_TIME.get(tag) or tag
        found |= {tag: None, companion: None}
    return list(found)


def moved(told: Told, wanted_minutes: int) -> Told:
    """What is told of an entity, as of a zone so many minutes from UTC if that can be done."""
    _, zone = _parts(told, TIMEZONE_OFFSET_FROM_UTC)
    own_minutes = offset_minutes(str(zone))
    if own_minutes is None:
        return told
    try:
        found = _moved(told, own_minutes, wanted_minutes - own_minutes)
    except _UnmovableError:
        return told
    return found | {TIMEZONE_OFFSET_FROM_UTC: utc_offset(wanted_minutes)}


def _moved(told: Told, own_minutes: int, later_minutes: int) -> dict[Tag, str | Field]:
    found = dict(told)
    for tag in told:
        vr, content = _parts(told, tag)
        if isinstance(content, tuple):
            items = tuple(_moved_item(each, own_minutes, later_minutes) for each in content)
            found[tag] = Field(vr, items)
        elif vr == VR.DT and content:
            values = (with_offset(each, own_minutes) for each in str(content).split("\\"))
            found[tag] = Field(vr, "\\".join(values))
        elif vr in _LOCAL and content and tag not in _OF_NO_ZONE:
            found[tag] = _moment(told, _DATE_OF_TIME.get(tag, tag), later_minutes)[tag]
    return found


def _moved_item(
    item: Mapping[Tag, Field], own_minutes: int, later_minutes: int
) -> dict[Tag, Field]:
    found = _moved(item, own_minutes, later_minutes)
    return {
        tag: value if isinstance(value, Field) else Field(item[tag].vr, value)
        for tag, value in found.items()
    }


def _moment(told: Told, date_tag: Tag, later_minutes: int) -> dict[Tag, str]:
    time_tag = TIME_OF_DATE.get(date_tag)
    if time_tag is None:
        raise _UnmovableError
    (_, date), (_, time) = _parts(told, date_tag), _parts(told, time_tag)
    found = shifted(str(date), str(time), later_minutes) if date and time else None
    if found is None:
        raise _UnmovableError
    return dict(zip((date_tag, time_tag), found, strict=True))


def _parts(told: Told, tag: Tag) -> Field:
    value = told.get(tag, "")
    return value if isinstance(value, Field) else Field(vr_of(tag) or VR.UN, value)
