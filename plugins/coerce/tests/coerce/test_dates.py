from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacsd_coerce.dates import shifted

from pacsd.dicom.vr import VR

DAY = timedelta(days=1)


@given(st.dates(date(1950, 1, 1)), st.dates(date(1950, 1, 1)), st.integers(1, 3650))
def test_what_lies_between_two_dates_stays(one: date, other: date, days: int) -> None:
    by = timedelta(days=days)
    made = [shifted(VR.DA, f"{each:%Y%m%d}".encode(), by) for each in (one, other)]
    found = [date.fromisoformat(each.decode()) for each in made if each is not None]
    assert found[0] - found[1] == one - other
    assert one - found[0] == by


@pytest.mark.parametrize(
    ("vr", "raw", "made"),
    [
        (VR.DA, b"20260301", b"20260228"),
        (VR.DA, b"2026.03.01", b"20260228"),
        (VR.DA, b"20260301\\20260101 ", b"20260228\\20251231"),
        (VR.DA, b"", b""),
        (VR.DT, b"20260301120000.5+0100", b"20260228120000.5+0100"),
        (VR.TM, b"1200", b"1200"),
        (VR.DT, b"202603", None),
        (VR.DA, b"20261399", None),
        (VR.DA, b"yesterday", None),
        (VR.DA, b"00010101", None),
        (VR.LO, b"20260301", None),
    ],
)
def test_days_are_taken_away_where_there_are_any(vr: str, raw: bytes, made: bytes | None) -> None:
    assert shifted(vr, raw, DAY) == made
