import pytest

from pacsd.dicom.headers import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    LONG_VRS,
    SHORT_VRS,
    Header,
    is_explicit_header,
    layout_of,
    read_header,
)
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.vr import VR
from tests.dicom.written import BIG, DEFLATED, EXPLICIT, IMPLICIT, element, item


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG], ids=lambda each: each.keyword)
@pytest.mark.parametrize("vr", VR)
def test_a_header_of_every_vr(syntax: TransferSyntax, vr: VR) -> None:
    raw = b"\0" + element(0x00181234, vr, b"abcdef", syntax)
    header = read_header(raw, 1, layout_of(syntax), len(raw))
    expected = None if syntax.is_implicit_vr else vr
    assert header == Header(0x00181234, expected, len(raw) - 6, 6, None)
    for cut in range(1, len(raw) - 6):
        assert read_header(raw, 1, layout_of(syntax), cut) is None


def test_layouts_are_those_of_the_transfer_syntaxes() -> None:
    assert layout_of(IMPLICIT) is IMPLICIT_LITTLE
    assert layout_of(EXPLICIT) is EXPLICIT_LITTLE
    assert layout_of(BIG) is EXPLICIT_BIG
    assert layout_of(DEFLATED) is EXPLICIT_LITTLE


def test_vrs_are_short_or_long() -> None:
    assert set(SHORT_VRS.values()) | set(LONG_VRS.values()) == set(VR)
    assert not set(SHORT_VRS) & set(LONG_VRS)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG], ids=lambda each: each.keyword)
def test_items_have_no_vr(syntax: TransferSyntax) -> None:
    # A length of which the bytes would read as a VR in Little Endian: 0x4E55 is `UN`.
    raw = item(bytes(0x4E55), syntax)
    header = read_header(raw, 0, layout_of(syntax), len(raw))
    assert header is not None
    assert header[:4] == (0xFFFEE000, None, 8, 0x4E55) or not syntax.is_implicit_vr


# PS3.5 section 7.1.2 and what devices write instead.
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            b"\x08\0\x18\0ZZ\0\0\x04\0\0\0abcd",
            Header(0x00080018, "ZZ", 12, 4, QuirkKind.UNKNOWN_VR),
        ),
        (b"\x08\0\x18\0ZZ\x04\0abcd", Header(0x00080018, "ZZ", 8, 4, QuirkKind.UNKNOWN_VR)),
        (b"\x08\0\x18\0??\x04\0abcd", Header(0x00080018, "??", 8, 4, QuirkKind.UNKNOWN_VR)),
        (b"\x08\0\x18\0\x04\0\0\0abcd", Header(0x00080018, None, 8, 4, QuirkKind.NO_VR)),
        (b"\x08\0\x18\0ui\0\0abcd", Header(0x00080018, None, 8, 0x6975, QuirkKind.NO_VR)),
    ],
)
def test_a_vr_that_is_none(raw: bytes, expected: Header) -> None:
    assert read_header(raw, 0, EXPLICIT_LITTLE, len(raw)) == expected


def test_an_unknown_vr_waits_for_its_long_length() -> None:
    assert read_header(b"\x08\0\x18\0ZZ\0\0\x04\0", 0, EXPLICIT_LITTLE, 10) is None


def test_explicit_headers_are_told_by_their_vr() -> None:
    assert is_explicit_header(memoryview(element(0x00080018, "UI", b"1.2 ")), 0)
    assert not is_explicit_header(element(0x00080018, "UI", b"1.2 ", IMPLICIT), 0)
    assert not is_explicit_header(b"\x08\0\x18\0ZZ\0\0", 0)
    assert not is_explicit_header(b"\x08\0", 0)
