"""The instances of a study, or of one of its series, by their UIDs; and how large they are."""

from sqlalchemy import ColumnElement, Connection, func, select

from pacsd.index import schema
from pacsd.index.instances import numbered
from pacsd.index.records import InstanceState, Scope, StoredInstance
from pacsd.index.selections import within
from pacsd.index.threads import Threads

_study, _series, _instance = schema.study.c, schema.series.c, schema.instance.c
_copy = schema.copy.c

_IN_STUDY = schema.study.join(schema.series, _series.study_row == _study.id).join(
    schema.instance, _instance.series_row == _series.id
)


class StudyInstances:
    """What there is of a study, a page at a time."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def page(
        self, scope: Scope, study: str, series: str = "", after: str = "", limit: int = 1_000
    ) -> list[StoredInstance]:
        """Those that are shown, with their copies, behind the SOP Instance UID `after`.

        `study` and `series` are UIDs; '' is every series.
        """

        def read(connection: Connection) -> list[StoredInstance]:
            return _page(scope, (study, series, after), limit, connection)

        return await self._threads.query(read)


def size_of(scope: Scope, named: tuple[str, str, str], connection: Connection) -> int:
    """The size of the files of those that are shown together, one copy of each; blocks.

    `named` are the UIDs of study, series and instance, '' for every series, or every instance.
    """
    _, _, instance = named
    of_each = (
        select(func.max(_copy.size_bytes).label("size_bytes"))
        .select_from(_IN_STUDY.join(schema.copy, _copy.instance_row == _instance.id))
        .where(*_shown(scope, named[0], named[1]))
        .group_by(_instance.id)
    )
    if instance:
        of_each = of_each.where(_instance.sop_instance_uid == instance)
    each = of_each.subquery()
    return int(connection.execute(select(func.sum(each.c.size_bytes))).scalar() or 0)


def _shown(scope: Scope, study: str, series: str) -> list[ColumnElement[bool]]:
    """What holds for the instances that are shown of a study, or of one of its series."""
    conditions = [
        within(scope, _study.partition_id, _study.study_instance_uid),
        _study.study_instance_uid == study,
        _instance.state == InstanceState.LIVE.value,
    ]
    if series:
        conditions.append(_series.series_instance_uid == series)
    return conditions


def _page(
    scope: Scope, named: tuple[str, str, str], limit: int, connection: Connection
) -> list[StoredInstance]:
    study, series, after = named
    chosen = (
        select(_instance.id)
        .select_from(_IN_STUDY)
        .where(*_shown(scope, study, series), _instance.sop_instance_uid > after)
        .order_by(_instance.sop_instance_uid)
        .limit(limit)
    )
    numbers = connection.execute(chosen).scalars().all()
    found = numbered(scope, numbers, connection)
    return sorted(found, key=lambda each: each.sop_instance_uid)
