"""What happened to what is archived, as plugins are told once it is durable: at least once."""

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What happened."""

    INSTANCE_STORED = "instance_stored"
    """An instance is new, or there again."""
    SERIES_QUIET = "series_quiet"
    """Nothing has arrived for a series for a while."""
    STUDY_QUIET = "study_quiet"
    """Nothing has arrived for a study for a while."""
    STUDY_CHANGED = "study_changed"
    """Something of a study was corrected, restored or released from quarantine."""
    STUDY_DELETED = "study_deleted"
    """Something of a study, or all of it, was deleted."""


@dataclass(frozen=True, slots=True)
class ArchiveEvent:
    """One thing that happened; UIDs are '' where they are not concerned.

    Whoever is told twice is told the same `event_id`. `at_us` is UTC microseconds since 1970.
    """

    event_id: str
    kind: EventKind
    at_us: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
