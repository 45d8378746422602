"""How much the index holds."""

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from pacsd.index import schema, schema_records
from pacsd.index.records import CopyCount, CopyState, IndexStats, InstanceState, Scope
from pacsd.index.sqlite import table_bytes

_COUNTED = (
    schema.patient,
    schema.study,
    schema.series,
    schema.instance,
    schema.held,
    schema.copy,
    schema_records.quarantine,
    schema_records.overlay,
    schema_records.deletion,
    schema_records.deleted,
    schema_records.change,
    schema_records.audit,
    schema_records.extra_tag,
    schema_records.extra_value,
)
_instance, _copy, _change = schema.instance.c, schema.copy.c, schema_records.change.c


def index_stats(scope: Scope, connection: Connection) -> IndexStats:
    """Count; reads every table of the partition whole. Blocks.

    Counts are of the partition: a restriction to studies does not hold for them.
    """
    first, last = connection.execute(
        select(func.min(_change.id), func.max(_change.id)).where(
            _change.partition_id == scope.partition
        )
    ).one()
    return IndexStats(
        rows=_rows(scope, connection),
        table_bytes=table_bytes(connection),
        instances=_instances(scope, connection),
        copies=_copies(scope, connection),
        first_change=first or 0,
        last_change=last or 0,
    )


def _rows(scope: Scope, connection: Connection) -> Mapping[str, int]:
    return {
        table.name: connection.execute(
            select(func.count()).select_from(table).where(table.c.partition_id == scope.partition)
        ).scalar_one()
        for table in _COUNTED
    }


def _instances(scope: Scope, connection: Connection) -> Mapping[InstanceState, int]:
    chosen = (
        select(_instance.state, func.count())
        .where(_instance.partition_id == scope.partition)
        .group_by(_instance.state)
    )
    return {InstanceState(state): count for state, count in connection.execute(chosen)}


def _copies(scope: Scope, connection: Connection) -> tuple[CopyCount, ...]:
    store = schema.store.c
    chosen = (
        select(store.word, _copy.state, func.count(), func.sum(_copy.size_bytes))
        .join(schema.store, _copy.store_row == store.id)
        .where(_copy.partition_id == scope.partition)
        .group_by(store.word, _copy.state)
        .order_by(store.word, _copy.state)
    )
    return tuple(
        CopyCount(name, CopyState(state), copies, int(size_bytes))
        for name, state, copies, size_bytes in connection.execute(chosen)
    )
