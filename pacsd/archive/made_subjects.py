"""What a plugin would be told of an object that is not in the archive: made of its header."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.reception import DEFAULT_PARTITION, Reception
from pacsd.archive.event_subjects import LEVELS, by_keyword, columns
from pacsd.dicom.json_source import JsonSource
from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag

_STUDY_INSTANCE_UID: Tag = 0x0020000D
_SERIES_INSTANCE_UID: Tag = 0x0020000E
_SOP_INSTANCE_UID: Tag = 0x00080018


@dataclass(frozen=True, slots=True)
class Arrival:
    """How it would have come: from whom, when, how large, with what else.

    `counted` are the attributes that are counted over a study or series, by tag.
    """

    kind: EventKind
    calling_ae: str
    called_ae: str
    at_us: int
    size_bytes: int = 0
    labels: tuple[str, ...] = ()
    counted: Mapping[Tag, str] | None = None


def made_subject(header: Mapping[str, Any], arrival: Arrival) -> EventSubject:
    """The subject of an event about an object with this header, in the DICOM JSON Model."""
    level, source = LEVELS[arrival.kind], JsonSource(header)
    counted = arrival.counted or {}
    values = {tag: counted.get(tag) or "\\".join(source.texts(tag)) for tag in columns(level)}
    return EventSubject(
        event=_event(source, arrival, level),
        reception=Reception(
            DEFAULT_PARTITION, arrival.calling_ae, arrival.called_ae, "", arrival.at_us, "trial"
        ),
        attributes=by_keyword(values),
        size_bytes=arrival.size_bytes,
        labels=arrival.labels,
        header=orjson.dumps(header),
    )


def _event(source: JsonSource, arrival: Arrival, level: Level) -> ArchiveEvent:
    study, series, instance = (
        "".join(source.texts(tag)[:1])
        for tag in (_STUDY_INSTANCE_UID, _SERIES_INSTANCE_UID, _SOP_INSTANCE_UID)
    )
    return ArchiveEvent(
        "trial",
        arrival.kind,
        arrival.at_us,
        study,
        series if level >= Level.SERIES else "",
        instance if level >= Level.INSTANCE else "",
    )
