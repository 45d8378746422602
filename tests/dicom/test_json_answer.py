import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.answer import AnswerWriter, Field, field_of
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.headers import EXPLICIT_LITTLE
from pacsd.dicom.json_answer import json_of_fields, json_of_matches
from pacsd.dicom.json_model import to_json
from pacsd.dicom.query import ReturnKey
from pacsd.dicom.vr import VR
from tests.dicom.corpus import objects
from tests.dicom.written import EXPLICIT

NAME, MODALITIES, PRIVATE = 0x00100010, 0x00080061, 0x00091010


def said(values: Mapping[int, str | Field]) -> Any:
    return json.loads(json_of_fields(values))


@pytest.mark.parametrize(
    ("tag", "text", "attribute"),
    [
        (NAME, "A^B=I", {"vr": "PN", "Value": [{"Alphabetic": "A^B", "Ideographic": "I"}]}),
        (NAME, "", {"vr": "PN"}),
        (MODALITIES, "CT\\SR", {"vr": "CS", "Value": ["CT", "SR"]}),
        (MODALITIES, "CT\\\\SR", {"vr": "CS", "Value": ["CT", None, "SR"]}),
        (0x00201208, "25", {"vr": "IS", "Value": [25]}),
        (0x00280010, "512", {"vr": "US", "Value": [512]}),
        (0x00280010, "many", {"vr": "US", "Value": ["many"]}),
        (0x00101030, "72.50", {"vr": "DS", "Value": [72.5]}),
        (0x00081190, "http://a\\b", {"vr": "UR", "Value": ["http://a\\b"]}),
        (0x00081110, "", {"vr": "SQ"}),
        (0x00091010, "ab", {"vr": "UN", "InlineBinary": "YWI="}),
        (0x00090010, "ACME", {"vr": "LO", "Value": ["ACME"]}),
    ],
)
def test_text_by_the_dictionary(tag: int, text: str, attribute: object) -> None:
    assert said({tag: text}) == {f"{tag:08X}": attribute}


def test_fields_have_a_vr_of_their_own() -> None:
    item = {0x00080100: Field("SH", "A"), 0x00080000: Field("UL", "4")}
    assert said({
        PRIVATE: Field("DS", "1.5"),
        0x00091011: Field("OB", b"\1\2"),
        0x00091012: Field("OB", b""),
        0x00081032: Field("SQ", (item, {})),
        0x00081110: Field("SQ", ()),
    }) == {
        "00081032": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["A"]}}, {}]},
        "00081110": {"vr": "SQ"},
        "00091010": {"vr": "DS", "Value": [1.5]},
        "00091011": {"vr": "OB", "InlineBinary": "AQI="},
        "00091012": {"vr": "OB"},
    }  # fmt: skip


def test_attributes_come_in_the_order_of_tags() -> None:
    assert list(said({NAME: "A", 0x00080001: "1", MODALITIES: "CT"})) == [
        "00080001", "00080061", "00100010",
    ]  # fmt: skip


def test_unicode_is_declared_where_there_is_any() -> None:
    declared = {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert "00080005" not in said({NAME: "Muller"})
    found = said({NAME: "Müller", 0x00080001: "1"})
    assert list(found) == ["00080001", "00080005", "00100010"]
    assert found["00080005"] == declared
    assert said({0x00080005: "ISO_IR 100"}) == {"00080005": declared}


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([NAME, 0x00080005, 0x00080020, 0x00201208, 0x00100020]),
            st.sampled_from(["", "A", "Müller", "1", "20200101", "A\\B"]),
        )
    )
)
def test_several_say_what_each_says_alone(matches: list[dict[int, str]]) -> None:
    assert json_of_matches(matches) == [json_of_fields(each) for each in matches]


def test_it_says_what_the_other_answer_says() -> None:
    """Fields of the corpus, by way of C-FIND and the model."""
    for each in objects():
        found = read_data_set(each.inflated, each.syntax, stop_before=0x7FE00000)
        tags = [tag for tag in sorted(found) if tag >> 16 > 8 and tag & 0xFFFF]
        fields = {tag: field for tag in tags if (field := field_of(found, tag)) is not None}
        # C-FIND answers in one character set, and yet says of items what they had.
        fields = {tag: field for tag, field in fields.items() if not names_character_set(field)}
        keys = [ReturnKey(tag, VR(field.vr)) for tag, field in fields.items()]
        answer = AnswerWriter(keys, EXPLICIT_LITTLE, b"ISO_IR 192").write(fields)
        model = to_json(read_data_set(answer, EXPLICIT))
        told = said(fields) | {"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}
        assert told == model, each.path


def names_character_set(field: Field) -> bool:
    if not isinstance(field.content, tuple):
        return False
    return any(
        0x00080005 in item or any(map(names_character_set, item.values())) for item in field.content
    )


@given(
    st.dictionaries(
        st.integers(0, 0xFFFFFFFF) | st.just(NAME),
        st.text() | st.builds(Field, st.sampled_from(list(VR)), st.text() | st.binary()),
    )
)
def test_nothing_is_too_odd(values: dict[int, str | Field]) -> None:
    assert set(said(values)) - {"00080005"} <= {f"{tag:08X}" for tag in values}


def test_half_a_surrogate_pair_is_no_character() -> None:
    assert said({NAME: "a\ud800"})[f"{NAME:08X}"]["Value"] == [{"Alphabetic": "a\ufffd"}]
    assert said({PRIVATE: "\ud800"})["00091010"]["InlineBinary"] == "Pw=="
