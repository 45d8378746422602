"""Copies: listed for fsck and scrub, and marked with what these found."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, update

from pacsd.index import schema, schema_records
from pacsd.index.records import ChangeKind, Copy, CopyCheck, CopyState, Scope
from pacsd.index.selections import COPIES, COPY, INSTANCES, STUDY_OF_INSTANCE, copy_of, within
from pacsd.index.session import Place, WriteSession
from pacsd.index.threads import Threads
from pacsd.index.unit_queue import Priority

_instance, _copy, _store = schema.instance.c, schema.copy.c, schema.store.c
_FIND = (
    select(_copy.state)
    .join(schema.store, _copy.store_row == _store.id)
    .where(
        _copy.partition_id == bindparam("partition"),
        _copy.instance_row == bindparam("instance"),
        _store.word == bindparam("store"),
        _copy.location == bindparam("key"),
    )
)
_MARK = (
    update(schema.copy)
    .values(state=bindparam("new_state"), verified_at_us=bindparam("checked_at_us"))
    .where(_copy.instance_row == bindparam("instance"), _copy.location == bindparam("key"))
)


class Copies:
    """The copies of a scope's instances, whatever state these are in."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def by_location(
        self, scope: Scope, store: str, after_key: str = "", limit: int = 1_000
    ) -> list[Copy]:
        """Copies in a store, by rising key, from behind `after_key` on; of equal keys all or none.

        What lies in quarantine is not among them: see `Quarantine.by_location`.
        """
        chosen = _seen(scope).where(_store.word == store, _copy.location > after_key)
        ordered = chosen.order_by(_copy.location).limit(limit)
        return await self._threads.read(partial(_copies, ordered), Priority.MAINTENANCE)

    async def longest_unverified(
        self, scope: Scope, verified_before_us: int, limit: int = 100, store: str | None = None
    ) -> list[Copy]:
        """Copies not read back since then, those for longest first; in all stores or in one.

        Mark each of them, whatever was found: the next page begins behind the marked ones.
        """
        chosen = _seen(scope).where(_copy.verified_at_us < verified_before_us)
        if store is not None:
            chosen = chosen.where(_store.word == store)
        ordered = chosen.order_by(_copy.verified_at_us, _copy.instance_row).limit(limit)
        return await self._threads.read(partial(_copies, ordered), Priority.MAINTENANCE)

    async def mark(self, scope: Scope, checks: Sequence[CopyCheck]) -> int:
        """Note what was found; how many copies it still held for.

        A copy that was replaced meanwhile keeps its state. What was good and is not any more is
        logged as a change.
        """
        work = partial(_mark, scope, checks)
        return await self._threads.write(work, Priority.MAINTENANCE)


def highest_keys(
    store: str, limit: int, partition: int | None, connection: Connection
) -> list[str]:
    """The highest keys of a store, over all states, the highest first; None: of all partitions."""
    found: list[str] = []
    for table in (schema.copy, schema_records.quarantine):
        keys = (
            select(table.c.location)
            .join(schema.store, table.c.store_row == _store.id)
            .where(_store.word == store)
        )
        if partition is not None:
            keys = keys.where(table.c.partition_id == partition)
        found += connection.execute(keys.order_by(table.c.location.desc()).limit(limit)).scalars()
    return sorted(found, reverse=True)[:limit]


def _seen(scope: Scope) -> Select[*tuple[Any, ...]]:
    copies = select(*COPY).select_from(COPIES).where(_copy.partition_id == scope.partition)
    if scope.studies is None:
        return copies
    is_seen = within(scope, _instance.partition_id, STUDY_OF_INSTANCE)
    visible = select(_instance.id).select_from(INSTANCES).where(is_seen)
    return copies.where(_copy.instance_row.in_(visible))


def _copies(chosen: Select[*tuple[Any, ...]], connection: Connection) -> list[Copy]:
    return [copy_of(row) for row in connection.execute(chosen)]


def _mark(scope: Scope, checks: Sequence[CopyCheck], session: WriteSession) -> int:
    return sum(_mark_one(scope, check, session) for check in checks)


def _mark_one(scope: Scope, check: CopyCheck, session: WriteSession) -> bool:
    where = check.location
    found = session.fetch(_FIND, scope.partition, check.instance, where.store, where.key)
    if not found or not _is_seen(scope, check, session):
        return False
    ((state,),) = found
    session.execute(_MARK, check.state.value, check.checked_at_us, check.instance, where.key)
    session.has_altered = session.has_altered or state != check.state.value
    if state == CopyState.OK and check.state is not CopyState.OK:
        session.log(scope.partition, ChangeKind.COPY_FAILED, _place(session, check), check.instance)
    return True


def _is_seen(scope: Scope, check: CopyCheck, session: WriteSession) -> bool:
    """Whether the copy of this partition may be seen: most scopes restrict nothing else."""
    if scope.studies is None:
        return True
    seen = _seen(scope).where(_copy.instance_row == check.instance)
    return session.connection.execute(seen).first() is not None


def _place(session: WriteSession, check: CopyCheck) -> Place:
    chosen = (
        select(schema.series.c.study_row, _instance.series_row)
        .select_from(
            schema.instance.outerjoin(schema.series, _instance.series_row == schema.series.c.id)
        )
        .where(_instance.id == check.instance)
    )
    return Place(*session.connection.execute(chosen).one())
