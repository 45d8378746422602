"""How the instances of a study came that made it quiet once more."""

from sqlalchemy import Connection, func, select

from pacsd.index import schema, schema_records
from pacsd.index.quiet import COMING
from pacsd.index.records import ChangeKind, Scope

_change, _study = schema_records.change.c, schema.study.c
_CAME_BY = schema_records.change.join(
    schema.instance, _change.instance_row == schema.instance.c.id
).join(schema.source, schema.instance.c.source_row == schema.source.c.id)


def read_origins(
    scope: Scope, study_instance_uid: str, quiet_at: int, connection: Connection
) -> frozenset[str]:
    """The origins of those that came between the last two times it was quiet; blocks."""
    study = select(_study.id).where(
        _study.partition_id == scope.partition, _study.study_instance_uid == study_instance_uid
    )
    row = connection.execute(study).scalar()
    before = select(func.max(_change.id)).where(
        _change.study_row == row,
        _change.id < quiet_at,
        _change.kind == ChangeKind.STUDY_QUIET.value,
    )
    since = connection.execute(before).scalar() or 0
    origins = (
        select(schema.source.c.origin)
        .distinct()
        .select_from(_CAME_BY)
        .where(
            _change.study_row == row,
            _change.id > since,
            _change.id < quiet_at,
            _change.kind.in_([kind.value for kind in COMING]),
        )
    )
    return frozenset(connection.execute(origins).scalars())
