"""The change log, and how far its consumers have read it."""

from functools import partial

from sqlalchemy import Connection, select

from pacsd.index import schema, schema_records
from pacsd.index.bell import Bell
from pacsd.index.change_records import Standing, ToldPage
from pacsd.index.forgetting_changes import forget_changes
from pacsd.index.records import Change, ChangeKind, ChangePage, Scope
from pacsd.index.session import WriteSession
from pacsd.index.sqlite import insert_or_replace
from pacsd.index.study_origins import read_origins
from pacsd.index.telling_changes import tell
from pacsd.index.threads import Threads
from pacsd.index.unit_queue import Priority

_change, _cursor, _meta = (
    schema_records.change.c,
    schema_records.cursor.c,
    schema_records.meta.c,
)


class Changes:
    """The change log of a scope. Numbers rise in the order of commits, with gaps."""

    def __init__(self, threads: Threads, bell: Bell) -> None:
        self._threads = threads
        self._bell = bell

    @property
    def commits(self) -> int:
        """How many commits have added to the log since it was opened."""
        return self._bell.rings

    async def more(self, commits: int) -> None:
        """Return once there were more commits than these; `commits` is taken before one reads."""
        await self._bell.wait(commits)

    async def told(self, scope: Scope, since: int | None, limit: int) -> ToldPage:
        """Changes behind the number `since`, with the UIDs of what they are about.

        None: behind the newest one, so that there are none, but one learns where to go on.
        """
        return await self._threads.query(partial(tell, scope, since, limit))

    async def forget(self, before_us: int, limit: int) -> int:
        """Forget the oldest changes, of all partitions, at most `limit`; how many.

        Those made before then; never the newest one. What is told says up to which.
        """
        work = partial(forget_changes, before_us, limit)
        return await self._threads.write(work, Priority.MAINTENANCE)

    async def page(self, scope: Scope, after: int = 0, limit: int = 1_000) -> ChangePage:
        """Changes with a higher number than `after`, by rising number."""
        return await self._threads.read(partial(_page, scope, after, limit))

    async def origins(self, scope: Scope, study_instance_uid: str, quiet_at: int) -> frozenset[str]:
        """How instances of a study came that made it quiet once more at the change `quiet_at`.

        These are those that came behind the change by which it was quiet before.
        """
        work = partial(read_origins, scope, study_instance_uid, quiet_at)
        return await self._threads.read(work)

    async def cursor(self, scope: Scope, consumer: str) -> int:
        """The last change that a consumer is done with; 0 when this epoch is new to it."""
        return await self._threads.read(partial(_read_cursor, scope, consumer))

    async def standing(self, scope: Scope, consumer: str) -> Standing | None:
        """How far a consumer has read, also of another epoch; None: it is new."""
        return await self._threads.read(partial(_read_standing, scope, consumer))

    async def move_cursor(self, scope: Scope, consumer: str, number: int) -> None:
        """Note that a consumer is done with all changes up to this one."""
        await self._threads.write(partial(_move_cursor, scope, consumer, number))


def _page(scope: Scope, after: int, limit: int, connection: Connection) -> ChangePage:
    chosen = select(schema_records.change).where(
        _change.partition_id == scope.partition, _change.id > after
    )
    if scope.studies is not None:
        studies = select(schema.study.c.id).where(
            schema.study.c.partition_id == scope.partition,
            schema.study.c.study_instance_uid.in_(sorted(scope.studies)),
        )
        chosen = chosen.where(_change.study_row.in_(studies))
    rows = connection.execute(chosen.order_by(_change.id).limit(limit))
    changes = tuple(
        Change(number, partition, ChangeKind(kind), *rest)
        for number, partition, kind, *rest in rows
    )
    return ChangePage(_epoch(connection), changes)


def _epoch(connection: Connection) -> str:
    chosen = select(_meta.value).where(_meta.key == schema_records.EPOCH)
    return str(connection.execute(chosen).scalar_one())


def _read_cursor(scope: Scope, consumer: str, connection: Connection) -> int:
    chosen = select(_cursor.number).where(
        _cursor.partition_id == scope.partition,
        _cursor.consumer == consumer,
        _cursor.epoch == _epoch(connection),
    )
    return connection.execute(chosen).scalar() or 0


def _read_standing(scope: Scope, consumer: str, connection: Connection) -> Standing | None:
    chosen = select(_cursor.epoch, _cursor.number).where(
        _cursor.partition_id == scope.partition, _cursor.consumer == consumer
    )
    found = connection.execute(chosen).first()
    return None if found is None else Standing(*found)


def _move_cursor(scope: Scope, consumer: str, number: int, session: WriteSession) -> None:
    values = {
        "partition_id": scope.partition,
        "consumer": consumer,
        "epoch": _epoch(session.connection),
        "number": number,
    }
    moved = insert_or_replace(schema_records.cursor, "epoch", "number").values(values)
    session.connection.execute(moved)
