"""What the commands about deletion answer: UIDs and numbers, no value of a patient."""

from dataclasses import dataclass
from typing import Self

from pacsd.index.deletion_records import Counted, ListedDeletion, UniqueKeys

_US = 1_000_000
_DAY_US = 86_400 * _US


@dataclass(frozen=True, slots=True)
class DeletionCount:
    """How much there is to delete or to restore.

    `keep_days`: for how long it can be restored once it is deleted; None: for ever.
    """

    level: str
    uid: str
    study_instance_uid: str
    series: int
    instances: int
    size_bytes: int
    keep_days: float | None

    @classmethod
    def of(cls, keys: UniqueKeys, counted: Counted, keep_us: int | None) -> Self:
        """The answer for what the index says."""
        return cls(
            level=keys.level.name.lower(),
            uid=keys.uid,
            study_instance_uid=keys.study_instance_uid,
            series=counted.series,
            instances=counted.instances,
            size_bytes=counted.size_bytes,
            keep_days=None if keep_us is None else keep_us / _DAY_US,
        )


@dataclass(frozen=True, slots=True)
class DeletionDone:
    """How many instances of what were deleted or restored just now."""

    level: str
    uid: str
    study_instance_uid: str
    instances: int

    @classmethod
    def of(cls, keys: UniqueKeys, instances: int) -> Self:
        """The answer for what was done."""
        return cls(keys.level.name.lower(), keys.uid, keys.study_instance_uid, instances)


@dataclass(frozen=True, slots=True)
class DeletionSummary:
    """One decision, and how many instances are deleted by it still.

    `level` and `uid` are what it named, '' where nobody noted that. Times are seconds since 1970,
    UTC; `restorable_until` is None where deleted objects stay for ever.
    """

    number: int
    deleted_at: float
    restorable_until: float | None
    level: str
    uid: str
    studies: tuple[str, ...]
    instances: int
    actor: str
    reason: str

    @classmethod
    def of(cls, listed: ListedDeletion, keep_us: int | None) -> Self:
        """The answer for what the index says."""
        cause = listed.cause
        return cls(
            number=listed.id,
            deleted_at=cause.at_us / _US,
            restorable_until=None if keep_us is None else (cause.at_us + keep_us) / _US,
            level=cause.level.name.lower() if cause.uid else "",
            uid=cause.uid,
            studies=listed.studies,
            instances=listed.instances,
            actor=listed.actor,
            reason=cause.reason,
        )
