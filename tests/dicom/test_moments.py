from datetime import UTC, datetime

import pytest

from pacsd.dicom.errors import KeyValueError
from pacsd.dicom.moments import (
    Ends,
    instant,
    last_instant,
    offset_minutes,
    read_range,
    shifted,
    shifted_time,
    utc_offset,
    with_offset,
)
from pacsd.dicom.vr import VR


@pytest.mark.parametrize(
    ("value", "vr", "ends"),
    [
        ("20260131", VR.DA, Ends("20260131", "20260131")),
        ("20260101-20260131", VR.DA, Ends("20260101", "20260131")),
        ("20260101-", VR.DA, Ends("20260101", None)),
        ("-20260131", VR.DA, Ends(None, "20260131")),
        (" 20260101 - 20260131 ", VR.DA, Ends("20260101", "20260131")),
        ("2026.01.31", VR.DA, Ends("20260131", "20260131")),
        ("2026-01-01-2026-01-31", VR.DA, Ends("20260101", "20260131")),
        ("2026-01-01-", VR.DA, Ends("20260101", None)),
        ("-2026-01-31", VR.DA, Ends(None, "20260131")),
        ("10", VR.TM, Ends("100000", "105959.999999")),
        ("1030", VR.TM, Ends("103000", "103059.999999")),
        ("10:30:15", VR.TM, Ends("103015", "103015.999999")),
        ("103015.5", VR.TM, Ends("103015.5", "103015.5")),
        ("08-12", VR.TM, Ends("080000", "125959.999999")),
        ("-1200", VR.TM, Ends(None, "120059.999999")),
        ("20260131", VR.DT, Ends("20260131", "20260131")),
        ("202601-202602", VR.DT, Ends("202601", "202602")),
        ("2025-2026", VR.DT, Ends("2025", "2026")),
        ("2026-0500", VR.DT, Ends("2026-0500", "2026-0500")),
        ("2026-20260131+0000", VR.DT, Ends("2026", "20260131+0000")),
        ("20260131103000+0100-", VR.DT, Ends("20260131103000+0100", None)),
        ("20260101-0500-20260102-0500", VR.DT, Ends("20260101-0500", "20260102-0500")),
    ],
)
def test_ranges(value: str, vr: VR, ends: Ends) -> None:
    assert read_range(value, vr) == ends


@pytest.mark.parametrize(
    ("value", "vr"),
    [
        ("-", VR.DA),
        ("99999999-0", VR.DA),
        ("20260230", VR.DA),
        ("today", VR.DA),
        ("2026-01-01-x", VR.DA),
        ("1-2-3", VR.DA),
        ("-", VR.TM),
        ("25", VR.TM),
        ("-", VR.DT),
        ("2026013", VR.DT),
        ("x", VR.DT),
    ],
)
def test_no_ranges(value: str, vr: VR) -> None:
    with pytest.raises(KeyValueError):
        read_range(value, vr)


@pytest.mark.parametrize(
    ("value", "last"),
    [
        ("2026", datetime(2026, 12, 31, 23, 59, 59, 999_999, UTC)),
        ("202612", datetime(2026, 12, 31, 23, 59, 59, 999_999, UTC)),
        ("202602", datetime(2026, 2, 28, 23, 59, 59, 999_999, UTC)),
        ("20260131", datetime(2026, 1, 31, 23, 59, 59, 999_999, UTC)),
        ("2026013110", datetime(2026, 1, 31, 10, 59, 59, 999_999, UTC)),
        ("20260131103015.5", datetime(2026, 1, 31, 10, 30, 15, 500_000, UTC)),
        ("20260131103015+0100", datetime(2026, 1, 31, 9, 30, 15, 999_999, UTC)),
    ],
)
def test_the_last_instant_of_what_is_said(value: str, last: datetime) -> None:
    assert last_instant(value) == last
    first = instant(value)
    assert first is not None
    assert first <= last


@pytest.mark.parametrize("value", ["9999", "99991231", "999912312359"])
def test_time_ends_with_the_year_9999(value: str) -> None:
    assert last_instant(value) == datetime.max.replace(tzinfo=UTC)


def test_a_value_without_offset_is_of_the_zone_that_is_given() -> None:
    assert instant("20260131103015", 60) == datetime(2026, 1, 31, 9, 30, 15, tzinfo=UTC)
    assert instant("20260131103015-0100", 60) == datetime(2026, 1, 31, 11, 30, 15, tzinfo=UTC)
    last = datetime(2026, 12, 31, 22, 59, 59, 999_999, UTC)
    assert last_instant("2026", 60) == last


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("20260131103015.5", "20260131103015.5-0330"),
        ("2026 ", "2026-0330"),
        ("20260131+0100", "20260131+0100"),
        ("x", "x"),
    ],
)
def test_a_datetime_says_how_far_from_utc_it_is(value: str, told: str) -> None:
    assert with_offset(value, -210) == told
    assert (utc_offset(0), utc_offset(60)) == ("+0000", "+0100")


def test_what_is_no_moment_has_no_instants() -> None:
    assert instant("x") is None
    assert last_instant("x") is None


@pytest.mark.parametrize(
    ("value", "minutes"), [("+0100", 60), ("-0330", -210), ("+0000", 0), ("0100", None), ("", None)]
)
def test_offsets(value: str, minutes: int | None) -> None:
    assert offset_minutes(value) == minutes


@pytest.mark.parametrize(
    ("date", "time", "minutes", "moved"),
    [
        ("20260131", "2330", 60, ("20260201", "003000")),
        ("20260101", "", -1, ("20251231", "235900")),
        ("20260101", "101112.5", 0, ("20260101", "101112.5")),
        ("x", "10", 0, None),
        ("20260101", "99", 0, None),
        ("00010101", "00", -1, None),
        ("09991231", "2330", 60, ("10000101", "003000")),
        ("03000101", "", -1, ("02991231", "235900")),
    ],
)
def test_shifted(date: str, time: str, minutes: int, moved: tuple[str, str] | None) -> None:
    assert shifted(date, time, minutes) == moved


@pytest.mark.parametrize(
    ("time", "minutes", "moved"),
    [("2330", 60, "003000"), ("0030", -60, "233000"), ("101112.5", 0, "101112.5"), ("x", 60, None)],
)
def test_a_time_of_no_date_goes_round_the_clock(time: str, minutes: int, moved: str | None) -> None:
    assert shifted_time(time, minutes) == moved
