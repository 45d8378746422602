from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.delete_parameters import delete_reason
from pacsd.dicomweb.errors import BadRequest


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", None),
        ("reason=wrong%20patient", "wrong patient"),
        ("reason=", ""),
        ("reason", ""),
        ("accept=application/json", None),
        ("accept=a/b&reason=why&accept=c/d", "why"),
    ],
)
def test_why_it_is_deleted(query: str, expected: str | None) -> None:
    assert delete_reason(query) == expected


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("raeson=why", "parameter: 'raeson' is none of reason, accept"),
        ("Reason=why", "parameter: 'Reason' is none of"),
        ("=why", "parameter: '' is none of"),
        ("reason=why&SeriesInstanceUID=1.2", "parameter: 'SeriesInstanceUID' is none of"),
        ("reason=why&reason=why", "reason: 'why' is a second value"),
        ("reason=&reason=why", "reason: 'why' is a second value"),
        ("reason=%zz", "is not percent-encoded"),
        ("reason=a%0Ab", "has control characters"),
    ],
)
def test_what_is_refused(query: str, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        delete_reason(query)


@given(st.text())
def test_any_reason_is_read_as_it_was_written(reason: str) -> None:
    with suppress(BadRequest, UnicodeEncodeError):  # control characters, and half of a character
        assert delete_reason(urlencode({"reason": reason})) == reason
