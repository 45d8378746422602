from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.api.windows import DAYS, MAX_SPANS, WindowError, parse_window

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def opening(window: str, now: str, zone: ZoneInfo = BERLIN) -> str:
    """In local time, as `now` is."""
    moment = datetime.fromisoformat(now).replace(tzinfo=zone).astimezone(UTC)
    return parse_window(window).opening(moment, zone).astimezone(zone).isoformat(" ")[:16]


@pytest.mark.parametrize(
    ("window", "now", "is_open"),
    [
        ("", "2026-03-04 12:00", True),
        ("22:00-06:00", "2026-03-04 21:59", False),
        ("22:00-06:00", "2026-03-04 22:00", True),
        ("22:00-06:00", "2026-03-05 06:00", False),
    ],
)
def test_it_is_open_or_not(window: str, now: str, is_open: bool) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=BERLIN)
    assert parse_window(window).is_open(moment, BERLIN) is is_open


@pytest.mark.parametrize(
    ("window", "now", "expected"),
    [
        ("", "2026-03-04 12:00", "2026-03-04 12:00"),
        ("22:00-06:00", "2026-03-04 12:00", "2026-03-04 22:00"),
        ("22:00-06:00", "2026-03-04 23:00", "2026-03-04 23:00"),
        ("22:00-06:00", "2026-03-05 05:59", "2026-03-05 05:59"),
        ("22:00-06:00", "2026-03-05 06:00", "2026-03-05 22:00"),
        ("00:00-24:00", "2026-03-05 23:59", "2026-03-05 23:59"),
        # The fourth of March 2026 is a Wednesday.
        ("mon-fri 18:00-07:00", "2026-03-06 17:00", "2026-03-06 18:00"),
        ("mon-fri 18:00-07:00", "2026-03-07 06:00", "2026-03-07 06:00"),
        ("mon-fri 18:00-07:00", "2026-03-07 07:00", "2026-03-09 18:00"),
        ("mon-fri 18:00-07:00, sat-sun 00:00-24:00", "2026-03-07 07:00", "2026-03-07 07:00"),
        ("wed 10:00-11:00", "2026-03-04 11:00", "2026-03-11 10:00"),
        ("fri-mon 10:00-11:00", "2026-03-09 12:00", "2026-03-13 10:00"),
        # The clock is set forward from two to three, and back from three to two.
        ("01:00-04:00", "2026-03-29 03:30", "2026-03-29 03:30"),
        ("01:00-04:00", "2026-10-25 03:59", "2026-10-25 03:59"),
    ],
)
def test_a_window_opens(window: str, now: str, expected: str) -> None:
    assert opening(window, now) == expected


def test_a_window_is_of_the_zone_that_is_given() -> None:
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    window = parse_window("13:00-14:00")
    assert window.opening(noon, BERLIN) == noon
    assert window.opening(noon, NEW_YORK) == noon + timedelta(hours=6)


def test_a_window_that_crosses_the_change_of_the_clock_lasts_as_its_ends_say() -> None:
    """22:00 to 06:00 is seven hours in the night in which the clock is set forward."""
    window = parse_window("22:00-06:00")
    begin = datetime(2026, 3, 28, 21, tzinfo=UTC)
    assert window.opening(begin + timedelta(hours=6, minutes=59), BERLIN).hour == 3
    assert window.opening(begin + timedelta(hours=7), BERLIN) > begin + timedelta(hours=20)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("22-06", "is not like"),
        ("22:00-06:00,", "is not like"),
        (" ", "is not like"),
        ("MON 22:00-06:00", "is not like"),
        ("mon,tue 22:00-06:00", "is not like"),
        ("22:00 - 06:00", "is not like"),
        ("mon-son 22:00-06:00", "son is none of mon, tue"),
        ("24:01-06:00", "24:01 is no time of day"),
        ("22:60-06:00", "22:60 is no time of day"),
        ("22:00-22:00", "ends when it begins"),
        ("24:00-06:00", "begins at 24:00"),
        (",".join(["22:00-06:00"] * (MAX_SPANS + 1)), "33 spans are more than 32"),
    ],
)
def test_what_is_no_window_is_refused(text: str, rule: str) -> None:
    with pytest.raises(WindowError, match=rule):
        parse_window(text)


CLOCK = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(
    lambda each: f"{each[0]:02d}:{each[1]:02d}"
)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - made UTC below
    st.lists(st.tuples(st.sampled_from(DAYS), CLOCK, CLOCK), min_size=1, max_size=3),
    st.sampled_from([BERLIN, NEW_YORK]),
)
def test_an_opening_is_open(
    now: datetime, spans: list[tuple[str, str, str]], zone: ZoneInfo
) -> None:
    if any(begin == end for _, begin, end in spans):
        return
    window = parse_window(", ".join(f"{day} {begin}-{end}" for day, begin, end in spans))
    moment = now.replace(tzinfo=UTC)
    found = window.opening(moment, zone)
    assert moment <= found <= moment + timedelta(days=8, hours=2)
    assert window.opening(found, zone) == found
