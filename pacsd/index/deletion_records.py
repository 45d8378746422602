"""The records of deletion: what is named to be deleted, why, and what came of it."""

from dataclasses import dataclass

from pacsd.dicom.level import Level
from pacsd.index.records import NewInstance, StoredInstance


@dataclass(frozen=True, slots=True)
class UniqueKeys:
    """A study, one of its series or one of its instances, by their UIDs; '' below what is meant."""

    study_instance_uid: str
    series_instance_uid: str = ""
    sop_instance_uid: str = ""

    @property
    def level(self) -> Level:
        """What is meant."""
        if self.sop_instance_uid:
            return Level.INSTANCE
        return Level.SERIES if self.series_instance_uid else Level.STUDY

    @property
    def uid(self) -> str:
        """The UID of what is meant."""
        return self.sop_instance_uid or self.series_instance_uid or self.study_instance_uid


@dataclass(frozen=True, slots=True)
class Cause:
    """Why instances are deleted: when it was decided, the reason given, and what was named.

    All parts of one decision have the same one.
    """

    at_us: int
    reason: str = ""
    level: Level = Level.INSTANCE
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """How much is meant; `last` is our highest number of its instances, 0 when there are none."""

    instances: int
    series: int
    size_bytes: int
    last: int


@dataclass(frozen=True, slots=True)
class ListedDeletion:
    """A decision, and how many instances are deleted by it still; `studies` are theirs."""

    id: int
    actor: str
    cause: Cause
    instances: int
    studies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """An instance that was deleted long enough ago.

    `former`: the place of others hangs on it, so that this must be known when it is gone: it began
    its series, or other data sets lie in quarantine under its UID. As it came, before corrections.
    """

    instance: StoredInstance
    former: NewInstance | None
