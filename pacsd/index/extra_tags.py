"""Tags that users choose to have indexed, private ones too, and their online reindex.

A new tag is filled by what comes from then on at once. What came before is read again page by
page, while the archive serves: the next page begins where the last one was committed.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.index import schema, schema_records
from pacsd.index.extra_values import insert_extra_values
from pacsd.index.records import ExtraTag, ExtraTagState, Scope
from pacsd.index.session import Place, WriteSession
from pacsd.index.threads import Threads
from pacsd.index.unit_queue import Priority

_tag, _instance = schema_records.extra_tag.c, schema.instance.c
_value = schema_records.extra_value.c


class ExtraTags:
    """The user-chosen tags of a partition."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def all(self, scope: Scope) -> list[ExtraTag]:
        """Every tag, with how far its reindex is; `reindexed_to` is where to go on."""
        return await self._threads.read(partial(_all, scope))

    async def choose(
        self, scope: Scope, level: Level, tag: Tag, vr: str, private_creator: str = ""
    ) -> ExtraTag:
        """Have a tag indexed from now on; the tag as it is when it was chosen before.

        Raises:
            ValueError: values are kept for a study, series or instance, not for a patient.
        """
        if level is Level.PATIENT:
            raise ValueError(f"extra tag of level {level.name}: it is STUDY, SERIES or INSTANCE")
        return await self._threads.write(partial(_choose, scope, level, tag, vr, private_creator))

    async def fill(
        self, scope: Scope, tag: int, values: Mapping[int, str], reindexed_to: int
    ) -> ExtraTag | None:
        """Keep a page of a reindex: values by instance, of all instances up to `reindexed_to`.

        Returns the tag as it is now, None when it was dropped meanwhile.
        """
        work = partial(_fill, scope, tag, values, reindexed_to)
        return await self._threads.write(work, Priority.MAINTENANCE)

    async def drop(self, scope: Scope, tag: int) -> bool:
        """Forget a tag and its values; whether there was one."""
        return await self._threads.write(partial(_drop, scope, tag), Priority.MAINTENANCE)


def _all(scope: Scope, connection: Connection) -> list[ExtraTag]:
    chosen = select(schema_records.extra_tag).where(_tag.partition_id == scope.partition)
    return [_extra_tag(row) for row in connection.execute(chosen.order_by(_tag.id))]


def _find(scope: Scope, tag: int, connection: Connection) -> ExtraTag | None:
    return next((each for each in _all(scope, connection) if each.id == tag), None)


def _extra_tag(row: Sequence[Any]) -> ExtraTag:
    id_, _, level, tag, creator, vr, state, reindexed_to, reindexed_before = row
    return ExtraTag(
        id_, Level(level), tag, creator, vr, ExtraTagState(state), reindexed_to, reindexed_before
    )


def _choose(
    scope: Scope, level: Level, tag: Tag, vr: str, private_creator: str, session: WriteSession
) -> ExtraTag:
    for each in _all(scope, session.connection):
        if (each.tag, each.private_creator) == (tag, private_creator):
            return each
    id_ = session.take_ids()
    state = ExtraTagState.REINDEXING if _has_instance(scope, session) else ExtraTagState.COMPLETE
    chosen = ExtraTag(id_, level, tag, private_creator, vr, state, 0, reindexed_before=id_)
    session.connection.execute(
        insert(schema_records.extra_tag).values(
            id=id_,
            partition_id=scope.partition,
            level=level.value,
            tag=tag,
            private_creator=private_creator,
            vr=vr,
            state=state.value,
            reindexed_to=0,
            reindexed_before=id_,
        )
    )
    return chosen


def _has_instance(scope: Scope, session: WriteSession) -> bool:
    chosen = select(_instance.id).where(_instance.partition_id == scope.partition).limit(1)
    return session.connection.execute(chosen).first() is not None


def _fill(
    scope: Scope, tag: int, values: Mapping[int, str], reindexed_to: int, session: WriteSession
) -> ExtraTag | None:
    if _find(scope, tag, session.connection) is None:
        return None
    chosen = (
        select(_instance.id, _instance.series_row, schema.series.c.study_row)
        .join(schema.series, _instance.series_row == schema.series.c.id)
        .where(_instance.partition_id == scope.partition, _instance.id.in_(values))
    )
    for instance, series, study in session.connection.execute(chosen).all():
        extras = {tag: values[instance]}
        insert_extra_values(session, scope.partition, Place(study, series), instance, extras)
    progressed = update(schema_records.extra_tag).where(_tag.id == tag)
    session.connection.execute(
        progressed.where(_tag.reindexed_to < reindexed_to).values(reindexed_to=reindexed_to)
    )
    session.connection.execute(
        progressed.where(_tag.reindexed_to + 1 >= _tag.reindexed_before).values(
            state=ExtraTagState.COMPLETE.value
        )
    )
    return _find(scope, tag, session.connection)


def _drop(scope: Scope, tag: int, session: WriteSession) -> bool:
    if _find(scope, tag, session.connection) is None:
        return False
    session.connection.execute(
        delete(schema_records.extra_value).where(_value.extra_tag_row == tag)
    )
    session.connection.execute(delete(schema_records.extra_tag).where(_tag.id == tag))
    return True
