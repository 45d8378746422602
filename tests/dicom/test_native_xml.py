from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.json_model import to_json
from pacsd.dicom.json_values import JsonObject
from pacsd.dicom.native_xml import NAMESPACE, to_native_xml
from pacsd.dicom.private import is_creator
from pacsd.dicom.vr import VR
from tests.dicom.corpus import objects

SPACE = f"{{{NAMESPACE}}}"
GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")


def children(element: Element) -> list[tuple[str, Element]]:
    assert all(child.tag.startswith(SPACE) for child in element)
    return [(child.tag.removeprefix(SPACE), child) for child in element]


def told(said: Mapping[str, Any]) -> list[Element]:
    root = fromstring(to_native_xml(said))  # noqa: S314 - we wrote it
    assert root.tag == f"{SPACE}NativeDicomModel"
    assert root.attrib == {"{http://www.w3.org/XML/1998/namespace}space": "preserve"}
    check_data_set(root)
    return list(root)


def check_data_set(element: Element) -> None:
    """The schema of PS3.19 section A.1.6."""
    for name, attribute in children(element):
        assert name == "DicomAttribute"
        assert {"tag", "vr"} <= set(attribute.attrib) <= {"tag", "vr", "keyword", "privateCreator"}
        assert not (attribute.text or "").strip()
        inner = children(attribute)
        kinds = {kind for kind, _ in inner}
        assert len(kinds) <= 1
        assert kinds <= {"BulkData", "InlineBinary", "Value", "Item", "PersonName"}
        if kinds & {"BulkData", "InlineBinary"}:
            assert len(inner) == 1
            assert set(inner[0][1].attrib) == ({"uri"} if "BulkData" in kinds else set())
            continue
        assert [each.get("number") for _, each in inner] == [
            str(number) for number in range(1, len(inner) + 1)
        ]
        for kind, each in inner:
            assert list(each.attrib) == ["number"]
            if kind == "Item":
                check_data_set(each)
            elif kind == "PersonName":
                check_name(each)
            else:
                assert list(each) == []


def check_name(element: Element) -> None:
    groups = [name for name, _ in children(element)]
    assert groups == [name for name in GROUPS if name in groups]
    for _, group in children(element):
        parts = [name for name, _ in children(group)]
        assert parts == [name for name in COMPONENTS if name in parts]
        assert not group.attrib


def values(attribute: Element) -> list[str]:
    return [each.text or "" for each in attribute]


def test_values_by_number() -> None:
    (found,) = told({"00080061": {"vr": "CS", "Value": ["MPG", None, "XR3"]}})
    assert found.attrib == {"tag": "00080061", "vr": "CS", "keyword": "ModalitiesInStudy"}
    assert values(found) == ["MPG", "", "XR3"]


def test_numbers_and_nothing() -> None:
    rows, weight, empty = told({
        "00280010": {"vr": "US", "Value": [512]},
        "00101030": {"vr": "DS", "Value": [72.5]},
        "00080050": {"vr": "SH"},
    })  # fmt: skip
    assert (values(rows), values(weight), values(empty)) == (["512"], ["72.5"], [])


def test_a_name_by_components() -> None:
    name = {"Alphabetic": "Adams^John Robert^Q^Dr^B.A.", "Phonetic": "^や"}
    (found,) = told({"00100010": {"vr": "PN", "Value": [name, None]}})
    first, second = found
    assert [(part.tag.removeprefix(SPACE), part.text) for part in first[0]] == list(
        zip(COMPONENTS, ["Adams", "John Robert", "Q", "Dr", "B.A."], strict=True)
    )
    assert [(part.tag.removeprefix(SPACE), part.text) for part in first[1]] == [("GivenName", "や")]
    assert list(second) == []


def test_items() -> None:
    inner: JsonObject = {"00080100": {"vr": "SH", "Value": ["A"]}}
    (found,) = told({"00081032": {"vr": "SQ", "Value": [{}, inner]}})
    assert [len(each) for each in found] == [0, 1]
    assert found[1][0].get("keyword") == "CodeValue"


def test_bytes() -> None:
    pixels, words = told({
        "7FE00010": {"vr": "OW", "BulkDataURI": "https://pacs/bulk?a=1&b=\"<'"},
        "00281201": {"vr": "OW", "InlineBinary": "AQACAA=="},
    })  # fmt: skip
    assert pixels[0].get("uri") == "https://pacs/bulk?a=1&b=\"<'"
    assert words[0].text == "AQACAA=="


def test_private_elements_have_a_creator_and_no_block() -> None:
    private: JsonObject = {"00091201": {"vr": "LO", "Value": ["x"]}}
    creator = {"00090012": {"vr": "LO", "Value": ['AC"ME']}}
    (found,) = told({**creator, **private})
    assert found.attrib == {"tag": "00090001", "vr": "LO", "privateCreator": 'AC"ME'}
    (found,) = told(private)
    assert found.attrib == {"tag": "00091201", "vr": "LO"}
    (sequence,) = told({"00081140": {"vr": "SQ", "Value": [private]}, **creator})
    assert sequence[0][0].get("tag") == "00091201"


@pytest.mark.parametrize(
    ("text", "told_as"),
    [
        ("<&>\"'", "<&>\"'"),
        (" a  b ", " a  b "),
        ("a\r\nb\tc\rd", "a\r\nb\tc\rd"),
        ("]]>", "]]>"),
        ("\0\x1b\x0b\ufffe\uffff\ud800", "\ufffd" * 6),
        ("山田\U0001f600\x85", "山田\U0001f600\x85"),
    ],
)
def test_characters(text: str, told_as: str) -> None:
    comments, name = told({
        "00104000": {"vr": "LT", "Value": [text]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": text}]},
    })  # fmt: skip
    assert values(comments) == [told_as]
    assert name[0][0][0].text == told_as.strip(" ")


def flat(data_set: JsonObject) -> Iterator[tuple[str, int]]:
    """VR and how many values, of all attributes that are no private creators."""
    for name, attribute in data_set.items():
        assert isinstance(attribute, dict)
        if is_creator(int(name, 16)):
            continue
        found = attribute.get("Value", [])
        yield attribute["vr"], len(found) or len(attribute) - 1
        for item in found if attribute["vr"] == VR.SQ else ():
            yield from flat(item)


def in_xml(elements: list[Element]) -> Iterator[tuple[str, int]]:
    for attribute in elements:
        yield attribute.get("vr") or "", len(attribute)
        for item in attribute if attribute.get("vr") == "SQ" else ():
            yield from in_xml(list(item))


def test_of_the_corpus_everything_is_told() -> None:
    for each in objects():
        said = to_json(read_data_set(each.inflated, each.syntax, stop_before=0x7FE00000))
        found = told(said)
        assert list(in_xml(found)) == list(flat(said)), each.path
        for attribute in found:
            tag = int(attribute.get("tag") or "", 16)
            assert attribute.get("keyword") == keyword_of(tag)


@given(st.text(), st.text(), st.text())
def test_any_text_is_xml(value: str, creator: str, uri: str) -> None:
    name = {"Alphabetic": value, "Ideographic": creator}
    told({
        "00090010": {"vr": "LO", "Value": [creator]},
        "00091001": {"vr": "LT", "Value": [value]},
        "00091002": {"vr": "PN", "Value": [name]},
        "00091003": {"vr": "OB", "BulkDataURI": uri},
    })  # fmt: skip
