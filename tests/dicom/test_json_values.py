import math
import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.charset import DEFAULT_CHARACTER_SET, character_set
from pacsd.dicom.json_values import BINARY_VRS, BULK_VRS, attribute, is_in_model, of_texts
from pacsd.dicom.vr import VR

PRIVATE = 0x00091001


def said(vr: str, raw: bytes, *, is_little_endian: bool = True) -> Any:
    return attribute(PRIVATE, vr, raw, DEFAULT_CHARACTER_SET, is_little_endian=is_little_endian)


@pytest.mark.parametrize(
    ("vr", "texts", "values"),
    [
        ("CS", ["A", "", "B"], ["A", None, "B"]),
        ("IS", ["7", "2.0", "seven", str(2**60)], [7, 2, "seven", str(2**60)]),
        ("DS", ["1.50", "1e999", "much", ""], [1.5, "1e999", "much", None]),
        ("DS", ["0.1000000000000000000001"], ["0.1000000000000000000001"]),
        ("US", ["7", "none"], [7, "none"]),
        ("FD", ["1.5", "much"], [1.5, "much"]),
        ("FL", ["nan", "inf", "-inf"], ["NaN", "Infinity", "-Infinity"]),
        ("PN", ["A^B==", "=I", "==P", "=", ""],
         [{"Alphabetic": "A^B"}, {"Ideographic": "I"}, {"Phonetic": "P"}, None, None]),
        ("AT", ["00080018"], ["00080018"]),
    ],
)  # fmt: skip
def test_values_of_text(vr: str, texts: list[str], values: list[object]) -> None:
    assert of_texts(vr, texts) == values


@pytest.mark.parametrize("order", ["<", ">"])
def test_values_of_bytes(order: str) -> None:
    is_little = order == "<"
    numbers = struct.pack(order + "HH", 1, 65535)
    assert said("US", numbers + b"x", is_little_endian=is_little)["Value"] == [1, 65535]
    tag = struct.pack(order + "HH", 0x0018, 0x106A)
    assert said("AT", tag, is_little_endian=is_little)["Value"] == ["0018106A"]
    assert said("OW", numbers, is_little_endian=is_little)["InlineBinary"] == "AQD//w=="


def test_an_empty_attribute_has_nothing_but_its_vr() -> None:
    for vr in set(VR) - {VR.SQ}:
        assert said(vr, b"") == {"vr": vr}


def test_text_is_unicode() -> None:
    latin = character_set(b"ISO_IR 100")
    name = attribute(0x00100010, "PN", b"M\xfcller", latin, is_little_endian=True)
    assert name == {"vr": "PN", "Value": [{"Alphabetic": "Müller"}]}
    declared = attribute(0x00080005, "CS", b"ISO_IR 100", latin, is_little_endian=True)
    assert declared == {"vr": "CS", "Value": ["ISO_IR 192"]}


@pytest.mark.parametrize(
    ("tag", "is_in"), [(0x00080000, False), (0x00020010, False), (0x00080005, True)]
)
def test_what_is_left_out(tag: int, is_in: bool) -> None:
    assert is_in_model(tag) is is_in


def test_vrs_of_bulk_data() -> None:
    """The list of PS3.18 section F.2.2."""
    listed = "DS FL FD IS LT OB OD OF OL OV OW SL SS ST SV UC UL UN US UT UV"
    assert set(listed.split()) == BULK_VRS
    assert {"OB", "OD", "OF", "OL", "OV", "OW", "UN"} == BINARY_VRS


@given(st.sampled_from([vr for vr in VR if vr != VR.SQ]), st.binary(max_size=40))
def test_no_bytes_are_too_odd(vr: VR, raw: bytes) -> None:
    assert said(vr, raw)["vr"] == vr


@given(st.from_regex(r"[+-]?[0-9]{1,12}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_a_decimal_is_a_number_only_where_it_says_the_same(text: str) -> None:
    (value,) = of_texts("DS", [text])
    if isinstance(value, float):
        assert Decimal(repr(value)) == Decimal(text)
    else:
        assert value == text
        assert Decimal(repr(float(text))) != Decimal(text) if math.isfinite(float(text)) else True
