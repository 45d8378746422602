from decimal import Decimal

import pytest

from pacsd.dicom.errors import NativeModelError
from pacsd.dicom.json_encoding import Place
from pacsd.dicom.xml_values import of_components, of_text


def place(vr: str) -> Place:
    return Place("(0009,1001)", vr)


@pytest.mark.parametrize(
    ("vr", "text", "value"),
    [
        ("LO", " a ", " a "),
        ("LO", "", None),
        ("LO", " ", " "),
        ("DS", "1.50", "1.50"),
        ("IS", " 007", " 007"),
        ("DS", "", None),
        ("US", " 7\n", 7),
        ("SS", "-7", -7),
        ("UL", "+7", 7),
        ("UV", "18446744073709551615", 2**64 - 1),
        ("SV", "-9223372036854775808", -(2**63)),
        ("FL", "1.1", Decimal("1.1")),
        ("FD", " -.5e-3 ", Decimal("-0.0005")),
        ("FD", "0", Decimal(0)),
        ("FD", "0e-999", Decimal("0e-999")),
        ("FD", "NaN", "NaN"),
        ("FD", "INF", "Infinity"),
        ("FD", "-inf", "-Infinity"),
        ("FL", "-Infinity", "-Infinity"),
        ("AT", " 0020000D ", "0020000D"),
    ],
)
def test_values(vr: str, text: str, value: object) -> None:
    assert of_text(place(vr), text) == value


@pytest.mark.parametrize(
    ("vr", "text", "rule"),
    [
        ("US", "", "value '' is no whole number (PS3.19 table A.1.5-2)"),
        ("US", "1.0", "value '1.0' is no whole number"),
        ("US", "1 2", "is no whole number"),
        ("US", "\u0661", "is no whole number"),
        ("US", "1_0", "is no whole number"),
        ("UV", "9" * 21, "is no whole number"),
        ("FL", "", "value '' is no number"),
        ("FL", "1,5", "is no number"),
        ("FD", "0x1p3", "is no number"),
        ("FD", "1e", "is no number"),
        ("FD", "9" * 65, "is no number"),
        ("FD", "1e400", "value '1e400' is beyond what a double can be"),
        ("FD", "1e-400", "value '1e-400' is beyond what a double can be"),
        ("FD", "1e99999", "is no number"),
    ],
)
def test_w12_numbers_that_are_none(vr: str, text: str, rule: str) -> None:
    with pytest.raises(NativeModelError) as refused:
        of_text(place(vr), text)
    assert str(refused.value).startswith(f"(0009,1001) {vr}: value ")
    assert rule in str(refused.value)


def test_names() -> None:
    name = place("PN")
    john = {"GivenName": "John", "FamilyName": "Doe"}
    assert of_components(name, {"Alphabetic": john}) == {"Alphabetic": "Doe^John"}
    assert of_components(name, {"Phonetic": {"NameSuffix": "A^B"}}) == {"Phonetic": "^^^^A^B"}
    assert of_components(name, {"Phonetic": john, "Alphabetic": {}}) == {"Phonetic": "Doe^John"}
    assert of_components(name, {}) is None
    assert of_components(name, {"Alphabetic": {"FamilyName": ""}}) is None


def test_w12_a_component_is_one() -> None:
    groups = {"Alphabetic": {"FamilyName": "Doe^John"}}
    with pytest.raises(NativeModelError, match=r"'Doe\^John' has '\^' in its FamilyName"):
        of_components(place("PN"), groups)
