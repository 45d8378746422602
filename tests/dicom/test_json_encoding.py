import struct
from decimal import Decimal

import pytest

from pacsd.dicom.errors import JsonModelError
from pacsd.dicom.json_encoding import Place, decode_inline, encode_values

NAME = {"Alphabetic": "A^B", "Phonetic": "P"}


@pytest.mark.parametrize(
    ("vr", "values", "raw"),
    [
        ("CS", ["CT", None, "SR"], b"CT\\\\SR"),
        ("LO", ["é"], b"\xc3\xa9"),
        ("LT", ["a\\b"], b"a\\b"),
        ("PN", [NAME, None, {}], b"A^B==P\\\\"),
        ("IS", [7, "+8", Decimal("9.0"), None], b"7\\+8\\9\\"),
        ("IS", [-(2**31), 2**31 - 1], b"-2147483648\\2147483647"),
        ("DS", [Decimal("1.50"), 7, "0.10", None, ""], b"1.50\\7\\0.10\\\\"),
        ("DS", [Decimal("0.30000000000000004")], b"0.30000000000000"),
        ("DS", [Decimal("-1.2345678901234567e-300")], b"-1.23456789e-300"),
        ("DS", [12345678901234567890], b"1.2345678901e+19"),
        ("US", [0, 65535, Decimal("2.0")], struct.pack("<3H", 0, 65535, 2)),
        ("SS", [-32768], struct.pack("<h", -32768)),
        ("UV", [2**64 - 1, str(2**64 - 1)], struct.pack("<2Q", 2**64 - 1, 2**64 - 1)),
        ("SV", ["-9"], struct.pack("<q", -9)),
        ("FD", [Decimal("0.1"), 2], struct.pack("<2d", 0.1, 2)),
        ("FL", ["Infinity", "-Infinity"], struct.pack("<2f", float("inf"), float("-inf"))),
        ("AT", ["0018106A"], struct.pack("<HH", 0x18, 0x106A)),
        ("UI", [], b""),
    ],
)
def test_values(vr: str, values: list[object], raw: bytes) -> None:
    written = encode_values(Place("x", vr), values)
    if vr == "DS":
        assert all(len(each) <= 16 for each in written.split(b"\\"))
        assert [float(each or b"0") for each in written.split(b"\\")] == pytest.approx(
            [float(each or b"0") for each in raw.split(b"\\")]
        )
    else:
        assert written == raw


@pytest.mark.parametrize(
    ("vr", "values", "rule"),
    [
        ("CS", [7], "is no text"),
        ("CS", [{}], "is no text"),
        ("LO", ["a\\b"], "backslash"),
        ("CS", ["é"], "default repertoire"),
        ("LO", ["\ud800"], "surrogate"),
        ("CS", ["\udfff"], "default repertoire"),
        ("LT", ["a", "b"], "one too many"),
        ("PN", ["A^B"], "component groups"),
        ("PN", [{"Family": "A"}], "component groups"),
        ("PN", [{"Alphabetic": "A=B"}], "'='"),
        ("PN", [{"Alphabetic": 7}], "is no text"),
        ("IS", [2**31], "32 bits"),
        ("IS", ["seven"], "32 bits"),
        ("IS", [Decimal("1.5")], "32 bits"),
        ("IS", [True], "32 bits"),
        ("DS", ["much"], "is no number"),
        ("DS", [True], "is no number"),
        ("DS", [[1]], "is no number"),
        ("US", [65536], "out of its range"),
        ("US", [-1], "out of its range"),
        ("US", ["1"], "no such number"),
        ("US", [None], "no such number"),
        ("US", [True], "no such number"),
        ("US", [Decimal("1.5")], "no such number"),
        ("UL", [Decimal("1e300")], "out of its range"),
        ("UV", ["1e3"], "no such number"),
        ("UV", ["99999999999999999999"], "out of its range"),
        ("FL", [Decimal("1e300")], "out of its range"),
        ("FD", ["nan"], "no such number"),
        ("FD", [False], "no such number"),
        ("AT", ["0018"], "eight digits"),
        ("AT", [0x18106A], "eight digits"),
        ("AT", [None], "eight digits"),
    ],
)
def test_refusals_name_the_attribute_the_value_and_the_rule(
    vr: str, values: list[object], rule: str
) -> None:
    with pytest.raises(JsonModelError) as refused:
        encode_values(Place("(0009,1001)", vr), values)
    assert str(refused.value).startswith(f"(0009,1001) {vr}: value ")
    assert rule in str(refused.value)
    assert str(refused.value).isprintable()


def test_inline_binary() -> None:
    assert decode_inline(Place("x", "OB"), "AQI=") == b"\1\2"
    assert decode_inline(Place("x", "OW"), "") == b""


@pytest.mark.parametrize(
    ("vr", "value", "rule"),
    [
        ("OB", 7, "is no text"),
        ("OB", "AQI", "base64"),
        ("OB", "A Q I =", "base64"),
        ("OB", "é", "base64"),
        ("OW", "AQ==", "whole words"),
        ("OD", "AQI=", "whole words"),
    ],
)
def test_what_is_no_inline_binary(vr: str, value: object, rule: str) -> None:
    with pytest.raises(JsonModelError, match=rule):
        decode_inline(Place("x", vr), value)
