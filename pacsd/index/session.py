"""What a writing unit of work has in hand: the writer's connection, its counters and memories."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, cast

from sqlalchemy import Connection, Insert, Table, bindparam, func, select
from sqlalchemy.engine.interfaces import DBAPICursor

from pacsd.index import schema, schema_deliveries, schema_jobs, schema_records
from pacsd.index.recent import Recent
from pacsd.index.records import AuditRow, ChangeKind
from pacsd.index.sqlite import Statement, driver, prepared
from pacsd.index.words import Words

Answer = TypeVar("Answer")

Row: TypeAlias = tuple[Any, ...]
"""A row of a table or of a select, in the order of its columns."""

_SERIES_KEPT = 4_096
_AUDITED_KEPT = 4_096

# One counter for all of them: whatever is deleted leaves a change or an audit row behind, and so
# a higher number, so that no number is ever given twice; the newest job is never forgotten.
_NUMBERED = (
    schema.patient,
    schema.study,
    schema.series,
    schema.instance,
    schema_records.quarantine,
    schema_records.overlay,
    schema_records.deletion,
    schema_records.change,
    schema_records.audit,
    schema_records.extra_tag,
    schema_jobs.job,
    schema_deliveries.delivery,
)


_ADDING = frozenset(
    {
        ChangeKind.STORED,
        ChangeKind.HELD,
        ChangeKind.QUARANTINED,
        ChangeKind.SERIES_QUIET,
        ChangeKind.STUDY_QUIET,
    }
)
"""Changes that leave all as it is that was there."""
_KIND = 2
"""Its place in a row of the change log."""


class Place(NamedTuple):
    """Where an instance hangs; in no series: it is held."""

    study: int | None
    series: int | None


class NewHeader(NamedTuple):
    """A header, or metadata, that is written once the unit of work is committed."""

    instance: int
    series: int | None
    header: bytes


@dataclass(frozen=True, slots=True)
class Relaxed(Generic[Answer]):
    """A unit of work that may be lost in a power cut, so that its commit waits for no medium.

    What others were told of it must not matter then. It survives the death of the process, and the
    next unit that is durable makes it so.
    """

    work: "Callable[[WriteSession], Answer]"

    def __call__(self, session: "WriteSession") -> Answer:
        """Do it."""
        return self.work(session)


def insertion(insert: Insert) -> Insert:
    """An insert of whole rows: its parameters are the columns of its table, in their order."""
    return insert.values({each.name: bindparam(each.name) for each in insert.table.columns})


INSERT_CHANGE = insertion(schema_records.change.insert())


class WriteSession:
    """The writer's hand. One unit of work uses it at a time, within one transaction.

    What is remembered here may come from the transaction that runs: `forget` must follow when
    that is rolled back. `gone` are instances whose headers are to go once this is committed;
    `new_audit` is what was added to the audit trail;
    `has_logged`: it adds to the change log; `has_altered`: something is no more as it was;
    `has_queued`: a job may be due that was not.
    """

    def __init__(self, connection: Connection, now_us: Callable[[], int]) -> None:
        self.connection = connection
        self.now_us = now_us
        self.words = Words(connection)
        self.series: Recent[Row, Place] = Recent(_SERIES_KEPT)
        self.audited: Recent[Row, int] = Recent(_AUDITED_KEPT)
        self.quarantined: dict[int, int] = {}
        self.set_aside: dict[int, int] = {}
        self.new_headers: list[NewHeader] = []
        self.new_metadata: list[NewHeader] = []
        self.gone: list[int] = []
        self.new_audit: list[AuditRow] = []
        self.has_logged = False
        self.has_altered = False
        self.has_queued = False
        self._cursor = cast("DBAPICursor", driver(connection).cursor())
        self._prepared: dict[Statement, str] = {}
        self._next_id = 1 + max(self._highest(table) for table in _NUMBERED)
        connection.rollback()

    def forget(self) -> None:
        """Remember nothing of a transaction that was rolled back, but that it may have altered."""
        self.words.forget()
        self.series.clear()
        self.audited.clear()
        self.quarantined.clear()
        self.set_aside.clear()
        self.new_headers.clear()
        self.new_metadata.clear()
        self.gone.clear()
        self.new_audit.clear()
        self.has_logged = False
        self.has_queued = False

    def take_ids(self, count: int = 1) -> int:
        """The first of `count` new numbers in a row."""
        first = self._next_id
        self._next_id += count
        return first

    # Statements run below SQLAlchemy, whose own way costs 20 us each. They are constants of their
    # modules, compiled once; parameters stand in the order in which they were written.

    def fetch(self, selected: Statement, *parameters: object) -> list[Row]:
        """The rows that a select finds."""
        self._cursor.execute(self._sql(selected), parameters)
        return list(self._cursor.fetchall())

    def execute(self, statement: Statement, *parameters: object) -> None:
        """Run a statement."""
        self._cursor.execute(self._sql(statement), parameters)

    def write(self, statement: Statement, rows: Sequence[Row]) -> int:
        """Run a statement for each row; the number of rows written."""
        if not rows:
            return 0
        self._cursor.executemany(self._sql(statement), rows)
        return self._cursor.rowcount

    def log(
        self,
        partition: int,
        kind: ChangeKind,
        place: Place,
        instance: int | None,
        quarantined: int | None = None,
    ) -> None:
        """Append to the change log."""
        what = (kind.value, self.now_us(), *place, instance, quarantined)
        self.log_all([(self.take_ids(), partition, *what)])

    def log_all(self, changes: Sequence[Row]) -> None:
        """Append rows to the change log, by rising number."""
        self.has_logged = self.write(INSERT_CHANGE, changes) > 0 or self.has_logged
        self.has_altered = self.has_altered or any(row[_KIND] not in _ADDING for row in changes)

    def _sql(self, statement: Statement) -> str:
        sql = self._prepared.get(statement)
        if sql is None:
            sql = self._prepared[statement] = prepared(statement)
        return sql

    def _highest(self, table: Table) -> int:
        return self.connection.execute(select(func.max(table.c.id))).scalar() or 0
