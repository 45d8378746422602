"""Schedule windows: times of day, such as those at which a job may begin or a rule holds.

    22:00-06:00                      each night; 00:00-24:00 is the whole day
    mon-fri 18:00-07:00, sat-sun 00:00-24:00

A span that ends before it begins ends on the next day; its days are those on which it begins. Times
are local ones.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

MAX_SPANS = 32
_DAY_MINUTES = 24 * 60
_WEEK = 7
_SPAN = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? +)?"
    r"(?P<begin>[0-9]{2}:[0-9]{2})-(?P<end>[0-9]{2}:[0-9]{2})"
)


class WindowError(ValueError):
    """A text that is no schedule window; names the span and the rule."""


@dataclass(frozen=True, slots=True)
class Span:
    """Some days' times, as minutes of the day on which it begins; `end` may lie on the next."""

    days: frozenset[int]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """All of a schedule window's spans; without any it is always open."""

    spans: tuple[Span, ...] = ()

    def opening(self, now: datetime, zone: tzinfo) -> datetime:
        """When it is open next, in UTC: `now` if it is open."""
        if not self.spans:
            return now
        today = now.astimezone(zone).date()
        openings = []
        for offset in range(-1, _WEEK + 1):
            for begin, end in self._of_day(today + timedelta(days=offset), zone):
                if begin <= now < end:
                    return now
                if begin > now:
                    openings.append(begin)
        return min(openings)

    def is_open(self, now: datetime, zone: tzinfo) -> bool:
        """Whether it is open."""
        return self.opening(now, zone) == now

    def _of_day(self, day: date, zone: tzinfo) -> list[tuple[datetime, datetime]]:
        return [
            (_moment(day, span.begin, zone), _moment(day, span.end, zone))
            for span in self.spans
            if day.weekday() in span.days
        ]


def parse_window(text: str) -> Window:
    """Read a schedule window, '' for always.

    Raises:
        WindowError: it is none.
    """
    if not text:
        return Window()
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MAX_SPANS:
        raise WindowError(f"window: {len(parts)} spans are more than {MAX_SPANS}")
    return Window(tuple(map(_span, parts)))


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise WindowError(f"window {text!r}: is not like 22:00-06:00 or mon-fri 18:00-07:00")
    begin, end = _minutes(text, found["begin"]), _minutes(text, found["end"])
    if begin in (end, _DAY_MINUTES):
        raise WindowError(f"window {text!r}: ends when it begins, or begins at 24:00")
    return Span(
        _days(text, found["first"], found["last"]), begin, end + _DAY_MINUTES * (end < begin)
    )


def _minutes(text: str, clock: str) -> int:
    hours, minutes = int(clock[:2]), int(clock[3:])
    if minutes > 59 or hours * 60 + minutes > _DAY_MINUTES:  # noqa: PLR2004 - of an hour
        raise WindowError(f"window {text!r}: {clock} is no time of day")
    return hours * 60 + minutes


def _days(text: str, first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(_WEEK))
    for day in (first, last or first):
        if day not in DAYS:
            raise WindowError(f"window {text!r}: {day} is none of {', '.join(DAYS)}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return frozenset((begin + each) % _WEEK for each in range((end - begin) % _WEEK + 1))


def _moment(day: date, minutes: int, zone: tzinfo) -> datetime:
    """In UTC: times of one zone are compared as they stand on the clock, whatever that did."""
    days, rest = divmod(minutes, _DAY_MINUTES)
    local = datetime.combine(day + timedelta(days=days), time(*divmod(rest, 60)), zone)
    return local.astimezone(UTC)
