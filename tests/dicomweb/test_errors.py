import pytest

from pacsd.dicomweb.errors import (
    BadRequest,
    DicomWebError,
    Gone,
    NotAcceptable,
    NotFound,
    RangeNotSatisfiable,
    TimedOut,
    TooLarge,
    UnsupportedMedia,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadRequest, 400),
        (NotFound, 404),
        (NotAcceptable, 406),
        (TimedOut, 408),
        (Gone, 410),
        (TooLarge, 413),
        (UnsupportedMedia, 415),
    ],
)
def test_each_carries_its_status(error: type[DicomWebError], status: int) -> None:
    refusal = error("limit", "abc", "is no number")
    assert refusal.status == status
    assert refusal.field == "limit"
    assert str(refusal) == "limit: 'abc' is no number"


def test_a_range_carries_the_size() -> None:
    refusal = RangeNotSatisfiable("Range", "bytes=9-", "starts behind the end", 5)
    assert (refusal.status, refusal.size) == (416, 5)


def test_w21_a_value_breaks_no_line_and_is_cut_short() -> None:
    text = str(BadRequest("path", "a\r\nX: y\u202e" + "z" * 100_000, "is odd"))
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 100
