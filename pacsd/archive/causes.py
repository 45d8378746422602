"""Why instances are deleted, as the records of the state log say it."""

from dataclasses import replace

from pacsd.archive.state_records import StateRecord, StateRecordError
from pacsd.dicom.level import Level
from pacsd.index.deletion_records import Cause


def with_cause(record: StateRecord, cause: Cause | None) -> StateRecord:
    """The record of a deletion, which says why; what was named is left out where that was none."""
    if cause is None:
        return record
    level = cause.level.name if cause.uid else ""
    return replace(record, at_us=cause.at_us, reason=cause.reason, level=level, uid=cause.uid)


def cause_of(record: StateRecord) -> Cause:
    """Why a record deletes.

    Raises:
        StateRecordError: it names what has no level.
    """
    try:
        level = Level[record.level] if record.level else Level.INSTANCE
    except KeyError:
        text = f"state log: a deletion at level {record.level!a}: a newer pacsd wrote it"
        raise StateRecordError(text) from None
    return Cause(record.at_us, record.reason, level, record.uid)
