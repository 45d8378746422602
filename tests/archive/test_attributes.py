import pytest

from pacsd.archive.attributes import Attributes
from pacsd.dicom.header_stream import HeaderStream, known_syntax
from pacsd.dicom.registry import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from pacsd.testing.objects import data_set
from tests.dicom.written import element, item, sequence

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"


def attributes_of(data: bytes, syntax_uid: str = EXPLICIT_LITTLE) -> Attributes:
    syntax = known_syntax(syntax_uid)
    stream = HeaderStream(syntax)
    stream.feed(data)
    stream.end()
    return Attributes(stream.header(), syntax)


def test_text_in_the_character_set_of_the_object() -> None:
    read = attributes_of(data_set({"PatientName": "Müller^Jörg", "PatientID": " 7 "}))
    assert read[0x00100010] == "Müller^Jörg"
    assert read[0x00100020] == "7"


def test_numbers_and_several_values() -> None:
    read = attributes_of(data_set({"Rows": 512, "ImageType": r"ORIGINAL\PRIMARY"}))
    assert read[0x00280010] == "512"
    assert read[0x00080008] == r"ORIGINAL\PRIMARY"


@pytest.mark.parametrize("uid", [EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN])
def test_every_encoding(uid: str) -> None:
    known = known_syntax(uid)
    rows = (512).to_bytes(2, "little" if known.is_little_endian else "big")
    tags = b"\x00\x10\x00\x20" if not known.is_little_endian else b"\x10\x00\x20\x00"
    data = element(0x00100020, "LO", b"77", known) + element(0x00280009, "AT", tags, known)
    read = attributes_of(data + element(0x00280010, "US", rows, known), uid)
    assert dict(read) == {0x00100020: "77", 0x00280009: "00100020", 0x00280010: "512"}


def test_what_has_no_text_is_not_there() -> None:
    items = sequence(0x00081115, item(b""))
    read = attributes_of(
        items + element(0x00100020, "LO", b"  ") + element(0x00420011, "OB", b"12")
    )
    assert dict(read) == {}
    assert len(read) == 0
    with pytest.raises(KeyError, match=r"\(0010,0020\)"):
        read[0x00100020]
    assert 0x00100021 not in read


def test_of_an_unknown_vr_that_of_the_dictionary_counts() -> None:
    read = attributes_of(element(0x00100020, "UN", b"77") + element(0x0020000D, "ZZ", b"1.2\0"))
    assert dict(read) == {0x00100020: "77", 0x0020000D: "1.2"}


SCHEDULED_STEP, REQUEST_ATTRIBUTES = 0x00400009, 0x00400275


@pytest.mark.parametrize("is_undefined", [False, True])
def test_of_request_attributes_the_first_item_counts(*, is_undefined: bool) -> None:
    step = element(SCHEDULED_STEP, "SH", b"S1")
    items = item(step, is_undefined=is_undefined) + item(element(SCHEDULED_STEP, "SH", b"S2"))
    data = sequence(REQUEST_ATTRIBUTES, items, is_undefined=is_undefined)
    read = attributes_of(element(0x00100020, "LO", b"77") + data)
    assert dict(read) == {0x00100020: "77", SCHEDULED_STEP: "S1"}


def test_outside_its_sequence_it_says_nothing() -> None:
    read = attributes_of(element(SCHEDULED_STEP, "SH", b"S1"))
    assert dict(read) == {}


def test_a_broken_sequence_has_no_attributes() -> None:
    read = attributes_of(sequence(REQUEST_ATTRIBUTES, b"nonsense" * 3))
    assert SCHEDULED_STEP not in read
