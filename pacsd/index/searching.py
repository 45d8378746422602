"""The entities of a level that match a query: their numbers, found by one statement.

Statements are built once for all queries of a shape. What SQL lets through too much is looked at
here, row by row as the database gives them.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, literal_column, select

from pacsd.dicom.level import Level
from pacsd.dicom.matching import matcher
from pacsd.dicom.moments import TIMEZONE_OFFSET_FROM_UTC
from pacsd.dicom.query import BetweenMoments, Condition, tags_of
from pacsd.dicom.tag import Tag
from pacsd.index import schema
from pacsd.index.clauses import Clause, binds, clause_of, equals
from pacsd.index.columns import (
    NO_EXTRAS,
    SOP_CLASS_UID,
    TABLES,
    Extras,
    IndexedColumn,
    column_of,
    joined,
)
from pacsd.index.computed import is_shown
from pacsd.index.errors import QueryTooCostly
from pacsd.index.recent import Recent
from pacsd.index.records import Scope
from pacsd.index.sqlite import driver, interrupted_at, positional

_FETCHED = 256
_KEPT_STATEMENTS = 256
_KEPT_PARAMETERS = 256
"""Statements of more are made anew each time: there are too many shapes of them to be kept."""


class Order(StrEnum):
    """Which entities come first, and so which ones where no more than a limit are given."""

    FOUND = "found"
    """Whatever the database finds first; of these the lowest number."""
    ARRIVAL = "arrival"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Search:
    """A query for the index: conditions it knows all columns of, and how much it may take.

    At most `limit` numbers are given; `budget_s` of the database's time is the most.
    """

    scope: Scope
    level: Level
    conditions: tuple[Condition, ...]
    limit: int
    budget_s: float
    extras: Extras = field(default_factory=dict)
    order: Order = Order.FOUND


def knows(condition: Condition, level: Level, extras: Extras = NO_EXTRAS) -> bool:
    """Whether the index alone can tell if an entity of a level fulfils a condition."""
    return clause_of(condition, level, 0, extras) is not None


def search(asked: Search, connection: Connection) -> list[int]:
    """The numbers of the entities, rising but for the newest first; blocks.

    Raises:
        QueryTooCostly: it would take longer than its budget.
    """
    plan = _Plan(asked)
    deadline = time.monotonic() + asked.budget_s
    try:
        with interrupted_at(connection, deadline):
            found = plan.run(connection, deadline)
    except TimeoutError:
        raise QueryTooCostly(asked.budget_s) from None
    return sorted(found) if asked.order is Order.FOUND else list(found)


class _Plan:
    """One statement, and what is to be looked at again in its rows."""

    def __init__(self, asked: Search) -> None:
        self._asked = asked
        self._clauses: list[Clause] = []
        self._again: list[Condition] = []
        levels = {asked.level}
        self._has_sop_class = False
        for condition in asked.conditions:
            clause = clause_of(condition, asked.level, asked.scope.partition, asked.extras)
            if clause is None:
                raise AssertionError(f"{condition} is not for the index")
            self._clauses.append(clause)
            if not clause.is_exact:
                self._again.append(condition)
            for column in _columns([condition], asked):
                levels.add(column.level)
                self._has_sop_class |= column.tag == SOP_CLASS_UID
        if asked.scope.studies is not None:
            levels.add(Level.STUDY)
            study = schema.study.c.study_instance_uid
            self._clauses.append(equals(study, "scope", sorted(asked.scope.studies) or [""]))
        self._first, self._last = min(levels), max(levels)
        self._looked_at = list(_columns(self._again, asked))
        self._matches = matcher(self._again)

    def run(self, connection: Connection, deadline: float) -> Iterable[int]:
        sql, names = self._statement()
        values = dict(enumerate((self._asked.scope.partition, *self._parameters())))
        cursor = driver(connection).execute(sql, [values[int(name[1:])] for name in names])
        found: dict[int, None] = {}
        try:
            # Of what is looked at again most may go, so that a small limit says nothing.
            size = _FETCHED if self._again else max(1, min(_FETCHED, self._asked.limit))
            while rows := cursor.fetchmany(size):
                found.update((row[0], None) for row in rows if self._is_wanted(row))
                if len(found) >= self._asked.limit:
                    numbers = found if self._is_ordered else sorted(found)
                    return islice(numbers, self._asked.limit)
                if time.monotonic() > deadline:
                    raise TimeoutError
        finally:
            cursor.close()
        return found

    def _is_wanted(self, row: Sequence[Any]) -> bool:
        return not self._again or self._matches(_Row(self._looked_at, row[1:]))

    def _parameters(self) -> Iterator[object]:
        for clause in self._clauses:
            yield from clause.parameters

    def _statement(self) -> tuple[str, tuple[str, ...]]:
        shape = (
            self._asked.level,
            self._first,
            self._last,
            tuple(clause.signature for clause in self._clauses),
            tuple((column.tag, column.extra) for column in self._looked_at),
            self._asked.order,
        )
        known = _statements.get(shape)
        if known is None:
            known = positional(self._select())
            if len(known[1]) <= _KEPT_PARAMETERS:
                _statements.put(shape, known)
        return known

    def _select(self) -> Select[*tuple[Any, ...]]:
        asked, parameters = self._asked, binds()
        table = TABLES[asked.level]
        # The partition is asked of one table only, the one that most likely leads: the database
        # takes a column that nearly all rows share for a selective one. Where only the order is
        # asked for it must not: by an index of the partition it would look at all, and sort them.
        partition: ColumnElement[Any] = TABLES[self._leading()].c.partition_id
        if self._is_ordered and not self._clauses:
            partition += literal_column("0")
        of_partition = partition == next(parameters)
        chosen = select(table.c.id, *(column.column for column in self._looked_at))
        chosen = chosen.select_from(
            joined(self._first, self._last, with_sop_class=self._has_sop_class)
        )
        if not any(clause.is_of_partition for clause in self._clauses):
            chosen = chosen.where(of_partition)
        chosen = chosen.where(*(clause.build(parameters) for clause in self._clauses))
        return self._ordered(chosen.where(is_shown(self._last)), table.c.id)

    @property
    def _is_ordered(self) -> bool:
        return self._asked.order is not Order.FOUND

    def _ordered(self, chosen: Select[*tuple[Any, ...]], id_: Any) -> Select[*tuple[Any, ...]]:
        if not self._is_ordered:
            return chosen
        # With conditions the database sorts what it found by them. Left the choice, it might walk
        # through all numbers and look at each.
        number = id_ + literal_column("0") if self._clauses else id_
        return chosen.order_by(number.desc() if self._asked.order is Order.NEWEST else number)

    def _leading(self) -> Level:
        """The level of the most selective condition."""
        columns = list(_columns(self._asked.conditions, self._asked))
        if not columns:
            return self._asked.level
        return min(columns, key=_selectivity).level


class _Row:
    """What was read of an entity, for another look."""

    def __init__(self, columns: Sequence[IndexedColumn], values: Sequence[Any]) -> None:
        self._values = {column.tag: value for column, value in zip(columns, values, strict=True)}

    def texts(self, tag: Tag, /) -> Sequence[str]:
        """The values of an attribute."""
        value = self._values.get(tag)
        return () if value in {None, ""} else str(value).split("\\")

    def items(self, _: Tag, /) -> Sequence["_Row"]:
        """None: sequences have no columns."""
        return ()


def _columns(conditions: Sequence[Condition], asked: Search) -> Iterator[IndexedColumn]:
    """The columns that conditions look at, each once."""
    seen: set[Tag] = set()
    for condition in conditions:
        tags = tags_of(condition)
        if isinstance(condition, BetweenMoments):
            tags = (*tags, TIMEZONE_OFFSET_FROM_UTC)
        for tag in tags:
            column = column_of(tag, asked.level, asked.extras)
            if column is not None and tag not in seen:
                seen.add(tag)
                yield column


_SELECTIVE: Mapping[Tag, int] = {
    0x00080018: 0,  # SOP Instance UID
    0x0020000E: 1,  # Series Instance UID
    0x0020000D: 2,  # Study Instance UID
    0x00100020: 3,  # Patient ID
    0x00080050: 4,  # Accession Number
    0x00100010: 5,  # Patient's Name
    0x00080020: 6,  # Study Date
}


def _selectivity(column: IndexedColumn) -> int:
    return _SELECTIVE.get(column.tag, len(_SELECTIVE))


_statements: Recent[object, tuple[str, tuple[str, ...]]] = Recent(_KEPT_STATEMENTS)
