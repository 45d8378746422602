"""Deletions: what there is to delete or restore, what was deleted and why, and what is to go."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, select

from pacsd.dicom.level import Level
from pacsd.index import schema, schema_records
from pacsd.index.correcting import owners
from pacsd.index.deletion_records import Cause, Counted, Due, ListedDeletion, UniqueKeys
from pacsd.index.log_position import mirroring
from pacsd.index.purging import due, purge
from pacsd.index.records import InstanceState, Scope
from pacsd.index.selections import INSTANCES, STUDY_OF_INSTANCE, slices, within
from pacsd.index.threads import Threads
from pacsd.index.unit_queue import Priority

MAX_STUDIES_NAMED = 100
"""Of one decision; more are counted by none."""

_instance, _series, _study = schema.instance.c, schema.series.c, schema.study.c
_deletion, _deleted = schema_records.deletion.c, schema_records.deleted.c
_IN_STUDIES = schema.instance.join(schema.series, _instance.series_row == _series.id).join(
    schema.study, _series.study_row == _study.id
)


class Deletions:
    """What is deleted in a scope. `delete` and `restore` themselves are calls of `Instances`."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def studies_of(self, scope: Scope, level: Level, uid: str) -> list[str]:
        """The studies in which a UID of a level means something; series may share theirs."""
        return await self._threads.read(partial(_studies_of, scope, level, uid))

    async def count(self, scope: Scope, keys: UniqueKeys, *, are_deleted: bool) -> Counted:
        """How much of what is meant is deleted, or is not.

        A held instance counts only where it is named itself: it hangs in no study.
        """
        return await self._threads.read(partial(_count, scope, keys, are_deleted))

    async def instances(
        self,
        scope: Scope,
        keys: UniqueKeys,
        *,
        are_deleted: bool,
        after: int = 0,
        last: int,
        limit: int,
    ) -> list[tuple[int, str]]:
        """Number and UID of those instances, by rising number, from behind `after` up to `last`."""
        chosen = _chosen(scope, keys, are_deleted, _instance.id, _instance.sop_instance_uid)
        within_page = chosen.where(_instance.id > after, _instance.id <= last)
        ordered = within_page.order_by(_instance.id).limit(limit)
        return await self._threads.read(partial(_pairs, ordered))

    async def page(self, scope: Scope, after: int = 0, limit: int = 1_000) -> list[ListedDeletion]:
        """Decisions by which instances are deleted, with a number above `after`, by rising number.

        A restriction to studies leaves nothing: a decision may be about others.
        """
        return await self._threads.read(partial(_page, scope, after, limit))

    async def due(
        self, scope: Scope, stores: Sequence[str], deleted_before_us: int, limit: int
    ) -> list[Due]:
        """Instances of the oldest decision that was made before then, by rising number.

        Only those that lie in these stores and in no other one.
        """
        work = partial(due, scope, tuple(stores), deleted_before_us, limit)
        return await self._threads.write(work, Priority.MAINTENANCE)

    async def purge(
        self, scope: Scope, numbers: Sequence[int], actor: str, *, reached: int | None = None
    ) -> None:
        """Forget instances whose files are gone, and what of their studies is empty then.

        `reached`: so many records of the state log are mirrored with that.
        """
        work = partial(purge, scope, tuple(numbers), actor)
        await self._threads.write(mirroring(work, reached), Priority.MAINTENANCE)


def _studies_of(scope: Scope, level: Level, uid: str, connection: Connection) -> list[str]:
    found = owners(scope, level, uid, connection)
    return list(dict.fromkeys(each.study_instance_uid for each in found))


def _chosen(
    scope: Scope, keys: UniqueKeys, are_deleted: bool, *what: ColumnElement[Any]
) -> Select[*tuple[Any, ...]]:
    is_named = keys.level is Level.INSTANCE
    tables: FromClause = INSTANCES if is_named else _IN_STUDIES
    study_uid = STUDY_OF_INSTANCE if is_named else _study.study_instance_uid
    is_deleted = _instance.state == InstanceState.DELETED.value
    chosen = (
        select(*what)
        .select_from(tables)
        .where(
            within(scope, _instance.partition_id, study_uid),
            study_uid == keys.study_instance_uid,
            is_deleted if are_deleted else ~is_deleted,
        )
    )
    if is_named:
        chosen = chosen.where(_instance.sop_instance_uid == keys.sop_instance_uid)
    else:
        chosen = chosen.where(_study.partition_id == scope.partition)
    if keys.series_instance_uid:
        chosen = chosen.where(_series.series_instance_uid == keys.series_instance_uid)
    return chosen


def _count(scope: Scope, keys: UniqueKeys, are_deleted: bool, connection: Connection) -> Counted:
    rows = _chosen(scope, keys, are_deleted, _instance.id, _instance.series_row).subquery()
    counts = select(
        func.count(),
        func.count(rows.c.series_row.distinct()),
        func.coalesce(func.max(rows.c.id), 0),
    ).select_from(rows)
    instances, series, last = connection.execute(counts).one()
    copy = schema.copy.c
    sizes = select(func.coalesce(func.sum(copy.size_bytes), 0)).join(
        rows, rows.c.id == copy.instance_row
    )
    return Counted(instances, series, int(connection.execute(sizes).scalar_one()), last or 0)


def _pairs(chosen: Select[*tuple[Any, ...]], connection: Connection) -> list[tuple[int, str]]:
    return [(number, uid) for number, uid in connection.execute(chosen)]


def _page(scope: Scope, after: int, limit: int, connection: Connection) -> list[ListedDeletion]:
    if scope.studies is not None:
        return []
    chosen = (
        select(schema_records.deletion)
        .where(_deletion.partition_id == scope.partition, _deletion.id > after)
        .order_by(_deletion.id)
        .limit(limit)
    )
    rows = connection.execute(chosen).all()
    counts = _counts([row.id for row in rows], connection)
    return [
        ListedDeletion(
            row.id,
            row.actor,
            Cause(row.at_us, row.reason, Level(row.level), row.uid),
            counts.get(row.id, 0),
            _some_studies(row.id, connection),
        )
        for row in rows
    ]


def _counts(decisions: Sequence[int], connection: Connection) -> dict[int, int]:
    counts: defaultdict[int, int] = defaultdict(int)
    for some in slices(decisions):
        chosen = (
            select(_deleted.deletion_row, func.count())
            .where(_deleted.deletion_row.in_(some))
            .group_by(_deleted.deletion_row)
        )
        counts.update(connection.execute(chosen).all())
    return counts


def _some_studies(decision: int, connection: Connection) -> tuple[str, ...]:
    deleted = INSTANCES.join(schema_records.deleted, _deleted.instance_row == _instance.id)
    chosen = (
        select(STUDY_OF_INSTANCE)
        .select_from(deleted)
        .where(_deleted.deletion_row == decision)
        .distinct()
        .order_by(STUDY_OF_INSTANCE)
        .limit(MAX_STUDIES_NAMED)
    )
    return tuple(connection.execute(chosen).scalars())
