"""The instances of a study, or of one of its series, in the order of their UIDs."""

from sqlalchemy import Connection, select

from pacsd.index import schema
from pacsd.index.instances import numbered
from pacsd.index.records import InstanceState, Scope, StoredInstance
from pacsd.index.selections import within
from pacsd.index.threads import Threads

_study, _series, _instance = schema.study.c, schema.series.c, schema.instance.c


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


def _page(
    scope: Scope, named: tuple[str, str, str], limit: int, connection: Connection
) -> list[StoredInstance]:
    study, series, after = named
    chosen = (
        select(_instance.id)
        .select_from(
            schema.study.join(schema.series, _series.study_row == _study.id).join(
                schema.instance, _instance.series_row == _series.id
            )
        )
        .where(
            within(scope, _study.partition_id, _study.study_instance_uid),
            _study.study_instance_uid == study,
            _instance.state == InstanceState.LIVE.value,
            _instance.sop_instance_uid > after,
        )
        .order_by(_instance.sop_instance_uid)
        .limit(limit)
    )
    if series:
        chosen = chosen.where(_series.series_instance_uid == series)
    numbers = connection.execute(chosen).scalars().all()
    found = numbered(scope, numbers, connection)
    return sorted(found, key=lambda each: each.sop_instance_uid)
