"""Conditions of a query as SQL: what a row must fulfil at least, and whether that is all.

A clause that is not exact lets too many rows through, and `pacsd.dicom.matching` looks at these
again: so whatever a peer asks for, the database only ever compares, and finds one text in another.
A clause has a signature; those of the same signature differ in their parameters only, so that a
statement is built once for many queries.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    literal_column,
    or_,
    select,
    true,
    union,
)

from pacsd.dicom.level import Level
from pacsd.dicom.moments import shifted
from pacsd.dicom.name_matching import NamePattern
from pacsd.dicom.query import (
    Between,
    BetweenMoments,
    Condition,
    HasItem,
    Missing,
    Moment,
    Names,
    Patterns,
    SoundsLike,
    Values,
)
from pacsd.dicom.sounds import sound_codes
from pacsd.dicom.values import parse_integer
from pacsd.dicom.vr import VR
from pacsd.dicom.wildcard import Pattern
from pacsd.index import schema, schema_records
from pacsd.index.attributes import PATIENT_NAME, PATIENT_NAME_SOUNDS
from pacsd.index.columns import NO_EXTRAS, TABLES, Extras, IndexedColumn, column_of
from pacsd.index.computed import (
    MODALITIES_IN_STUDY,
    SOP_CLASSES_IN_STUDY,
    has_instance,
    has_series,
)
from pacsd.index.sqlite import holds, values_of_list

Parameter: TypeAlias = str | int
Binds: TypeAlias = Iterator[BindParameter[Any]]

_ROUNDING = (1, 2, 4, 8, 16, 32, 64)
_LAST_CHARACTER = "\U0010ffff"
_BEFORE_SURROGATES, _BEHIND_SURROGATES = "\ud7ff", "\ue000"
_HOURS_OF_ZONES = 26
"""Between the westernmost time zone and the easternmost."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition's part of a WHERE. `build` takes its parameters as they come.

    `is_of_partition`: what it lets through is of the partition already.
    """

    signature: tuple[object, ...]
    parameters: tuple[Parameter, ...]
    build: Callable[[Binds], ColumnElement[bool]]
    is_exact: bool
    is_of_partition: bool = False


def binds() -> Binds:
    """Parameters without a value yet, named in their order."""
    number = 0
    while True:
        yield bindparam(f"p{number}")
        number += 1


def clause_of(
    condition: Condition, level: Level, partition: int, extras: Extras = NO_EXTRAS
) -> Clause | None:
    """The clause of a condition at a level; None if the index does not know its attribute."""
    if isinstance(condition, BetweenMoments):
        return _between_moments(condition, level, extras)
    column = column_of(condition.tag, level, extras)
    if column is None:
        return None
    if column.extra:
        return _of_extra(condition, column)
    if column.tag in _STUDIED:
        return _studied(condition, column)
    if isinstance(condition, Names):
        return _names(condition, column, partition)
    make = _CLAUSES.get(type(condition))
    return None if make is None else make(condition, column)


def equals(column: ColumnElement[Any], name: str, values: Sequence[Parameter]) -> Clause:
    """One of these values; the list is filled up, so that there are few signatures."""
    if len(values) > _ROUNDING[-1]:
        return _listed(column, name, values)
    size = next(each for each in _ROUNDING if each >= len(values))
    padded = (*values, *(values[-1] for _ in range(size - len(values))))

    def build(parameters: Binds) -> ColumnElement[bool]:
        if size == 1:
            return column == next(parameters)
        return column.in_([next(parameters) for _ in range(size)])

    return Clause((name, size), padded, build, is_exact=True)


def _listed(column: ColumnElement[Any], name: str, values: Sequence[Parameter]) -> Clause:
    """Of a long list: it is one parameter, so that its statement is short, and one for all."""

    def build(parameters: Binds) -> ColumnElement[bool]:
        return column.in_(values_of_list(next(parameters)))

    return Clause((name, "listed"), (json.dumps(values),), build, is_exact=True)


def _values(condition: Values, column: IndexedColumn) -> Clause:
    name = f"equals {column.level} {column.tag:08X}"
    if column.is_number:
        numbers = [n for value in condition.values if (n := parse_integer(value)) is not None]
        return equals(column.column, name, numbers) if numbers else _nothing()
    if column.vr == VR.DS:
        return _any(column)  # as text `70.0` and `70` are not the same
    if not column.is_multiple:
        return equals(column.column, name, condition.values)
    return _any_of(
        f"holds {column.level} {column.tag:08X}",
        [(Pattern(f"*{value}*"), column.column) for value in condition.values],
        is_exact=False,
    )


def _studied(condition: Condition, column: IndexedColumn) -> Clause | None:
    """Of what is computed over a study: one of its series, or instances, has it."""
    instance, sop_class = schema.instance.alias(), schema.sop_class.alias()
    series = schema.series.alias()
    is_class = column.tag == SOP_CLASSES_IN_STUDY
    word = sop_class.c.word if is_class else series.c.modality
    of_one = replace(column, column=word, is_multiple=False)
    if isinstance(condition, Values):
        one = _values(condition, of_one)
    elif isinstance(condition, Patterns):
        one = _patterns(condition, of_one)
    else:
        return None

    def build(parameters: Binds) -> ColumnElement[bool]:
        is_wanted = one.build(parameters)
        if is_class:
            return has_instance(is_wanted, instance, sop_class)
        return has_series(is_wanted, series)

    return Clause(one.signature, one.parameters, build, is_exact=one.is_exact)


def _of_extra(condition: Condition, column: IndexedColumn) -> Clause | None:
    """Of a user-chosen tag: the entity is among those that own such a value.

    Values are kept as they came, so all but plain text is looked at again.
    """
    owner, values = TABLES[column.level].c.id, schema_records.extra_value.c
    of_value = replace(column, column=values.value)
    if isinstance(condition, Patterns) or (isinstance(condition, Values) and column.vr in _PLAIN):
        one = _CLAUSES[type(condition)](condition, of_value)
    elif isinstance(condition, HasItem):
        return None
    else:
        one = _any(of_value)
    is_missing = isinstance(condition, Missing)

    def build(parameters: Binds) -> ColumnElement[bool]:
        is_its = values.extra_tag_row == next(parameters)
        owners = select(values.owner_row).where(is_its, one.build(parameters))
        return owner.not_in(owners) if is_missing else owner.in_(owners)

    signature = ("extra", is_missing, column.level, *one.signature)
    return Clause(signature, (column.extra, *one.parameters), build, is_exact=is_missing)


def _patterns(condition: Patterns, column: IndexedColumn) -> Clause:
    patterns = [Pattern(each) for each in condition.patterns]
    name = f"like {column.level} {column.tag:08X}"
    if column.is_multiple:
        held = [(Pattern(f"*{each.longest_literal}*"), column.column) for each in patterns]
        return _any_of(name + " among", held, is_exact=False)
    if not any(each.has_wildcards for each in patterns):
        return equals(column.column, name, condition.patterns)
    is_exact = all(
        each.is_prefix or each.is_substring or not each.has_wildcards for each in patterns
    )
    return _any_of(name, [(each, column.column) for each in patterns], is_exact=is_exact)


def _names(condition: Names, column: IndexedColumn, partition: int) -> Clause:
    name = f"name {column.level} {column.tag:08X}"
    if column.folded is None:
        raise AssertionError(f"{column.tag:08X} is no name")
    keys = [NamePattern(each) for each in condition.patterns]
    if len(keys) > 1 or not keys[0].prefix:
        held = [(Pattern(f"*{key.literal}*"), column.folded) for key in keys]
        is_exact = len(keys) == 1 and keys[0].is_substring and not condition.is_exact
        return _any_of(name + " holds", held, is_exact=is_exact)
    prefix = Pattern(keys[0].prefix + "*")
    is_exact = keys[0].is_prefix and not condition.is_exact
    if keys[0].is_in_any_group and column.tag == PATIENT_NAME:
        return _patient_name(prefix, partition, is_exact=is_exact)
    before = "\\" if column.is_multiple else ""
    if keys[0].is_in_any_group:
        before += "="
    inner = [Pattern(f"*{delimiter}{keys[0].prefix}*") for delimiter in before]
    places = [(each, column.folded) for each in (prefix, *inner)]
    return _any_of(name + " begins", places, is_exact=is_exact)


def _patient_name(prefix: Pattern, partition: int, *, is_exact: bool) -> Clause:
    """What begins so, in the first component group or in one of the few names with several."""
    begins, grouped = schema.patient.alias("begins"), schema.patient.alias("grouped")

    def build(parameters: Binds) -> ColumnElement[bool]:
        of_partition = begins.c.partition_id == next(parameters)
        is_first = _like(begins.c.patient_name_folded, prefix, parameters)
        # As the partial index says it.
        has_groups = holds(grouped.c.patient_name_folded, literal_column("'='"))
        is_other = holds(grouped.c.patient_name_folded, next(parameters))
        return schema.patient.c.id.in_(
            union(
                select(begins.c.id).where(of_partition, is_first),
                select(grouped.c.id).where(
                    grouped.c.partition_id == next(parameters), has_groups, is_other
                ),
            )
        )

    like = _like_parameters(prefix)
    parameters: tuple[Parameter, ...] = (partition, *like, "=" + prefix.prefix, partition)
    return Clause(("patient name",), parameters, build, is_exact=is_exact, is_of_partition=True)


def _sounds_like(condition: SoundsLike, column: IndexedColumn) -> Clause:
    """Of patients' names the codes are kept; of others all are looked at that there are."""
    if column.tag != PATIENT_NAME:
        return _any(column)
    codes = [sorted(sound_codes(name)) for name in condition.names]
    sounds = schema.patient.c[PATIENT_NAME_SOUNDS]

    def build(parameters: Binds) -> ColumnElement[bool]:
        return or_(*(and_(*(holds(sounds, next(parameters)) for _ in words)) for words in codes))

    if not all(codes):
        return _nothing()
    held = tuple(f" {code} " for words in codes for code in words)
    return Clause(("sounds like", tuple(map(len, codes))), held, build, is_exact=True)


def _between(condition: Between, column: IndexedColumn) -> Clause:
    low, high = condition.low, condition.high

    def build(parameters: Binds) -> ColumnElement[bool]:
        parts = []
        if low is not None:
            parts.append(column.column >= next(parameters))
        if high is not None:
            parts.append(column.column <= next(parameters))
        return and_(*parts) if parts else column.column.is_not(None)

    name = f"between {column.level} {column.tag:08X}"
    ends = tuple(end for end in (low, high) if end is not None)
    signature = (name, low is not None, high is not None)
    return Clause(signature, ends, build, is_exact=not column.is_multiple)


def _between_moments(condition: BetweenMoments, level: Level, extras: Extras) -> Clause | None:
    """The days that can hold such a moment, in whatever zone; of a time alone, all that have one.

    How far a time moves does not depend on the date, so that it is looked for without one.
    """
    date = column_of(condition.date_tag, level, extras)
    time = column_of(condition.time_tag, level, extras)
    low, high = condition.low, condition.high
    if time is None or not (low or high):
        return None
    hours = 0 if condition.offset_minutes is None else _HOURS_OF_ZONES
    first, last = _day(low, -hours), _day(high, hours)
    if first is None and last is None:
        return _inexact(Between(condition.time_tag, time.vr, None, None), time)
    if date is None:
        return None
    return _inexact(Between(condition.date_tag, date.vr, first, last), date)


def _inexact(condition: Between, column: IndexedColumn) -> Clause | None:
    clause = _of_extra(condition, column) if column.extra else _between(condition, column)
    return None if clause is None else replace(clause, is_exact=False)


def _day(moment: Moment | None, hours: int) -> str | None:
    if moment is None or not moment.date:
        return None
    found = shifted(moment.date, moment.time or ("235959" if hours > 0 else ""), hours * 60)
    return moment.date if found is None else found[0]


def _missing(_: Missing, column: IndexedColumn) -> Clause:
    def build(_parameters: Binds) -> ColumnElement[bool]:
        return or_(column.column.is_(None), column.column == literal_column("''"))

    return Clause((f"missing {column.level} {column.tag:08X}",), (), build, is_exact=True)


def _any_of(
    name: str, patterns: Sequence[tuple[Pattern, ColumnElement[Any]]], *, is_exact: bool
) -> Clause:
    kinds = tuple(_kind(each) for each, _ in patterns)
    parameters = tuple(p for each, _ in patterns for p in _like_parameters(each))

    def build(parameters: Binds) -> ColumnElement[bool]:
        return or_(*(_like(column, each, parameters) for each, column in patterns))

    return Clause((name, kinds), parameters, build, is_exact=is_exact)


def _kind(each: Pattern) -> tuple[bool, bool, bool]:
    return each.has_wildcards, bool(each.prefix), _has_inner_literal(each)


def _like_parameters(each: Pattern) -> Iterator[str]:
    if not each.has_wildcards:
        yield each.text
        return
    if each.prefix:
        yield each.prefix
        yield behind(each.prefix)
    if _has_inner_literal(each):
        yield each.longest_literal


def _like(column: ColumnElement[Any], each: Pattern, parameters: Binds) -> ColumnElement[bool]:
    if not each.has_wildcards:
        return column == next(parameters)
    parts: list[ColumnElement[bool]] = []
    if each.prefix:
        parts += [column >= next(parameters), column < next(parameters)]
    if _has_inner_literal(each):
        parts.append(holds(column, next(parameters)))
    return and_(*parts) if parts else column.is_not(None)


def _has_inner_literal(each: Pattern) -> bool:
    return bool(each.longest_literal) and each.longest_literal != each.prefix


def behind(prefix: str) -> str:
    """The first text behind all that begin so, in the order of code points."""
    for at in range(len(prefix) - 1, -1, -1):
        last = prefix[at]
        if last == _LAST_CHARACTER:
            continue
        following = _BEHIND_SURROGATES if last == _BEFORE_SURROGATES else chr(ord(last) + 1)
        return prefix[:at] + following
    return _LAST_CHARACTER * (len(prefix) + 1)


def _any(column: IndexedColumn) -> Clause:
    """What has a value at all."""
    signature = (f"any {column.level} {column.tag:08X}",)
    return Clause(signature, (), lambda _: column.column.is_not(None), is_exact=False)


def _nothing() -> Clause:
    return Clause(("nothing",), (), lambda _: ~true(), is_exact=True)


# Equal values have equal texts.
_PLAIN = frozenset({VR.AE, VR.AS, VR.CS, VR.LO, VR.SH, VR.UI, VR.UC, VR.UR})
_STUDIED = frozenset({MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY})
_CLAUSES: dict[type, Callable[[Any, IndexedColumn], Clause]] = {
    Values: _values,
    Patterns: _patterns,
    SoundsLike: _sounds_like,
    Between: _between,
    Missing: _missing,
}
