"""Whether an entity matches conditions, whatever its values come from (PS3.4 section C.2.2.2)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from pacsd.dicom.folding import fold_person_names
from pacsd.dicom.moments import (
    instant,
    last_instant,
    normal_date,
    normal_time,
    offset_minutes,
    shifted,
)
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
    SoundsLike,
    Values,
)
from pacsd.dicom.sounds import sounds_alike
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import parse_decimal
from pacsd.dicom.vr import VR
from pacsd.dicom.wildcard import pattern

TIMEZONE_OFFSET_FROM_UTC: Tag = 0x00080201
_NUMBERS = frozenset({VR.IS, VR.DS, VR.US, VR.SS, VR.UL, VR.SL, VR.UV, VR.SV, VR.FL, VR.FD})


class Source(Protocol):
    """An entity, or an item of a sequence."""

    def texts(self, tag: Tag, /) -> Sequence[str]:
        """The values of an attribute as text, none if it is missing or empty."""

    def items(self, tag: Tag, /) -> Iterable["Source"]:
        """The items of a sequence."""


def matches(conditions: Iterable[Condition], source: Source) -> bool:
    """Whether all conditions hold."""
    return all(_MATCH[type(each)](each, source) for each in conditions)


def _values(condition: Values, source: Source) -> bool:
    texts = source.texts(condition.tag)
    if condition.vr in _NUMBERS:
        wanted = set(map(_number, condition.values))
        return any(_number(text) in wanted for text in texts)
    return any(text in condition.values for text in texts)


def _patterns(condition: Patterns, source: Source) -> bool:
    wanted = [pattern(text) for text in condition.patterns]
    return any(each.matches(text) for text in source.texts(condition.tag) for each in wanted)


def _names(condition: Names, source: Source) -> bool:
    wanted = [name_pattern(text, is_exact=condition.is_exact) for text in condition.patterns]
    names = source.texts(condition.tag)
    if not condition.is_exact:
        names = [fold_person_names(name) for name in names]
    return any(each.matches(name) for name in names for each in wanted)


def _sounds_like(condition: SoundsLike, source: Source) -> bool:
    names = source.texts(condition.tag)
    return any(sounds_alike(wanted, name) for wanted in condition.names for name in names)


def _between(condition: Between, source: Source) -> bool:
    is_within = _is_instant_within if condition.vr == VR.DT else _is_text_within
    return any(is_within(condition, text) for text in source.texts(condition.tag))


def _is_text_within(condition: Between, text: str) -> bool:
    normal = normal_date(text) if condition.vr == VR.DA else normal_time(text)
    low, high = condition.low, condition.high
    return (low is None or low <= normal) and (high is None or normal <= high)


def _is_instant_within(condition: Between, text: str) -> bool:
    first, last = instant(text), last_instant(text)
    if first is None or last is None:
        return False
    low = instant(condition.low) if condition.low else None
    high = last_instant(condition.high) if condition.high else None
    return (low is None or low <= last) and (high is None or first <= high)


def _between_moments(condition: BetweenMoments, source: Source) -> bool:
    dates, times = source.texts(condition.date_tag), source.texts(condition.time_tag)
    if not dates:
        return False
    date, time = normal_date(dates[0]), normal_time(times[0]) if times else ""
    own = source.texts(TIMEZONE_OFFSET_FROM_UTC)
    own_minutes = offset_minutes(own[0]) if own else None
    if condition.offset_minutes is not None and own_minutes is not None:
        later = condition.offset_minutes - own_minutes
        date, time = shifted(date, time, later) or (date, time)
    return _is_after(condition.low, date, time) and _is_before(condition.high, date, time)


def _is_after(low: Moment | None, date: str, time: str) -> bool:
    return low is None or (low.date, low.time) <= (date, time or "000000")


def _is_before(high: Moment | None, date: str, time: str) -> bool:
    if high is None or date != high.date:
        return high is None or date < high.date
    return not high.time or (time or "000000") <= high.time


def _missing(condition: Missing, source: Source) -> bool:
    return not any(source.texts(condition.tag)) and not any(
        True for _ in source.items(condition.tag)
    )


def _has_item(condition: HasItem, source: Source) -> bool:
    return any(matches(condition.conditions, item) for item in source.items(condition.tag))


def _number(text: str) -> Decimal | str:
    number = parse_decimal(text)
    return text if number is None else number


_MATCH: Mapping[type, Callable[[Any, Source], bool]] = {
    Values: _values,
    Patterns: _patterns,
    Names: _names,
    SoundsLike: _sounds_like,
    Between: _between,
    BetweenMoments: _between_moments,
    Missing: _missing,
    HasItem: _has_item,
}
