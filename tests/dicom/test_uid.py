import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.config import IGNORE
from pydicom.uid import UID

from pacsd.dicom.errors import UIDError
from pacsd.dicom.uid import (
    MAX_UID_LENGTH,
    check_uid,
    decode_uid,
    encode_uid,
    has_odd_component,
    is_acceptable_uid,
    is_valid_uid,
    uid_from_int,
)

VALID = ["1.2.840.10008.1.1", "0.0", "2.25.0", "1." + "2" * 62, "2.999.1.0.10"]
# Row D29 of the hostile inputs: what devices send is taken...
TOLERATED = ["1.02.3", "00.1", "1.2..3", "1.2.", ".1.2"]
# ...and what is no UID at all is not.
REFUSED = [
    "",
    ".",
    "..",
    "../../x",
    "/abs",
    "1.2." + "3" * 61,
    "1.2.a",
    "1.2.3 ",
    "1.2\0.3",
    "1.2.-3",
    "1.2.\u0663",
    "1.2.\u00b3",
]


@pytest.mark.parametrize("uid", VALID)
def test_valid(uid: str) -> None:
    assert is_valid_uid(uid)
    assert is_acceptable_uid(uid)
    assert not has_odd_component(uid)
    assert check_uid(uid, "SOP Instance UID") is uid


@pytest.mark.parametrize("uid", TOLERATED)
def test_tolerated(uid: str) -> None:
    assert not is_valid_uid(uid)
    assert has_odd_component(uid)
    assert check_uid(uid, "SOP Instance UID") is uid


@pytest.mark.parametrize("uid", REFUSED)
def test_refusal_names_field_value_and_rule(uid: str) -> None:
    assert not is_valid_uid(uid)
    assert not is_acceptable_uid(uid)
    with pytest.raises(UIDError, match=r"^C-STORE-RQ: .*digits and dots \(PS3.5 section 9.1\)$"):
        check_uid(uid, "C-STORE-RQ: Affected SOP Instance UID")


def test_refusal_is_safe_to_print() -> None:
    with pytest.raises(UIDError) as refused:
        check_uid("1\n\x1b\u202e" + "9" * 1000, "UID")
    assert str(refused.value).isprintable()
    assert str(refused.value).isascii()
    assert len(str(refused.value)) < 160


@given(st.text("0123456789.x", max_size=70))
def test_validity_is_pydicoms(text: str) -> None:
    assert is_valid_uid(text) == UID(text, IGNORE).is_valid


@given(st.text("0123456789.", min_size=1, max_size=MAX_UID_LENGTH).filter(lambda t: t.strip(".")))
def test_value_field_round_trip(uid: str) -> None:
    raw = encode_uid(uid)
    assert len(raw) % 2 == 0
    assert raw.rstrip(b"\0").decode() == uid
    assert decode_uid(raw) == decode_uid(bytearray(raw)) == decode_uid(memoryview(raw)) == uid


@given(st.binary(max_size=80))
def test_decode_never_raises_and_can_be_sent_back(raw: bytes) -> None:
    uid = decode_uid(raw)
    assert encode_uid(uid).rstrip(b"\0 ") == raw.rstrip(b"\0 ")


def test_decode_strips_both_paddings() -> None:
    assert decode_uid(b"1.2.3 \0") == decode_uid(b"1.2.3\0\0") == decode_uid(b"1.2.3") == "1.2.3"


def test_encode_refuses_what_no_value_field_holds() -> None:
    with pytest.raises(UIDError, match=r"'1\.\\u0663'"):
        encode_uid("1.\u0663")


@given(st.uuids())
def test_uid_from_int_is_a_valid_uid(value: uuid.UUID) -> None:
    uid = uid_from_int(value.int)
    assert is_valid_uid(uid)
    assert uid == f"2.25.{value.int}"


@pytest.mark.parametrize("value", [-1, 1 << 128])
def test_uid_from_int_refuses_what_is_not_128_bits(value: int) -> None:
    with pytest.raises(UIDError, match=r"PS3\.5 section B\.2"):
        uid_from_int(value)
