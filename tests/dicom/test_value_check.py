from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.charset import character_set
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.scan import scan
from pacsd.dicom.value_check import check_value
from pacsd.dicom.vr import VR
from tests.dicom.corpus import objects

LONG, REPERTOIRE = QuirkKind.VALUE_TOO_LONG, QuirkKind.VALUE_REPERTOIRE
FORMAT, SIZE = QuirkKind.VALUE_FORMAT, QuirkKind.VALUE_SIZE


@pytest.mark.parametrize(
    ("vr", "raw", "quirk"),
    [
        ("AE", b"TITLE ", None),
        ("AE", b"A LONG TITLE HERE", LONG),
        ("AE", b"T\xe9", REPERTOIRE),
        ("AE", b"A\\B", None),
        ("AS", b"018M", None),
        ("AS", b"18M ", FORMAT),
        ("AT", b"\x08\0\x18\0", None),
        ("AT", b"\x08\0\x18", SIZE),
        ("CS", b"ORIGINAL\\PRIMARY ", None),
        ("CS", b"Original", REPERTOIRE),
        ("CS", b"CODE-STRING ", REPERTOIRE),
        ("CS", b"A VERY LONG CODE STRING ", LONG),
        ("DA", b"20261123", None),
        ("DA", b"2026.11.23", LONG),
        ("DA", b"20261323", FORMAT),
        ("DA", b"20261123\\20261124", None),
        ("DS", b"-1.5e-3 ", None),
        ("DS", b"1,5 ", FORMAT),
        ("DS", b"1.23456789012345678 ", LONG),
        ("DT", b"20261123103015.123456+0100", None),
        ("DT", b"20261123T103015", FORMAT),
        ("IS", b"+12 ", None),
        ("IS", b"2147483648", FORMAT),
        ("IS", b"1.0 ", FORMAT),
        ("LO", b"a" * 64, None),
        ("LO", b"a" * 65, LONG),
        ("LO", b"a\nb", REPERTOIRE),
        ("LT", b"a\r\n\tb", None),
        ("LT", b"a\0b", REPERTOIRE),
        ("LT", b"a" * 10241, LONG),
        ("PN", b"=".join([b"a" * 64] * 3), None),
        ("PN", b"a" * 65, LONG),
        ("SH", b"a" * 17, LONG),
        ("TM", b"103015.5", None),
        ("TM", b"10:30", FORMAT),
        ("TM", b"2500", FORMAT),
        ("UI", b"1.2.840\0", None),
        ("UI", b"1.02", FORMAT),
        ("UI", b"1.2 ", FORMAT),
        ("UI", b"1" * 65, LONG),
        ("UR", b"https://a.example/b ", None),
        ("UR", b" https://a.example", REPERTOIRE),
        ("US", b"\0\1", None),
        ("US", b"\0\1\2", SIZE),
        ("FD", bytes(12), SIZE),
        ("OW", b"\0", SIZE),
        ("OB", b"\0", None),
        ("UN", b"\xff", None),
        ("ZZ", b"\xff", None),
        *((vr, b"", None) for vr in VR),
    ],
)
def test_a_field(vr: str, raw: bytes, quirk: QuirkKind | None) -> None:
    assert check_value(vr, raw) is quirk


def test_text_is_counted_in_characters() -> None:
    raw = ("山" * 64).encode()
    assert check_value(VR.LO, raw, character_set(b"ISO_IR 192")) is None
    assert check_value(VR.LO, raw) is LONG


def test_text_that_cannot_be_decoded() -> None:
    assert check_value(VR.LO, b"\xff", character_set(b"ISO_IR 192")) is QuirkKind.UNDECODABLE_TEXT


@given(st.sampled_from(VR), st.binary(max_size=80))
def test_checks_never_raise(vr: VR, raw: bytes) -> None:
    assert check_value(vr, memoryview(raw)) in {None, *QuirkKind}


def test_nearly_all_values_of_the_corpus_are_right() -> None:
    found: Counter[QuirkKind | None] = Counter()
    for each in objects():
        scanned = scan(each.inflated, each.syntax, stop_before=0x7FE00010)
        charset = character_set(scanned.value(each.inflated, 0x00080005) or b"")
        for tag, element in scanned.elements.items():
            vr = element.vr or vr_of(tag) or VR.UN
            found[check_value(vr, scanned.value(each.inflated, tag) or b"", charset)] += 1
    assert found[None] > 50 * (found.total() - found[None])
    assert QuirkKind.UNDECODABLE_TEXT not in found
