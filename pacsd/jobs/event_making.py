"""An event of a change, and an event as the payload of a job."""

from collections.abc import Mapping
from types import MappingProxyType

import orjson

from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.index.change_records import ToldChange
from pacsd.index.records import ChangeKind

KINDS: Mapping[ChangeKind, EventKind] = MappingProxyType(
    {
        ChangeKind.STORED: EventKind.INSTANCE_STORED,
        ChangeKind.RESTORED: EventKind.STUDY_CHANGED,
        ChangeKind.RELEASED: EventKind.STUDY_CHANGED,
        ChangeKind.CORRECTED: EventKind.STUDY_CHANGED,
        ChangeKind.DELETED: EventKind.STUDY_DELETED,
        ChangeKind.SERIES_QUIET: EventKind.SERIES_QUIET,
        ChangeKind.STUDY_QUIET: EventKind.STUDY_QUIET,
    }
)
"""The others tell of files and of what nobody sees: held, set aside, found bad, purged."""

_FIELDS = ("study_instance_uid", "series_instance_uid", "sop_instance_uid")


def event_of(epoch: str, change: ToldChange) -> ArchiveEvent | None:
    """The event of a change; None: there is none of its kind."""
    kind = KINDS.get(change.kind)
    if kind is None:
        return None
    return ArchiveEvent(
        f"{epoch}-{change.number}",
        kind,
        change.at_us,
        change.study_instance_uid,
        change.series_instance_uid,
        change.sop_instance_uid,
    )


def number_of(event: ArchiveEvent) -> int:
    """The number of the change that an event is of."""
    return int(event.event_id.rpartition("-")[2])


def payload_of(event: ArchiveEvent) -> str:
    """An event as JSON text."""
    uids = {name: getattr(event, name) for name in _FIELDS}
    facts = {"event_id": event.event_id, "kind": event.kind.value, "at_us": event.at_us}
    return orjson.dumps(facts | uids).decode()


def event_in(payload: str) -> ArchiveEvent:
    """The event that `payload_of` wrote.

    Raises:
        ValueError: it did not.
    """
    facts = orjson.loads(payload)
    try:
        uids = (str(facts[name]) for name in _FIELDS)
        kind = EventKind(facts["kind"])
        return ArchiveEvent(str(facts["event_id"]), kind, int(facts["at_us"]), *uids)
    except (KeyError, TypeError) as error:
        raise ValueError(f"payload: is no event: {error}") from error
