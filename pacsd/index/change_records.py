"""The records of the change log as it is told to others, who know UIDs and none of our rows."""

from dataclasses import dataclass

from pacsd.index.records import ChangeKind


@dataclass(frozen=True, slots=True)
class ToldChange:
    """What happened to a study, series, instance or version in quarantine.

    UIDs are '' where they are not concerned, or no row has them any more: of what was purged, or
    discarded. `instance` and `version` are our numbers of it, 0 for none: they tell then, to those
    who saw them before, what it was.
    """

    number: int
    kind: ChangeKind
    at_us: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    instance: int
    version: int


@dataclass(frozen=True, slots=True)
class ToldPage:
    """Changes behind the number `since`, by rising number; whoever goes on asks behind `last`.

    Of the log, `newest` is the last one there is (0 if there is none), and of those up to
    `forgotten` some are not kept any more.
    """

    epoch: str
    since: int
    changes: tuple[ToldChange, ...]
    last: int
    has_more: bool
    newest: int
    forgotten: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a consumer has read the change log, of which epoch."""

    epoch: str
    number: int


@dataclass(frozen=True, slots=True)
class CursorMove:
    """A consumer of the change log is done with all changes up to a number."""

    partition: int
    consumer: str
    number: int
