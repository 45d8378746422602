"""Why an instance is deleted: noted beside it, and forgotten when it is not deleted any more."""

from collections.abc import Sequence

from sqlalchemy import delete, exists, select

from pacsd.index import schema_records
from pacsd.index.deletion_records import Cause
from pacsd.index.selections import slices
from pacsd.index.session import WriteSession, insertion
from pacsd.index.text import storable

_deletion, _deleted = schema_records.deletion.c, schema_records.deleted.c
_INSERT_DELETION = insertion(schema_records.deletion.insert())
_INSERT_DELETED = insertion(schema_records.deleted.insert())


def note_deleted(
    session: WriteSession, partition: int, actor: str, cause: Cause, instances: Sequence[int]
) -> None:
    """Note a decision by which instances are deleted, or what more of them are."""
    if not instances:
        return
    deletion = _deletion_of(session, partition, actor, cause)
    session.write(_INSERT_DELETED, [(each, partition, deletion) for each in instances])


def forget_deleted(session: WriteSession, instances: Sequence[int]) -> None:
    """These are not deleted any more; a decision that nothing hangs on goes, too."""
    decisions: set[int] = set()
    for some in slices(instances):
        are_these = _deleted.instance_row.in_(some)
        chosen = select(_deleted.deletion_row).where(are_these).distinct()
        decisions.update(session.connection.execute(chosen).scalars())
        session.connection.execute(delete(schema_records.deleted).where(are_these))
    is_in_force = exists().where(_deleted.deletion_row == _deletion.id)
    for some in slices(sorted(decisions)):
        gone = delete(schema_records.deletion).where(_deletion.id.in_(some), ~is_in_force)
        session.connection.execute(gone)


def _deletion_of(session: WriteSession, partition: int, actor: str, cause: Cause) -> int:
    said = (storable(actor), storable(cause.reason), cause.level.value, storable(cause.uid))
    chosen = select(_deletion.id).where(
        _deletion.partition_id == partition,
        _deletion.at_us == cause.at_us,
        _deletion.actor == said[0],
        _deletion.reason == said[1],
        _deletion.level == said[2],
        _deletion.uid == said[3],
    )
    found = session.connection.execute(chosen).scalar()
    if found is not None:
        return int(found)
    deletion = session.take_ids()
    session.execute(_INSERT_DELETION, deletion, partition, cause.at_us, *said)
    return deletion
