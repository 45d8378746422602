"""Studies that got something since some time, found by the numbers of their instances.

Numbers rise with the time of reception, so that the first one is found by halving; where the clock
was set back, studies of that while may be missed.
"""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, func, select

from pacsd.index import schema
from pacsd.index.records import InstanceState, Scope
from pacsd.index.selections import within
from pacsd.index.threads import Threads

INSTANCES_AT_ONCE = 20_000

_study, _series, _instance = schema.study.c, schema.series.c, schema.instance.c
_IN_STUDY = schema.instance.join(schema.series, _instance.series_row == _series.id).join(
    schema.study, _series.study_row == _study.id
)


@dataclass(frozen=True, slots=True)
class StudyPage:
    """Studies, each once in a page; `after` asks for the next page, None: there is none."""

    study_instance_uids: tuple[str, ...]
    after: int | None


class RecentStudies:
    """What came lately."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def begin(self, scope: Scope, since_us: int) -> int:
        """What `page` begins after, to see all that was received from then on."""
        return await self._threads.read(partial(_begin, scope, since_us))

    async def page(self, scope: Scope, after: int) -> StudyPage:
        """The studies of the next instances that are shown; one may come on several pages."""
        return await self._threads.query(partial(_page, scope, after))


def _begin(scope: Scope, since_us: int, connection: Connection) -> int:
    of_partition = _instance.partition_id == scope.partition
    least, most = connection.execute(
        select(func.min(_instance.id), func.max(_instance.id)).where(of_partition)
    ).one()
    low, high = least or 0, (most or 0) + 1
    while low < high:
        middle = (low + high) // 2
        next_ = (
            select(_instance.id, _instance.received_at_us)
            .where(of_partition, _instance.id >= middle)
            .order_by(_instance.id)
            .limit(1)
        )
        row = connection.execute(next_).first()
        if row is None or row[1] >= since_us:
            high = middle
        else:
            low = row[0] + 1
    return low - 1


def _page(scope: Scope, after: int, connection: Connection) -> StudyPage:
    numbers = (
        select(_instance.id)
        .where(_instance.partition_id == scope.partition, _instance.id > after)
        .order_by(_instance.id)
        .limit(INSTANCES_AT_ONCE)
    )
    last = connection.execute(select(func.max(numbers.subquery().c.id))).scalar()
    if last is None:
        return StudyPage((), None)
    found = (
        select(_study.study_instance_uid)
        .distinct()
        .select_from(_IN_STUDY)
        .where(
            within(scope, _study.partition_id, _study.study_instance_uid),
            _instance.id > after,
            _instance.id <= last,
            _instance.state == InstanceState.LIVE.value,
        )
        .order_by(_study.study_instance_uid)
    )
    return StudyPage(tuple(connection.execute(found).scalars()), last)
