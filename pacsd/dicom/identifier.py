"""The Identifier of a query or retrieval: its keys become a `Query` (PS3.4 section C.4).

Hierarchical unless relational queries were negotiated: then the unique keys of the levels above
must have a single value each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET, DataSet, read_data_set
from pacsd.dicom.dictionary import data_element
from pacsd.dicom.errors import IdentifierError, KeyValueError, ScanError
from pacsd.dicom.headers import Buffer
from pacsd.dicom.identifier_bounds import MAX_KEYS, check_bounds
from pacsd.dicom.level import Level
from pacsd.dicom.moments import (
    TIMEZONE_OFFSET_FROM_UTC,
    Ends,
    offset_minutes,
    read_range,
    with_offset,
)
from pacsd.dicom.name_matching import NamePattern
from pacsd.dicom.private import is_creator
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
from pacsd.dicom.sounds import sound_codes
from pacsd.dicom.tag import Tag, element
from pacsd.dicom.text import printable
from pacsd.dicom.vr import VR, is_text
from pacsd.dicom.wildcard import Pattern

QUERY_RETRIEVE_LEVEL: Tag = 0x00080052
RETRIEVE_AE_TITLE: Tag = 0x00080054
INSTANCE_AVAILABILITY: Tag = 0x00080056

UNIQUE_KEYS = {
    Level.PATIENT: 0x00100020,
    Level.STUDY: 0x0020000D,
    Level.SERIES: 0x0020000E,
    Level.INSTANCE: 0x00080018,
}
"""PS3.4 section C.6.1.1: what tells the entities of a level apart."""

_ALL_LEVELS = tuple(Level)
_EMPTY = '""'
_ANYTHING = "*\\"
_WILDCARDS = frozenset("*?")
_NO_ENDS = Ends(None, None)
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

TIME_OF_DATE: Mapping[Tag, Tag] = {
    0x00080012: 0x00080013, 0x00080020: 0x00080030, 0x00080021: 0x00080031,
    0x00080022: 0x00080032, 0x00080023: 0x00080033, 0x00181012: 0x00181014,
    0x00400244: 0x00400245, 0x00400250: 0x00400251,
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
        Query(
            level,
            tuple(keys.conditions()),
            tuple(_returned(identifier)),
            _creators(identifier),
        ),
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
            wanted.append(_unique(each, _listed(values)))
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
    return Query(Level.INSTANCE, (_unique(Level.INSTANCE, _listed(values)),))


def _read(raw: Buffer, syntax: TransferSyntax) -> DataSet:
    try:
        identifier = read_data_set(raw, syntax, max_headers=MAX_KEYS)
    except ScanError as error:
        text = f"unreadable Identifier, or one of more than {MAX_KEYS} keys and items: {error}"
        raise IdentifierError(QUERY_RETRIEVE_LEVEL, text) from error
    check_bounds(identifier, _vr)
    return identifier


def _vr(keys: DataSet, tag: Tag) -> VR:
    """The VR in which a key is matched and answered: the dictionary's, whatever it was sent in."""
    return _vr_of(tag, keys.vr(tag))


@lru_cache(maxsize=1_024)
def _vr_of(tag: Tag, sent_in: str) -> VR:
    own = VR(sent_in)
    row = data_element(tag)
    return own if row is None or own in row.vrs else row.vrs[0]


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
        is_single = len(values) == 1 and values[0] and _WILDCARDS.isdisjoint(values[0])
        if not is_single:
            raise IdentifierError(
                key, f"one value is needed at level {level.term} (PS3.4 section C.4.1.2.1)"
            )


def _unique(level: Level, values: tuple[str, ...]) -> Condition:
    key = UNIQUE_KEYS[level]
    return Values(key, VR.LO if level is Level.PATIENT else VR.UI, values)


def _listed(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))


def _returned(identifier: DataSet) -> Iterator[ReturnKey]:
    for tag in sorted(identifier):
        if not element(tag):
            continue  # group lengths are retired (PS3.5 section 7.2)
        items = identifier.items(tag)
        inner = tuple(_returned(items[0])) if items else ()
        yield ReturnKey(tag, _vr(identifier, tag), inner)


def _creators(identifier: DataSet) -> dict[Tag, str]:
    return {tag: "".join(identifier.texts(tag)) for tag in identifier if is_creator(tag)}


class _Keys:
    """The keys of a data set or item on their way to conditions."""

    def __init__(self, keys: DataSet, manner: Manner, zone_minutes: int | None = None) -> None:
        self._keys = keys
        self._manner = manner
        self.unmatched: list[Tag] = []
        zone = self._text(TIMEZONE_OFFSET_FROM_UTC) if manner.adjusts_timezone else ""
        self.offset_minutes = offset_minutes(zone) if zone else zone_minutes
        if zone and self.offset_minutes is None:
            raise IdentifierError(TIMEZONE_OFFSET_FROM_UTC, f"{printable(zone)!r} is no offset")

    def _text(self, tag: Tag) -> str:
        r"""The value of a key, its values joined by `\`; '' for Universal Matching.

        SCUs of old fill keys of every VR with `*`, which only some of them allow.
        """
        text = "\\".join(self._keys.texts(tag)) if tag in self._keys else ""
        return text if text.strip(_ANYTHING) else ""

    def conditions(self) -> Iterator[Condition]:
        """A condition for each key that is not universal."""
        paired = self._paired()
        done = {tag for each in paired for tag in (each.date_tag, each.time_tag)}
        yield from paired
        for tag in self._keys:
            is_key = tag not in NOT_OF_ENTITIES and element(tag)
            if is_key and tag not in done and not self._keys.is_empty(tag):
                yield from self._condition(tag)

    def _condition(self, tag: Tag) -> Iterator[Condition]:
        vr = _vr(self._keys, tag)
        if vr == VR.SQ:
            yield from self._item(tag)
            return
        text = self._text(tag)
        if not text:
            if self._is_unreadable(tag):
                self.unmatched.append(tag)
            return
        if text == _EMPTY:
            yield Missing(tag)
            return
        try:
            condition = self._of_vr(tag, vr, _listed(self._keys.texts(tag)))
        except KeyValueError as error:
            raise IdentifierError(tag, printable(str(error))) from error
        if condition is not None:
            yield condition

    def _is_unreadable(self, tag: Tag) -> bool:
        """Whether something stands there that is neither text nor a number."""
        has_bytes = bool(self._keys.raw(tag)) and not is_text(self._keys.vr(tag))
        return has_bytes or bool(self._keys.items(tag))

    def _of_vr(self, tag: Tag, vr: VR, values: tuple[str, ...]) -> Condition | None:
        if vr == VR.PN:
            return self._names(tag, values)
        if vr in _RANGE_VRS:
            return self._range(tag, vr, values)
        if vr in _VALUE_VRS:
            return Values(tag, vr, values)
        if vr not in _WILD_VRS:
            self.unmatched.append(tag)
            return None
        if any(Pattern(each).is_universal for each in values):
            return None
        return Patterns(tag, vr, values)

    def _names(self, tag: Tag, values: tuple[str, ...]) -> Condition | None:
        is_exact = self._manner.names_are_exact
        if any(NamePattern(each, is_exact=is_exact).is_universal for each in values):
            return None
        if self._manner.is_fuzzy and all(map(_has_sound, values)):
            return SoundsLike(tag, values)
        return Names(tag, values, is_exact)

    def _range(self, tag: Tag, vr: VR, values: tuple[str, ...]) -> Condition:
        ranges = [read_range(each, vr) for each in values]
        if len(values) > 1:
            return Values(tag, vr, tuple(each.low or "" for each in ranges))
        low, high = ranges[0].low, ranges[0].high
        if vr == VR.DT:
            low, high = self._with_zone(low), self._with_zone(high)
        return Between(tag, vr, low, high)

    def _with_zone(self, end: str | None) -> str | None:
        """A datetime without offset from UTC is of the Identifier's zone, if it names one."""
        if end is None or self.offset_minutes is None:
            return end
        return with_offset(end, self.offset_minutes)

    def _item(self, tag: Tag) -> Iterator[Condition]:
        items = self._keys.items(tag)
        if len(items) > 1:
            raise IdentifierError(tag, f"{len(items)} items, one is the most (C.2.2.2.6)")
        if not items:
            if self._keys.raw(tag):
                self.unmatched.append(tag)
            return
        inner = _Keys(items[0], self._manner, self.offset_minutes)
        conditions = tuple(inner.conditions())
        self.unmatched += inner.unmatched
        if conditions:
            yield HasItem(tag, conditions)

    def _paired(self) -> list[BetweenMoments]:
        """Dates and times that are matched as one, or as of another zone."""
        if not self._manner.combines_datetimes and self.offset_minutes is None:
            return []
        return [
            moments
            for date_tag, time_tag in TIME_OF_DATE.items()
            if (moments := self._moments(date_tag, time_tag)) is not None
        ]

    def _moments(self, date_tag: Tag, time_tag: Tag) -> BetweenMoments | None:
        date, time = self._text(date_tag), self._text(time_tag)
        if not (date or time) or _EMPTY in {date, time} or "\\" in date + time:
            return None  # Empty and Multiple Value Matching are of each attribute by itself
        days, clock = self._ends(date_tag, VR.DA), self._ends(time_tag, VR.TM)
        is_one = self._manner.combines_datetimes and _is_same_form(days, clock, time)
        if not is_one and self.offset_minutes is None:
            return None
        low, high = _moment(days.low, clock.low), _moment(days.high, clock.high)
        return BetweenMoments(
            date_tag, time_tag, low, high, self.offset_minutes, is_apart=not is_one
        )

    def _ends(self, tag: Tag, vr: VR) -> Ends:
        text = self._text(tag)
        try:
            return read_range(text, vr) if text else _NO_ENDS
        except KeyValueError as error:
            raise IdentifierError(tag, printable(str(error))) from error


def _moment(date: str | None, time: str | None) -> Moment | None:
    return Moment(date or "", time or "") if date or time else None


def _is_same_form(days: Ends, clock: Ends, time: str) -> bool:
    """Whether a date and a time ask for the same form of Range Matching (PS3.4 section C.2.2.2.5).

    Only then are they combined. A range of one day is what the day is, combined or not.
    """
    is_range = days.low != days.high and "-" in time
    has_same_low = (days.low is None) == (clock.low is None)
    return is_range and has_same_low and (days.high is None) == (clock.high is None)


def _has_sound(name: str) -> bool:
    """Whether Fuzzy Semantic Matching can say anything of it; of digits alone it cannot."""
    return _WILDCARDS.isdisjoint(name) and bool(sound_codes(name))
