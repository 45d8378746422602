import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.ae_title import (
    check_ae_title,
    from_wire,
    is_valid_ae_title,
    to_wire,
)
from pacsd.dicom.errors import AETitleError
from pacsd.dicom.text import printable

VALID = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\\"), max_size=16
).filter(str.strip)

# Row D11 of the hostile inputs.
INVALID = [
    "",
    " " * 16,
    "A" * 17,
    "A\\B",
    "A\0B",
    "A\nB",
    "A\x1b[2J",
    "A\x7f",
    "ÄRZTE",
    "\u202eEVIL",
    "日本",
]


@given(VALID)
def test_valid_title_survives_the_wire(title: str) -> None:
    wire = to_wire(title)
    assert len(wire) == 16
    assert from_wire(wire) == title.strip()


@given(st.binary(max_size=32))
def test_from_wire_never_raises_and_is_judged_later(raw: bytes) -> None:
    title = from_wire(raw)
    assert title == title.lstrip(" ").rstrip("\0 ")
    if is_valid_ae_title(title):
        assert to_wire(title).rstrip(b" ") == raw.rstrip(b"\0 ").lstrip(b" ")


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (b"STORESCP        ", "STORESCP"),
        (b"  STORE SCP     ", "STORE SCP"),
        (b"STORESCP\0\0\0\0\0\0\0\0", "STORESCP"),
        (b"STORESCP \0 \0    ", "STORESCP"),
        (b"\0STORESCP       ", "\0STORESCP"),
        (b" " * 16, ""),
        (b"\xc4RZTE           ", "ÄRZTE"),
    ],
)
def test_from_wire(raw: bytes, title: str) -> None:
    assert from_wire(raw) == from_wire(bytearray(raw)) == from_wire(memoryview(raw)) == title


@pytest.mark.parametrize("title", ["A", "../secret/VICTIM", "store scp", "A" * 16, "a.b-c_d~!"])
def test_valid_titles(title: str) -> None:
    assert is_valid_ae_title(title)
    assert check_ae_title(title, "Called AE title") is title


@pytest.mark.parametrize("title", INVALID)
def test_refusal_names_field_value_and_rule(title: str) -> None:
    assert not is_valid_ae_title(title)
    with pytest.raises(AETitleError) as refused:
        check_ae_title(title, "A-ASSOCIATE-RQ: Called AE title")
    message = str(refused.value)
    assert message.startswith(f"A-ASSOCIATE-RQ: Called AE title: AE title '{printable(title)}'")
    assert "PS3.5 table 6.2-1" in message
    assert message.isascii()
    assert message.isprintable()
    with pytest.raises(AETitleError):
        to_wire(title)
