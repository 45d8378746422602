"""What happens to what is archived, as plugins are told: at least once, each event with its id.

Events come from the change log, in the order of its commits. An event that could not be delivered
is tried again behind those that came after it. One that comes twice has the same `event_id`.
"""

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What happened.

    SERIES_QUIET, STUDY_QUIET: no instance of it has come for a while. STUDY_CHANGED: something that
    was there is not as it was: corrected, restored, released from quarantine. STUDY_DELETED: an
    instance was deleted, the one that is named; others of its study may be there.
    """

    INSTANCE_STORED = "instance_stored"
    SERIES_QUIET = "series_quiet"
    STUDY_QUIET = "study_quiet"
    STUDY_CHANGED = "study_changed"
    STUDY_DELETED = "study_deleted"


@dataclass(frozen=True, slots=True)
class ArchiveEvent:
    """An event. `at_us` is UTC microseconds since 1970.

    UIDs are '' where they are not concerned, and all of them where nothing has them any more, or
    more studies were changed than are named.
    """

    event_id: str
    kind: EventKind
    at_us: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
