"""Whether an entity matches conditions, whatever its values come from (PS3.4 section C.2.2.2).

Conditions are prepared once for all the entities that are looked at, and forgotten with the query:
nothing that a peer sent is kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from pacsd.dicom.folding import fold_person_names
from pacsd.dicom.moments import (
    TIMEZONE_OFFSET_FROM_UTC,
    instant,
    last_instant,
    normal_date,
    normal_time,
    offset_minutes,
    shifted,
    shifted_time,
)
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
from pacsd.dicom.sounds import sounds_alike
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import parse_decimal
from pacsd.dicom.vr import VR
from pacsd.dicom.wildcard import Pattern

_NO_END = Moment("", "")
_NUMBERS = frozenset({VR.IS, VR.DS, VR.US, VR.SS, VR.UL, VR.SL, VR.UV, VR.SV, VR.FL, VR.FD})


class Source(Protocol):
    """An entity, or an item of a sequence."""

    def texts(self, tag: Tag, /) -> Sequence[str]:
        """The values of an attribute as text, none if it is missing or empty."""

    def items(self, tag: Tag, /) -> Iterable["Source"]:
        """The items of a sequence."""


_Holds: TypeAlias = Callable[[Source, Source], bool]
"""Whether a condition holds for a source, which is an entity or one of its items."""


def matches(conditions: Iterable[Condition], source: Source) -> bool:
    """Whether all conditions hold; see `matcher` for more than one source."""
    return matcher(conditions)(source)


def matcher(conditions: Iterable[Condition]) -> Callable[[Source], bool]:
    """What tells of an entity whether all conditions hold."""
    holds = _all_of(conditions)
    return lambda source: holds(source, source)


def _all_of(conditions: Iterable[Condition]) -> _Holds:
    parts = [_PREPARE[type(each)](each) for each in conditions]
    if len(parts) == 1:
        return parts[0]
    return lambda source, entity: all(holds(source, entity) for holds in parts)


def _values(condition: Values) -> _Holds:
    tag, is_number = condition.tag, condition.vr in _NUMBERS
    wanted = frozenset(map(_number, condition.values) if is_number else condition.values)

    def holds(source: Source, _: Source) -> bool:
        texts = source.texts(tag)
        return any((_number(text) if is_number else text) in wanted for text in texts)

    return holds


def _patterns(condition: Patterns) -> _Holds:
    tag, fits = condition.tag, _fits([Pattern(text) for text in condition.patterns])
    return lambda source, _: any(map(fits, source.texts(tag)))


def _fits(wanted: Sequence[Pattern]) -> Callable[[str], bool]:
    if len(wanted) == 1:
        return wanted[0].matches
    return lambda text: any(each.matches(text) for each in wanted)


def _names(condition: Names) -> _Holds:
    is_exact = condition.is_exact
    wanted = [NamePattern(text, is_exact=is_exact) for text in condition.patterns]

    def holds(source: Source, _: Source) -> bool:
        names = source.texts(condition.tag)
        if not is_exact:
            names = [fold_person_names(name) for name in names]
        return any(each.matches(name) for name in names for each in wanted)

    return holds


def _sounds_like(condition: SoundsLike) -> _Holds:
    def holds(source: Source, _: Source) -> bool:
        names = source.texts(condition.tag)
        return any(sounds_alike(wanted, name) for wanted in condition.names for name in names)

    return holds


def _between(condition: Between) -> _Holds:
    def holds(source: Source, entity: Source) -> bool:
        texts = source.texts(condition.tag)
        if condition.vr != VR.DT:
            return any(_is_text_within(condition, text) for text in texts)
        zone = _zone_minutes(source, entity) if texts else None
        return any(_is_instant_within(condition, text, zone) for text in texts)

    return holds


def _is_text_within(condition: Between, text: str) -> bool:
    normal = normal_date(text) if condition.vr == VR.DA else normal_time(text)
    low, high = condition.low, condition.high
    return (low is None or low <= normal) and (high is None or normal <= high)


def _is_instant_within(condition: Between, text: str, zone_minutes: int | None) -> bool:
    """Of two datetimes without offset from UTC, both are local times of the entity's zone."""
    first, last = instant(text, zone_minutes), last_instant(text, zone_minutes)
    if first is None or last is None:
        return False
    low = instant(condition.low, zone_minutes) if condition.low else None
    high = last_instant(condition.high, zone_minutes) if condition.high else None
    return (low is None or low <= last) and (high is None or first <= high)


def _zone_minutes(source: Source, entity: Source) -> int | None:
    """PS3.3 section C.12.1.1.8: it holds for the whole SOP Instance, items included."""
    own = source.texts(TIMEZONE_OFFSET_FROM_UTC) or entity.texts(TIMEZONE_OFFSET_FROM_UTC)
    return offset_minutes(own[0]) if own else None


def _between_moments(condition: BetweenMoments) -> _Holds:
    is_within = _are_within if condition.is_apart else _is_moment_within

    def holds(source: Source, entity: Source) -> bool:
        dates, times = source.texts(condition.date_tag), source.texts(condition.time_tag)
        date = normal_date(dates[0]) if dates else ""
        time = normal_time(times[0]) if times else ""
        if condition.offset_minutes is not None:
            own_minutes = _zone_minutes(source, entity)
            if own_minutes is not None:
                date, time = _moved(date, time, condition.offset_minutes - own_minutes)
        return is_within(condition, date, time)

    return holds


def _moved(date: str, time: str, later_minutes: int) -> tuple[str, str]:
    """As of another zone; what is no date or time, and a day without time of day, stays."""
    if not time:
        return date, time
    if not date:
        return date, shifted_time(time, later_minutes) or time
    return shifted(date, time, later_minutes) or (date, time)


def _are_within(condition: BetweenMoments, date: str, time: str) -> bool:
    low, high = condition.low or _NO_END, condition.high or _NO_END
    return _is_within(low.date, date, high.date) and _is_within(low.time, time, high.time)


def _is_within(low: str, value: str, high: str) -> bool:
    """What is missing is within no range that has an end."""
    if not (low or high):
        return True
    return bool(value) and low <= value and (not high or value <= high)


def _is_moment_within(condition: BetweenMoments, date: str, time: str) -> bool:
    if not date:
        return False
    return _is_after(condition.low, date, time) and _is_before(condition.high, date, time)


def _is_after(low: Moment | None, date: str, time: str) -> bool:
    return low is None or (low.date, low.time) <= (date, time or "000000")


def _is_before(high: Moment | None, date: str, time: str) -> bool:
    if high is None or date != high.date:
        return high is None or date < high.date
    return not high.time or (time or "000000") <= high.time


def _missing(condition: Missing) -> _Holds:
    def holds(source: Source, _: Source) -> bool:
        items = source.items(condition.tag)
        return not any(True for _item in items) and not any(source.texts(condition.tag))

    return holds


def _has_item(condition: HasItem) -> _Holds:
    all_hold = _all_of(condition.conditions)
    return lambda source, entity: any(
        all_hold(item, entity) for item in source.items(condition.tag)
    )


def _number(text: str) -> Decimal | str:
    number = parse_decimal(text)
    return text if number is None else number


_PREPARE: Mapping[type, Callable[[Any], _Holds]] = {
    Values: _values,
    Patterns: _patterns,
    Names: _names,
    SoundsLike: _sounds_like,
    Between: _between,
    BetweenMoments: _between_moments,
    Missing: _missing,
    HasItem: _has_item,
}
