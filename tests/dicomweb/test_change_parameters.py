from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb.change_parameters import (
    MAX_LIMIT,
    MAX_NUMBER,
    MAX_WAIT_S,
    ChangeParameters,
    change_parameters,
    cursor_of,
    event_id,
)
from pacsd.dicomweb.errors import BadRequest

EPOCHS = st.text("0123456789abcdefABCDEFxyz", min_size=1, max_size=64)
NUMBERS = st.integers(0, MAX_NUMBER)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ChangeParameters()),
        ("since=0", ChangeParameters()),
        ("since=17&epoch=9f2c", ChangeParameters(17, "9f2c")),
        (f"since={MAX_NUMBER}", ChangeParameters(MAX_NUMBER)),
        ("since=last", ChangeParameters(None)),
        ("limit=1&wait=60", ChangeParameters(limit=1, wait_s=60)),
        (
            "accept=text/event-stream&accept=application/json",
            ChangeParameters(accept=("text/event-stream", "application/json")),
        ),
    ],
)
def test_what_is_asked_for(query: str, expected: ChangeParameters) -> None:
    assert change_parameters(query) == expected


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("since=", "since: '' is no whole number from 0 to"),
        ("since=-1", "since: '-1' is no whole number"),
        ("since=1.0", "or last$"),
        ("since=%D9%A1", "is no whole number"),  # a digit, but an Arabic one
        (f"since={MAX_NUMBER + 1}", "is no whole number"),
        ("since=LAST", "is no whole number"),
        ("since=1&since=1", "since: '1' is a second value"),
        ("epoch=", "epoch: '' is no epoch"),
        ("epoch=a:b", "is no epoch"),
        ("epoch=" + "a" * 65, "is no epoch"),
        ("limit=0", f"limit: '0' is no whole number from 1 to {MAX_LIMIT}$"),
        (f"limit={MAX_LIMIT + 1}", "limit: "),
        (f"wait={MAX_WAIT_S + 1}", f"wait: '61' is no whole number from 0 to {MAX_WAIT_S}"),
        ("wait=1s", "wait: '1s'"),
        ("offset=1", "parameter: 'offset' is none of since, epoch, limit, wait, accept"),
        ("since=%zz", "is not percent-encoded"),
    ],
)
def test_what_cannot_be_asked_for(query: str, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        change_parameters(query)


@given(NUMBERS, EPOCHS, st.integers(1, MAX_LIMIT), st.integers(0, MAX_WAIT_S))
def test_whatever_can_be_asked_for_is_read(since: int, epoch: str, limit: int, wait_s: int) -> None:
    query = urlencode({"wait": wait_s, "limit": limit, "epoch": epoch, "since": since})
    assert change_parameters(query) == ChangeParameters(since, epoch, limit, wait_s)


@given(st.text(max_size=100))
def test_nothing_else_is_raised(query: str) -> None:
    with suppress(BadRequest):
        asked = change_parameters(query)
        assert 1 <= asked.limit <= MAX_LIMIT
        assert 0 <= asked.wait_s <= MAX_WAIT_S


@given(EPOCHS, NUMBERS)
def test_an_event_id_comes_back_as_it_was_given(epoch: str, number: int) -> None:
    assert cursor_of(event_id(epoch, number)) == (epoch, number)


@pytest.mark.parametrize("event", ["", "17", ":17", "9f2c:", "9f2c:-1", "9f2c:1:2", "a b:1", "é:1"])
def test_what_is_no_event_id(event: str) -> None:
    with pytest.raises(BadRequest, match=r"^Last-Event-ID: "):
        cursor_of(event)
