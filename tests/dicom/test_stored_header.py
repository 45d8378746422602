import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.errors import ScanError
from pacsd.dicom.header_stream import DataSetHeader, HeaderStream, PassedValue
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.stored_header import MAX_VALUE_BYTES, decode_header, encode_header
from tests.dicom.corpus import objects
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, element

STUDY_UID, LUT_DATA, NAME = 0x0020000D, 0x00281201, 0x00100010


def header_of(data: bytes, syntax: TransferSyntax) -> DataSetHeader:
    stream = HeaderStream(syntax, 64 << 20)
    for start in range(0, len(data), 100_000):
        stream.feed(data[start : start + 100_000])
    stream.end()
    return stream.header()


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_a_long_value_becomes_a_place(syntax: TransferSyntax) -> None:
    vr = None if syntax.is_implicit_vr else "OW"
    uid, name = element(STUDY_UID, "UI", b"1.2", syntax), element(NAME, "PN", b"Doe^", syntax)
    long = element(LUT_DATA, "OW", bytes(MAX_VALUE_BYTES + 2), syntax)
    stored = decode_header(encode_header(header_of(name + uid + long, syntax)))
    at = len(name + uid + long) - MAX_VALUE_BYTES - 2
    assert stored.elsewhere == (PassedValue(LUT_DATA, vr, at, MAX_VALUE_BYTES + 2),)
    assert stored.raw == name + uid


def test_every_header_comes_back() -> None:
    for each in objects():
        header = header_of(each.data_set, each.syntax)
        stored = decode_header(encode_header(header))
        found = stored.read()
        places = {place.tag: place for place in stored.elsewhere}
        assert stored.layout is header.layout
        for tag in header.elements:
            value = header.value(tag)
            if tag not in places:
                assert found.value(tag) == value, each.path
            else:
                place = places[tag]
                assert place.length > MAX_VALUE_BYTES
                assert each.inflated[place.offset : place.offset + place.length] == value
        assert {place.tag for place in header.passed} <= {*places}


def test_the_layout_is_what_it_was_when_the_first_element_is_gone() -> None:
    first = element(0x00080005, "CS", b"A" * 1_200, EXPLICIT)
    strange = b"\x08\x00\x08\x00\0\0\0\0"
    last = element(0x00100020, "LO", b"77", EXPLICIT)
    stream = HeaderStream(EXPLICIT)
    stream.feed(first + strange + last)
    stream.end()
    header = stream.header()
    again = decode_header(encode_header(header)).read()
    assert again.layout == header.layout
    assert 0x00100020 in again.elements


@given(st.binary(max_size=100))
def test_what_is_no_stored_header_is_refused(data: bytes) -> None:
    try:
        decode_header(data)
    except ScanError:
        return
    assert data[0] == 1
