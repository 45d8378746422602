"""Series and studies that got instances, until none has come for a while.

Who reads the change log notes them here, in the transaction that moves its cursor. When their time
has come they are forgotten in the transaction that appends to the log that they are quiet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from sqlalchemy import Connection, bindparam, delete, func, literal_column, select

from pacsd.dicom.level import Level
from pacsd.index import schema, schema_jobs, schema_records
from pacsd.index.adding_jobs import move_cursor
from pacsd.index.change_records import CursorMove
from pacsd.index.records import ChangeKind, InstanceState
from pacsd.index.session import Place, Relaxed, WriteSession, insertion
from pacsd.index.sqlite import at_most, insert_or_replace
from pacsd.index.threads import Threads

KINDS: Mapping[Level, ChangeKind] = MappingProxyType(
    {Level.SERIES: ChangeKind.SERIES_QUIET, Level.STUDY: ChangeKind.STUDY_QUIET}
)

COMING = (ChangeKind.STORED, ChangeKind.RESTORED)
"""Changes by which an instance is there that was not."""

_quiet, _change = schema_jobs.quiet.c, schema_records.change.c
_NOTE = insertion(insert_or_replace(schema_jobs.quiet, "due_us"))
_DUE = at_most(
    select(_quiet.level, _quiet.owner_row, _quiet.partition_id)
    .where(_quiet.due_us <= bindparam("now"))
    .order_by(_quiet.due_us, _quiet.level, _quiet.owner_row),
    bindparam("number"),
)
_FORGET = delete(schema_jobs.quiet).where(
    _quiet.level == bindparam("its_level"), _quiet.owner_row == bindparam("row")
)
_CAME = (
    _change.study_row == bindparam("study"),
    _change.id > bindparam("read_to"),
    _change.kind.in_([literal_column(str(kind.value)) for kind in COMING]),
)
_COME_TO_STUDY = at_most(select(_change.id).where(*_CAME), literal_column("1"))
_COME_TO_SERIES = at_most(
    select(_change.id).where(*_CAME, _change.series_row == bindparam("series")),
    literal_column("1"),
)
_SERIES = select(schema.series.c.study_row, schema.series.c.id).where(
    schema.series.c.id == bindparam("row")
)
_LIVE = schema.instance.c.state == literal_column(str(InstanceState.LIVE.value))
_IN_SERIES = (
    select(func.count())
    .select_from(schema.instance)
    .where(schema.instance.c.series_row == bindparam("row"), _LIVE)
)
_IN_STUDY = (
    select(func.count())
    .select_from(
        schema.series.join(schema.instance, schema.instance.c.series_row == schema.series.c.id)
    )
    .where(schema.series.c.study_row == bindparam("row"), _LIVE)
)
_STUDY = select(schema.study.c.id).where(schema.study.c.id == bindparam("row"))


@dataclass(frozen=True, slots=True)
class Touched:
    """A series or a study (our number of it) that counts as quiet from `due_us` on."""

    level: Level
    row: int
    due_us: int


class QuietTimers:
    """The times at which series and studies count as quiet."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def note(self, touched: Sequence[Touched], moving: CursorMove) -> None:
        """Set the time of each, in place of the one it had; `moving` is done with it.

        Both may be lost in a power cut, together.
        """
        await self._threads.write(Relaxed(partial(_note, tuple(touched), moving)))

    async def tell_due(self, read_to: int, limit: int) -> int:
        """Append to the change log which are quiet by now, of at most `limit` that are due.

        Not those to which an instance has come behind the change `read_to`, whose time is not set
        yet; nor what is no more there. Returns how many timers are gone.
        """
        return await self._threads.write(partial(_tell_due, read_to, limit))

    async def counts(self, places: Sequence[tuple[Level, int]]) -> Mapping[tuple[Level, int], int]:
        """How many instances are shown of each series or study, by level and our number of it."""
        return await self._threads.read(partial(_counts, tuple(places)))

    async def next_due_us(self) -> int | None:
        """When the next one is due."""
        return await self._threads.read(_next_due)


def _note(touched: Sequence[Touched], moving: CursorMove, session: WriteSession) -> None:
    rows = [(each.level.value, each.row, moving.partition, each.due_us) for each in touched]
    session.write(_NOTE, rows)
    move_cursor(session, moving)


def _tell_due(read_to: int, limit: int, session: WriteSession) -> int:
    gone = []
    for level, row, partition in session.fetch(_DUE, session.now_us(), limit):
        place = _place(Level(level), row, session)
        if place is not None:
            if _has_come(place, read_to, session):
                continue
            session.log(partition, KINDS[Level(level)], place, None)
        gone.append((level, row))
    session.write(_FORGET, gone)
    return len(gone)


def _has_come(place: Place, read_to: int, session: WriteSession) -> bool:
    """Whether an instance came behind a change: to the series, or to any if there is none."""
    if place.series is None:
        return bool(session.fetch(_COME_TO_STUDY, place.study, read_to))
    return bool(session.fetch(_COME_TO_SERIES, place.study, read_to, place.series))


def _place(level: Level, row: int, session: WriteSession) -> Place | None:
    if level is Level.SERIES:
        found = session.fetch(_SERIES, row)
        return Place(*found[0]) if found else None
    return Place(row, None) if session.fetch(_STUDY, row) else None


def _counts(
    places: Sequence[tuple[Level, int]], connection: Connection
) -> dict[tuple[Level, int], int]:
    counted = {Level.SERIES: _IN_SERIES, Level.STUDY: _IN_STUDY}
    return {
        (level, row): connection.execute(counted[level], {"row": row}).scalar_one()
        for level, row in places
    }


def _next_due(connection: Connection) -> int | None:
    return connection.execute(select(func.min(_quiet.due_us))).scalar()
