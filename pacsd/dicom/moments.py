"""Dates, times and datetimes as text that compares, and the keys of Range Matching.

PS3.4 section C.2.2.2.5. A key says no more than it has digits: a time of `1030` is every second of
that minute, so that a range to it ends with `103059.999999`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from pacsd.dicom.errors import KeyValueError
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import (
    DATE,
    TIME,
    parse_date,
    parse_date_time,
    parse_time,
    parse_utc_offset,
)
from pacsd.dicom.vr import VR

TIMEZONE_OFFSET_FROM_UTC: Tag = 0x00080201

_LAST_TIME = "235959.999999"
_ANY_DATE = "20000101"
_LAST_INSTANT = datetime.max.replace(tzinfo=UTC)
# Most times are written as they shall stand, and need no second look.
_NORMAL_TIME = re.compile(r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d(?:\.\d{0,5}[1-9])?", re.ASCII)
_UTC_OFFSET = re.compile(r"[+-]\d{4}", re.ASCII)
# A hyphen may also begin an offset from UTC, as in 20260101-0500. No zone is 20 hours from it, so
# that 2025-2026 are years.
_DATE_TIME = r"\d{4,14}(?:\.\d{1,6})?(?:[+-][01]\d[0-5]\d)?"
_DATE_TIME_RANGE = re.compile(rf"({_DATE_TIME})|({_DATE_TIME})?-({_DATE_TIME})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ends:
    """The ends of a range, both included; None: no end on that side."""

    low: str | None
    high: str | None


def normal_date(value: str) -> str:
    """A date as YYYYMMDD when it is one of the calendar, else as it is (PS3.5 table 6.2-1)."""
    if value.isdigit():
        return value
    found = DATE.fullmatch(value)
    if found is None or parse_date(value) is None:
        return value
    return found[1] + found[3] + found[4]


def normal_time(value: str) -> str:
    """A time as HHMMSS, with a fraction as it has one, when it is one; else as it is.

    What is left out of a time is zero, so that times compare as text.
    """
    if _NORMAL_TIME.fullmatch(value):
        return value
    found = TIME.fullmatch(value)
    if found is None or parse_time(value) is None:
        return value
    hour, minute, second, fraction = found.groups(default="")
    clock = hour + (minute or "00") + (second or "00")
    fraction = fraction.rstrip("0")
    return f"{clock}.{fraction}" if fraction else clock


def read_range(value: str, vr: VR) -> Ends:
    """The range that a key of VR DA, TM or DT asks for; a single value is one, too.

    Raises:
        KeyValueError: it is none.
    """
    if vr == VR.DT:
        return _date_time_range(value)
    low, hyphen, high = value.partition("-")
    if "-" in high and vr == VR.DA:  # 2026-01-01 to another, as devices of old write them
        low, hyphen, high = _split_hyphenated(value)
    if hyphen and not (low.strip() or high.strip()):
        raise KeyValueError("a range with neither end (PS3.4 section C.2.2.2.5)")
    read = _date_ends if vr == VR.DA else _time_ends
    if not hyphen:
        return read(low)
    return Ends(read(low).low if low.strip() else None, read(high).high if high.strip() else None)


def offset_minutes(value: str) -> int | None:
    """The minutes from UTC of a Timezone Offset From UTC (0008,0201); None if it is none."""
    if _UTC_OFFSET.fullmatch(value) is None:
        return None
    delta = parse_utc_offset(value).utcoffset(None)
    return delta // timedelta(minutes=1)


def utc_offset(minutes: int) -> str:
    """The Timezone Offset From UTC of so many minutes."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}{rest:02}"


def with_offset(value: str, minutes: int) -> str:
    """A value of VR DT that says how far from UTC it is; its own offset stands."""
    moment = parse_date_time(value)
    is_local = moment is not None and moment.tzinfo is None
    return value.rstrip(" \0") + utc_offset(minutes) if is_local else value


def shifted(date: str, time: str, minutes: int) -> tuple[str, str] | None:
    """A date and time of day, as in columns, so many minutes later; None if they are none."""
    day, clock = parse_date(date), parse_time(time or "00")
    if day is None or clock is None:
        return None
    try:
        moment = datetime.combine(day, clock) + timedelta(minutes=minutes)
    except OverflowError:
        return None
    clock_text = f"{moment:%H%M%S}.{moment.microsecond:06}".rstrip("0").rstrip(".")
    return f"{moment.year:04}{moment:%m%d}", clock_text  # %Y has no zeros before the year 1000


def shifted_time(time: str, minutes: int) -> str | None:
    """A time of day of no known date, so many minutes later or earlier; None if it is none."""
    moment = shifted(_ANY_DATE, time, minutes)
    return None if moment is None else moment[1]


def instant(value: str, zone_minutes: int | None = None) -> datetime | None:
    """A value of VR DT, comparable; one without offset from UTC is of the zone, or else UTC."""
    moment = parse_date_time(value)
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=timezone(timedelta(minutes=zone_minutes or 0)))


def last_instant(value: str, zone_minutes: int | None = None) -> datetime | None:
    """The last instant of what a value of VR DT says, which may be a whole year."""
    first = instant(value, zone_minutes)
    if first is None:
        return None
    digits = re.match(r"\d+", value)
    precision = len(digits[0]) if digits else 0
    try:
        return _end_of(first, precision, value) - timedelta(microseconds=1)
    except (OverflowError, ValueError):
        return _LAST_INSTANT  # the year 9999 has no next one


def _end_of(first: datetime, precision: int, value: str) -> datetime:
    if "." in value:
        return first + timedelta(microseconds=1)
    if precision <= len("YYYY"):
        return first.replace(year=first.year + 1)
    if precision <= len("YYYYMM"):
        year, month = divmod(first.year * 12 + first.month, 12)
        return first.replace(year=year, month=month + 1)
    steps = {8: timedelta(days=1), 10: timedelta(hours=1), 12: timedelta(minutes=1)}
    return first + steps.get(precision, timedelta(seconds=1))


def _date_ends(value: str) -> Ends:
    found = DATE.fullmatch(value.strip())
    if found is None or parse_date(value) is None:
        raise KeyValueError(f"{value!r} is no date of VR DA (PS3.5 table 6.2-1)")
    date = found[1] + found[3] + found[4]
    return Ends(date, date)


def _time_ends(value: str) -> Ends:
    found = TIME.fullmatch(value.strip())
    if found is None or parse_time(value) is None:
        raise KeyValueError(f"{value!r} is no time of VR TM (PS3.5 table 6.2-1)")
    hour, minute, second, fraction = found.groups(default="")
    low = hour + (minute or "00") + (second or "00")
    if fraction:
        exact = f"{low}.{fraction}".rstrip("0").rstrip(".")
        return Ends(exact, exact)
    return Ends(low, hour + minute + second + _LAST_TIME[len(hour + minute + second) :])


def _split_hyphenated(value: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)?(-)?(\d{4}-\d\d-\d\d)?", value.replace(" ", ""))
    if found is None:
        raise KeyValueError(f"{value!r} is no range of VR DA (PS3.4 section C.2.2.2.5)")
    low, hyphen, high = found.groups(default="")
    return low, hyphen, high


def _date_time_range(value: str) -> Ends:
    found = _DATE_TIME_RANGE.fullmatch(value.replace(" ", ""))
    single, low, high = found.groups() if found else (None, None, None)
    low, high = low or single, high or single
    ends = [each for each in (low, high) if each]
    if not ends or any(parse_date_time(each) is None for each in ends):
        raise KeyValueError(f"{value!r} is no value or range of VR DT (PS3.4 section C.2.2.2.5)")
    return Ends(low, high)
