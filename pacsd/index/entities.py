"""Entities by their numbers: the attributes that a query returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    bindparam,
    literal_column,
    select,
)

from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.index.columns import (
    NO_EXTRAS,
    SOP_CLASS_UID,
    TABLES,
    Extras,
    IndexedColumn,
    column_of,
    joined,
)
from pacsd.index.computed import (
    MODALITIES_IN_STUDY,
    SOP_CLASSES_IN_STUDY,
    first_instance,
)
from pacsd.index.recent import Recent
from pacsd.index.selections import slices
from pacsd.index.sqlite import driver, positional

_KEPT_STATEMENTS = 256
OWNER: Tag = 0
"""Stands for the number of an entity above, where columns are chosen."""

_COLLECTED = frozenset({MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY})
_SIZES = (1, 4, 16, 64, 256, 1_000)


@dataclass(frozen=True, slots=True)
class Entity:
    """A patient, study, series or instance as the index knows it.

    `values` has an entry for each attribute asked for, '' where it has no value.
    `first_instance` is the number of the first of its instances that peers may see, 0 if that was
    not asked for or there is none any more.
    """

    id: int
    values: Mapping[Tag, str]
    first_instance: int


def is_indexed(tag: Tag, level: Level, extras: Extras = NO_EXTRAS) -> bool:
    """Whether the index has the values of an attribute for entities of a level."""
    column = column_of(tag, level, extras)
    return column is not None and column.level <= level


def read_entities(
    level: Level,
    ids: Sequence[int],
    tags: tuple[Tag, ...],
    connection: Connection,
    *,
    with_first: bool = False,
    extras: Extras = NO_EXTRAS,
) -> list[Entity]:
    """The entities that there still are, in the order of these numbers; blocks.

    `tags` are indexed at that level.
    """
    columns = [column for tag in tags if (column := column_of(tag, level, extras)) is not None]
    above = _counted_above(level, columns)
    elsewhere = {column.tag for each in above.values() for column in each}
    own = [column for column in columns if column.tag not in elsewhere]
    owners = [IndexedColumn(each, OWNER, VR.UN, TABLES[each].c.id) for each in above]
    reader, found = _RowReader.of(own), dict[int, Entity]()
    for some in slices(ids):
        rows = _rows(level, some, [*own, *owners], connection, with_first=with_first)
        counted = _counted(above, rows, connection)
        for row in rows:
            values = reader.values(row)
            for each, owner in zip(above, row[len(own) + 2 :], strict=True):
                values |= counted[each, owner]
            found[row[0]] = Entity(row[0], values, row[1] or 0)
    return [found[each] for each in ids if each in found]


def _counted_above(
    level: Level, columns: Sequence[IndexedColumn]
) -> Mapping[Level, Sequence[IndexedColumn]]:
    """The columns that are computed for an entity of a level above: once for each is enough."""
    above: dict[Level, list[IndexedColumn]] = {}
    for column in columns:
        if column.level < level and isinstance(column.column, ScalarSelect):
            above.setdefault(column.level, []).append(column)
    return above


def _counted(
    above: Mapping[Level, Sequence[IndexedColumn]],
    rows: Sequence[tuple[Any, ...]],
    connection: Connection,
) -> dict[tuple[Level, int], dict[Tag, str]]:
    """What those columns say, by the number of the entity above, which ends the rows."""
    counted: dict[tuple[Level, int], dict[Tag, str]] = {}
    for place, (level, columns) in enumerate(above.items(), -len(above)):
        reader, owners = _RowReader.of(columns), sorted({row[place] for row in rows})
        for some in slices(owners):
            for row in _rows(level, some, columns, connection, with_first=False):
                counted[level, row[0]] = reader.values(row)
    return counted


@dataclass(frozen=True, slots=True)
class _RowReader:
    """The columns that stand in a row behind its two numbers, and those of collected words."""

    tags: tuple[Tag, ...]
    collected: tuple[Tag, ...]

    @classmethod
    def of(cls, columns: Sequence[IndexedColumn]) -> "_RowReader":
        tags = tuple(column.tag for column in columns)
        return cls(tags, tuple(tag for tag in tags if tag in _COLLECTED))

    def values(self, row: tuple[Any, ...]) -> dict[Tag, str]:
        """The values; '' for none."""
        values = {
            tag: value if type(value) is str else "" if value is None else str(value)
            for tag, value in zip(self.tags, row[2:], strict=False)
        }
        for tag in self.collected:
            values[tag] = "\\".join(sorted(values[tag].split("\\")))
        return values


def _rows(
    level: Level,
    ids: Sequence[int],
    columns: Sequence[IndexedColumn],
    connection: Connection,
    *,
    with_first: bool,
) -> list[tuple[Any, ...]]:
    size = next(each for each in _SIZES if each >= len(ids))
    shape = (level, size, tuple((each.tag, each.level, each.extra) for each in columns), with_first)
    known = _statements.get(shape)
    if known is None:
        known = positional(_statement(level, size, columns, with_first=with_first))
        _statements.put(shape, known)
    sql, names = known
    values = [*ids, *(ids[-1] for _ in range(size - len(ids)))]
    cursor = driver(connection).execute(sql, [values[int(name[1:])] for name in names])
    return cursor.fetchall()


def _statement(
    level: Level, size: int, columns: Sequence[IndexedColumn], *, with_first: bool
) -> Select[*tuple[Any, ...]]:
    first = min((column.level for column in columns), default=level)
    with_sop_class = any(column.tag == SOP_CLASS_UID for column in columns)
    table = TABLES[level]
    first_number: ColumnElement[Any] = first_instance(level) if with_first else literal_column("0")
    chosen = select(table.c.id, first_number, *(column.column for column in columns))
    tables = joined(min(first, level), level, with_sop_class=with_sop_class)
    return chosen.select_from(tables).where(
        table.c.id.in_([bindparam(f"p{number}") for number in range(size)])
    )


_statements: Recent[object, tuple[str, tuple[str, ...]]] = Recent(_KEPT_STATEMENTS)
