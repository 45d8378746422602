from hypothesis import given
from hypothesis import strategies as st

from pacsd.index.text import MAX_TEXT, storable, storable_key

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=40)


@given(ANY_TEXT, st.integers(1, 60))
def test_what_is_storable_any_database_takes(text: str, times: int) -> None:
    stored = storable(text * times)
    assert "\0" not in stored
    assert len(stored.encode()) <= MAX_TEXT


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert storable(text) == storable_key(text) == text


def test_a_key_that_is_cut_stays_one_of_its_own() -> None:
    first, second = "x" * MAX_TEXT + "1", "x" * MAX_TEXT + "2"
    assert storable(first) == storable(second)
    assert storable_key(first) != storable_key(second)
    assert len(storable_key(first).encode()) <= MAX_TEXT


def test_a_key_with_what_cannot_be_stored_stays_one_of_its_own() -> None:
    assert len({storable_key(text) for text in ("a\0", "a\ufffd", "a\ud800", "a")}) == 4
