import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.text import printable, visible


@given(st.text(st.characters()), st.integers(min_value=4, max_value=80))
def test_printable_is_bounded_ascii_on_one_line(value: str, limit: int) -> None:
    shown = printable(value, limit)
    assert len(shown) <= limit
    assert shown.isascii()
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("CT 1 'scanner'", "CT 1 'scanner'"),
        ("a\r\nb\x1b[31m", r"a\r\nb\x1b[31m"),
        ("\u202eEVIL", r"\u202eEVIL"),
        ("\\n", r"\\n"),
        ("\x7f\0é", r"\x7f\x00\xe9"),
        ("A" * 64, "A" * 64),
        ("A" * 65, "A" * 61 + "..."),
    ],
)
def test_printable(value: str, shown: str) -> None:
    assert printable(value) == shown


@given(st.text(), st.text())
def test_printable_keeps_different_short_texts_apart(one: str, other: str) -> None:
    assert (printable(one, 10_000) == printable(other, 10_000)) == (one == other)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Müller^Jörg", "Müller^Jörg"),
        ("山田^太郎", "山田^太郎"),
        ("a\\b", "a\\b"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("\u202eEVIL\n", r"\u202eEVIL\n"),
        ("\x9b31m", r"\x9b31m"),
    ],
)
def test_visible(value: str, shown: str) -> None:
    assert visible(value) == shown


@given(st.text())
def test_what_is_visible_moves_no_cursor(value: str) -> None:
    assert visible(value).isprintable()
