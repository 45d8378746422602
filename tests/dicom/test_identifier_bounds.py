"""Identifiers as long as they may be, and a little longer."""

import pytest

from pacsd.dicom.errors import IdentifierError
from pacsd.dicom.identifier import STUDY_ROOT, Manner, read_query, read_retrieval
from pacsd.dicom.identifier_bounds import (
    MAX_IDENTIFIER_BYTES,
    MAX_KEY_BYTES,
    MAX_KEYS,
    MAX_PATTERNS,
    MAX_VALUES,
)
from pacsd.dicom.query import Query, Values
from tests.dicom.written import IMPLICIT, element

NAME, STUDY, SERIES, CODES, ITEM = 0x00100010, 0x0020000D, 0x0020000E, 0x00081032, 0xFFFEE000


def implicit(tag: int, value: bytes) -> bytes:
    return element(tag, "UN", value, IMPLICIT)


HEAD = implicit(0x00080052, b"STUDY ")


def asked(*keys: bytes) -> Query:
    return read_query(HEAD + b"".join(keys), IMPLICIT, STUDY_ROOT, Manner()).query


def refused(*keys: bytes, tag: int, text: str) -> None:
    with pytest.raises(IdentifierError, match=text) as caught:
        asked(*keys)
    assert caught.value.tag == tag


def uids(count: int) -> bytes:
    raw = b"\\".join(b"1.2.%d" % number for number in range(count))
    return raw + b"\0" * (len(raw) % 2)


def test_d40_a_key_that_is_no_list_of_uids_has_a_bound() -> None:
    assert len(asked(implicit(NAME, b"x" * MAX_KEY_BYTES)).conditions) == 1
    refused(implicit(NAME, b"x*" * 1_900_000), tag=NAME, text="3800000 bytes, 1024 are the most")
    code = implicit(0x00080100, b"x" * (MAX_KEY_BYTES + 2))
    refused(implicit(CODES, implicit(ITEM, code)), tag=0x00080100, text="1026 bytes")


def test_d40_an_identifier_has_a_bound_of_keys() -> None:
    private = [implicit(0x11010000 + number, b"") for number in range(1, MAX_KEYS + 1)]
    assert len(asked(*private[:-1]).returned) == MAX_KEYS
    text = f"more than {MAX_KEYS} keys"
    refused(*private, tag=0x00080052, text=text)
    items = implicit(ITEM, b"".join(private[:-1]))
    refused(implicit(CODES, items), tag=0x00080052, text=text)


def test_d40_a_list_has_a_bound() -> None:
    # With the level itself, which is a value as well.
    (condition,) = asked(implicit(STUDY, uids(MAX_VALUES - 1))).conditions
    assert isinstance(condition, Values)
    assert len(condition.values) == MAX_VALUES - 1
    text = f"more than {MAX_VALUES} values"
    refused(implicit(STUDY, uids(MAX_VALUES)), tag=STUDY, text=text)
    refused(implicit(STUDY, b"\\" * 4_000_000), tag=STUDY, text=text)


def test_d40_all_values_together_have_a_bound() -> None:
    half = uids(MAX_VALUES // 2)
    text = f"more than {MAX_VALUES} values"
    refused(implicit(STUDY, half), implicit(SERIES, half), tag=SERIES, text=text)
    raw = HEAD + implicit(STUDY, half) + implicit(SERIES, half)
    with pytest.raises(IdentifierError, match=text):
        read_retrieval(raw, IMPLICIT, STUDY_ROOT, is_relational=True)


def test_d40_patterns_and_names_have_a_bound() -> None:
    most = b"\\".join([b"x"] * MAX_PATTERNS) + b" "
    for tag in (NAME, 0x00100020):
        assert len(asked(implicit(tag, most)).conditions) == 1
    text = f"more than {MAX_PATTERNS} values that are no UIDs"
    refused(implicit(0x00080050, b"a\\b "), implicit(NAME, most), tag=NAME, text=text)
    single = [implicit(0x11010001 + number, b"x ") for number in range(MAX_PATTERNS + 1)]
    assert len(asked(*single, implicit(NAME, most)).returned) == MAX_PATTERNS + 3


def test_the_longest_list_of_uids_fits_and_not_much_more() -> None:
    uid = b"1." + b"2" * 62
    longest = HEAD + implicit(STUDY, b"\\".join([uid] * (MAX_VALUES - 1)))
    assert len(read_retrieval(longest, IMPLICIT, STUDY_ROOT, is_relational=False).conditions) == 1
    assert len(longest) < MAX_IDENTIFIER_BYTES - 240_000 < 1.1 * len(longest)
