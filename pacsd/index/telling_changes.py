"""The change log read for others: each change with the UIDs that its rows have now.

Rows are never numbered twice, so that one which is there is the one that was meant. Deleted
instances have theirs until they are purged.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from pacsd.index import schema, schema_records
from pacsd.index.change_records import ToldChange, ToldPage
from pacsd.index.records import ChangeKind, Scope
from pacsd.index.selections import within

_change, _meta = schema_records.change.c, schema_records.meta.c
_instance, _held = schema.instance.c, schema.held.c
_series, _study = schema.series.c, schema.study.c
_version = schema_records.quarantine.c

# What a change names itself, else what its instance hangs in, held ones by the UIDs they came with.
_TABLES = (
    schema_records.change.outerjoin(schema.instance, _instance.id == _change.instance_row)
    .outerjoin(schema.held, _held.instance_row == _instance.id)
    .outerjoin(schema.series, _series.id == func.coalesce(_change.series_row, _instance.series_row))
    .outerjoin(schema.study, _study.id == func.coalesce(_change.study_row, _series.study_row))
    .outerjoin(schema_records.quarantine, _version.id == _change.quarantine_row)
)


def _first_of(*uids: ColumnElement[str]) -> ColumnElement[str]:
    return func.coalesce(*uids, "")


_STUDY_UID = _first_of(
    _study.study_instance_uid, _held.study_instance_uid, _version.study_instance_uid
)
_TOLD = (
    _change.id,
    _change.kind,
    _change.at_us,
    _STUDY_UID,
    _first_of(_series.series_instance_uid, _held.series_instance_uid, _version.series_instance_uid),
    _first_of(_instance.sop_instance_uid, _version.sop_instance_uid),
    func.coalesce(_change.instance_row, 0),
    func.coalesce(_change.quarantine_row, 0),
)


def tell(scope: Scope, since: int | None, limit: int, connection: Connection) -> ToldPage:
    """At most `limit` changes; see `Changes.told`."""
    epoch = _fact(schema_records.EPOCH, connection) or ""
    forgotten = int(_fact(schema_records.FORGOTTEN, connection) or 0)
    newest = _newest(scope, connection)
    since = newest if since is None else since
    rows = connection.execute(_behind(scope, since, limit + 1)).all()
    changes = tuple(_told(row) for row in rows[:limit])
    has_more = len(rows) > limit
    # Without more, all up to the newest was looked at, whether it may be seen or not.
    last = changes[-1].number if has_more else max(since, newest)
    return ToldPage(epoch, since, changes, last, has_more, newest, forgotten)


def _behind(scope: Scope, since: int, limit: int) -> Select[*tuple[Any, ...]]:
    return (
        select(*_TOLD)
        .select_from(_TABLES)
        .where(_change.id > since, within(scope, _change.partition_id, _STUDY_UID))
        .order_by(_change.id)
        .limit(limit)
    )


def _told(row: Any) -> ToldChange:
    number, kind, *rest = row
    return ToldChange(number, ChangeKind(kind), *rest)


def _newest(scope: Scope, connection: Connection) -> int:
    chosen = select(_change.id).where(_change.partition_id == scope.partition)
    return connection.execute(chosen.order_by(_change.id.desc()).limit(1)).scalar() or 0


def _fact(key: str, connection: Connection) -> str | None:
    return connection.execute(select(_meta.value).where(_meta.key == key)).scalar()
