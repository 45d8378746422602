"""The Identifier of a query or retrieval: its keys become a `Query` (PS3.4 section C.4).

Hierarchical unless relational queries were negotiated: then the unique keys of the levels above
must have a single value each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET, DataSet, read_data_set
from pacsd.dicom.errors import IdentifierError, KeyValueError, ScanError
from pacsd.dicom.headers import Buffer
from pacsd.dicom.level import Level
from pacsd.dicom.moments import offset_minutes, read_range
from pacsd.dicom.name_matching import name_pattern
from pacsd.dicom.query import (
    Between,
    BetweenMoments,
    Condition,
    HasItem,
    Missing,
    Moment,
    Names,
    Patterns,
    Query,
    ReturnKey,
    SoundsLike,
    Values,
)
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag, element
from pacsd.dicom.text import printable
from pacsd.dicom.vr import VR, is_text
from pacsd.dicom.wildcard import pattern

QUERY_RETRIEVE_LEVEL: Tag = 0x00080052
RETRIEVE_AE_TITLE: Tag = 0x00080054
INSTANCE_AVAILABILITY: Tag = 0x00080056
TIMEZONE_OFFSET_FROM_UTC: Tag = 0x00080201
MAX_IDENTIFIER_BYTES = 4 * 1024 * 1024
"""Room for a list of 60,000 UIDs."""
MAX_VALUES = 16_384
"""The longest list of UIDs, or of values, in one key."""

UNIQUE_KEYS = {
    Level.PATIENT: 0x00100020,
    Level.STUDY: 0x0020000D,
    Level.SERIES: 0x0020000E,
    Level.INSTANCE: 0x00080018,
}
"""PS3.4 section C.6.1.1: what tells the entities of a level apart."""

_ALL_LEVELS = tuple(Level)
_EMPTY = '""'
_WILD_VRS = frozenset({
    VR.AE, VR.CS, VR.LO, VR.LT, VR.SH, VR.ST, VR.UC, VR.UR, VR.UT,
})  # fmt: skip
_RANGE_VRS = frozenset({VR.DA, VR.TM, VR.DT})
_VALUE_VRS = frozenset({
    VR.UI, VR.IS, VR.DS, VR.AS, VR.AT, VR.US, VR.SS, VR.UL, VR.SL, VR.UV, VR.SV, VR.FL, VR.FD,
})  # fmt: skip
NOT_OF_ENTITIES = frozenset({
    SPECIFIC_CHARACTER_SET, QUERY_RETRIEVE_LEVEL, RETRIEVE_AE_TITLE, INSTANCE_AVAILABILITY,
    TIMEZONE_OFFSET_FROM_UTC,
})  # fmt: skip
"""They say how, where or in what an entity is answered, and are never matched."""

TIME_OF_DATE = {
    0x00080020: 0x00080030, 0x00080021: 0x00080031, 0x00080022: 0x00080032,
    0x00080023: 0x00080033, 0x00400244: 0x00400245,
}  # fmt: skip
"""A date and the time of day that goes with it."""


@dataclass(frozen=True, slots=True)
class Model:
    """An information model: its levels, the outermost first (PS3.4 section C.6)."""

    levels: tuple[Level, ...] = _ALL_LEVELS


PATIENT_ROOT = Model()
STUDY_ROOT = Model(_ALL_LEVELS[1:])
PATIENT_STUDY_ONLY = Model(_ALL_LEVELS[:2])


@dataclass(frozen=True, slots=True)
class Manner:
    """How keys are matched: what was negotiated (PS3.4 section C.5.1.1), and our settings."""

    is_relational: bool = False
    combines_datetimes: bool = False
    is_fuzzy: bool = False
    adjusts_timezone: bool = False
    names_are_exact: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What an Identifier asks for.

    `charset` is its Specific Character Set, as written; `unmatched` are keys whose values mean
    nothing to us. `offset_minutes` is the zone in which dates and times are to be answered.
    """

    query: Query
    charset: bytes
    unmatched: tuple[Tag, ...]
    offset_minutes: int | None = None


def read_query(raw: Buffer, syntax: TransferSyntax, model: Model, manner: Manner) -> Asked:
    """What the Identifier of a C-FIND asks for (PS3.4 section C.4.1.1.3).

    Raises:
        IdentifierError: it asks for nothing that could be looked for.
    """
    identifier = _read(raw, syntax)
    level = _level(identifier, model)
    if not manner.is_relational:
        _check_levels_above(identifier, level, model)
    keys = _Keys(identifier, manner)
    return Asked(
        Query(level, tuple(keys.conditions()), tuple(_returned(identifier))),
        identifier.raw(SPECIFIC_CHARACTER_SET),
        tuple(keys.unmatched),
        keys.offset_minutes,
    )


def read_retrieval(
    raw: Buffer, syntax: TransferSyntax, model: Model, *, is_relational: bool
) -> Query:
    """The instances that the Identifier of a C-MOVE or C-GET names (PS3.4 section C.4.2.1.4).

    Raises:
        IdentifierError: it names none.
    """
    identifier = _read(raw, syntax)
    level = _level(identifier, model)
    if not is_relational:
        _check_levels_above(identifier, level, model)
    wanted: list[Condition] = []
    for each in model.levels:
        values = identifier.texts(UNIQUE_KEYS[each])
        if each <= level and any(values):
            wanted.append(_unique(each, _listed(UNIQUE_KEYS[each], values)))
    key = UNIQUE_KEYS[level]
    if not any(identifier.texts(key)):
        raise IdentifierError(key, f"no value, at level {level.term} (PS3.4 section C.4.2.1.4)")
    return Query(Level.INSTANCE, tuple(wanted))


def read_instances(raw: Buffer, syntax: TransferSyntax) -> Query:
    """The same for Composite Instance Root Retrieve (PS3.4 section Y.3.2): UIDs of instances.

    Raises:
        IdentifierError: it names none, or asks for frames.
    """
    identifier = _read(raw, syntax)
    term = "".join(identifier.texts(QUERY_RETRIEVE_LEVEL))
    if term != Level.INSTANCE.term:
        raise IdentifierError(QUERY_RETRIEVE_LEVEL, f"{printable(term)!r} is not IMAGE")
    key = UNIQUE_KEYS[Level.INSTANCE]
    values = identifier.texts(key)
    if not any(values):
        raise IdentifierError(key, "no value")
    return Query(Level.INSTANCE, (_unique(Level.INSTANCE, _listed(key, values)),))


def _read(raw: Buffer, syntax: TransferSyntax) -> DataSet:
    try:
        return read_data_set(raw, syntax)
    except ScanError as error:
        raise IdentifierError(QUERY_RETRIEVE_LEVEL, f"unreadable Identifier: {error}") from error


def _level(identifier: DataSet, model: Model) -> Level:
    term = "".join(identifier.texts(QUERY_RETRIEVE_LEVEL))
    level = Level.of_term(term)
    if level is None or level not in model.levels:
        terms = ", ".join(each.term for each in model.levels)
        raise IdentifierError(QUERY_RETRIEVE_LEVEL, f"{printable(term)!r} is none of {terms}")
    return level


def _check_levels_above(identifier: DataSet, level: Level, model: Model) -> None:
    for above in model.levels:
        if above >= level:
            return
        key = UNIQUE_KEYS[above]
        values = identifier.texts(key)
        is_single = len(values) == 1 and values[0] and not pattern(values[0]).has_wildcards
        if not is_single:
            raise IdentifierError(
                key, f"one value is needed at level {level.term} (PS3.4 section C.4.1.2.1)"
            )


def _unique(level: Level, values: tuple[str, ...]) -> Condition:
    key = UNIQUE_KEYS[level]
    return Values(key, VR.LO if level is Level.PATIENT else VR.UI, values)


def _listed(tag: Tag, values: Sequence[str]) -> tuple[str, ...]:
    given = tuple(dict.fromkeys(filter(None, values)))
    if len(given) > MAX_VALUES:
        raise IdentifierError(tag, f"{len(given)} values, {MAX_VALUES} are the most")
    return given


def _returned(identifier: DataSet) -> Iterator[ReturnKey]:
    for tag in sorted(identifier):
        if not element(tag):
            continue  # group lengths are retired (PS3.5 section 7.2)
        vr = identifier.vr(tag)
        items = identifier.items(tag)
        inner = tuple(_returned(items[0])) if items else ()
        yield ReturnKey(tag, VR(vr), inner)


class _Keys:
    """The keys of a data set or item on their way to conditions."""

    def __init__(self, keys: DataSet, manner: Manner) -> None:
        self._keys = keys
        self._manner = manner
        self.unmatched: list[Tag] = []
        zone = "".join(keys.texts(TIMEZONE_OFFSET_FROM_UTC)) if manner.adjusts_timezone else ""
        self.offset_minutes = offset_minutes(zone) if zone else None
        if zone and self.offset_minutes is None:
            raise IdentifierError(TIMEZONE_OFFSET_FROM_UTC, f"{printable(zone)!r} is no offset")

    def conditions(self) -> Iterator[Condition]:
        """A condition for each key that is not universal."""
        combined = self._combined()
        done = {tag for each in combined for tag in (each.date_tag, each.time_tag)}
        yield from combined
        for tag in self._keys:
            if tag not in done and tag not in NOT_OF_ENTITIES and element(tag):
                yield from self._condition(tag)

    def _condition(self, tag: Tag) -> Iterator[Condition]:
        vr = VR(self._keys.vr(tag))
        if vr == VR.SQ:
            yield from self._item(tag)
            return
        values = self._keys.texts(tag)
        text = "\\".join(values)
        if not text:
            if self._keys.raw(tag) and not is_text(vr):
                self.unmatched.append(tag)
            return
        if text == _EMPTY:
            yield Missing(tag)
            return
        try:
            condition = self._of_vr(tag, vr, _listed(tag, values))
        except KeyValueError as error:
            raise IdentifierError(tag, printable(str(error))) from error
        if condition is not None:
            yield condition

    def _of_vr(self, tag: Tag, vr: VR, values: tuple[str, ...]) -> Condition | None:
        if vr == VR.PN:
            return self._names(tag, values)
        if vr in _RANGE_VRS:
            return _range(tag, vr, values)
        if vr in _VALUE_VRS:
            return Values(tag, vr, values)
        if vr not in _WILD_VRS:
            self.unmatched.append(tag)
            return None
        if any(pattern(each).is_universal for each in values):
            return None
        return Patterns(tag, vr, values)

    def _names(self, tag: Tag, values: tuple[str, ...]) -> Condition | None:
        is_exact = self._manner.names_are_exact
        if any(name_pattern(each, is_exact=is_exact).is_universal for each in values):
            return None
        is_plain = not any(pattern(each).has_wildcards for each in values)
        if self._manner.is_fuzzy and is_plain:
            return SoundsLike(tag, values)
        return Names(tag, values, is_exact)

    def _item(self, tag: Tag) -> Iterator[Condition]:
        items = self._keys.items(tag)
        if len(items) > 1:
            raise IdentifierError(tag, f"{len(items)} items, one is the most (C.2.2.2.6)")
        if not items:
            return
        inner = _Keys(items[0], self._manner)
        conditions = tuple(inner.conditions())
        self.unmatched += inner.unmatched
        if conditions:
            yield HasItem(tag, conditions)

    def _combined(self) -> list[BetweenMoments]:
        """Pairs of a date and a time, where these are matched as one."""
        if not self._manner.combines_datetimes and self.offset_minutes is None:
            return []
        return [
            moments
            for date_tag, time_tag in TIME_OF_DATE.items()
            if (moments := self._moments(date_tag, time_tag)) is not None
        ]

    def _moments(self, date_tag: Tag, time_tag: Tag) -> BetweenMoments | None:
        date, time = (
            "\\".join(self._keys.texts(tag)) if tag in self._keys else ""
            for tag in (date_tag, time_tag)
        )
        if not date or _EMPTY in {date, time} or (not time and self.offset_minutes is None):
            return None
        if time and not self._manner.combines_datetimes and self.offset_minutes is None:
            return None
        try:
            days = read_range(date, VR.DA)
            clock = read_range(time, VR.TM) if time else None
        except KeyValueError as error:
            raise IdentifierError(date_tag, printable(str(error))) from error
        low = high = None
        if days.low is not None:
            low = Moment(days.low, (clock.low if clock else None) or "")
        if days.high is not None:
            high = Moment(days.high, (clock.high if clock else None) or "")
        return BetweenMoments(date_tag, time_tag, low, high, self.offset_minutes)


def _range(tag: Tag, vr: VR, values: tuple[str, ...]) -> Condition:
    if len(values) > 1:
        return Values(tag, vr, tuple(read_range(each, vr).low or "" for each in values))
    ends = read_range(values[0], vr)
    return Between(tag, vr, ends.low, ends.high)
