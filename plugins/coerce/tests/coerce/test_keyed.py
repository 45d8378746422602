from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from pacsd_coerce.keyed import PSEUDONYM_CHARACTERS, Keyed

from pacsd.dicom.uid import is_valid_uid

KEY, OTHER = Keyed(b"0123456789abcdef"), Keyed(b"0123456789abcdeg")


@given(st.text(max_size=20), st.text(max_size=20))
def test_the_same_becomes_the_same_and_with_another_key_something_else(one: str, two: str) -> None:
    assert is_valid_uid(KEY.uid(one))
    assert KEY.uid(one).startswith("2.25.")
    assert KEY.uid(one) == Keyed(b"0123456789abcdef").uid(one) != OTHER.uid(one)
    assert KEY.pseudonym(one, two) != OTHER.pseudonym(one, two)
    assert len(KEY.pseudonym(one, two)) == PSEUDONYM_CHARACTERS
    assert (KEY.uid(one) == KEY.uid(two)) is (one == two)
    assert timedelta(days=1) <= KEY.shift(one, two) <= timedelta(days=3650)


def test_issuer_and_identifier_do_not_run_into_each_other() -> None:
    assert KEY.pseudonym("A", "B1") != KEY.pseudonym("AB", "1")
    assert KEY.pseudonym("", "A") != KEY.pseudonym("A", "")


def test_a_uuid_is_what_the_root_is_for() -> None:
    number = int(KEY.uid("1.2.3").removeprefix("2.25."))
    assert number < 2**128
    assert (number >> 62) & 0b11 == 0b10  # the variant of RFC 9562
