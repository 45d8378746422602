import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.template import read_template

from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.tag import Tag


def text_of(tag: Tag) -> str:
    return {"PatientID": "P{1}", "StudyDate": "20260102"}.get(keyword_of(tag) or "", "")


def test_values_stand_where_their_attributes_are_named() -> None:
    template = read_template("{PatientID}-{{x}}-{StudyDate}")
    assert template.filled(text_of) == "P{1}-{x}-20260102"


@given(st.text())
def test_any_text_stands_for_itself_once_its_braces_are_doubled(text: str) -> None:
    written = text.replace("{", "{{").replace("}", "}}")
    assert read_template(written).filled(text_of) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{PatientID", "a brace is alone"),
        ("PatientID}", "a brace is alone"),
        ("{}", "is no attribute of text"),
        ("{Patient.ID}", "is no attribute of text"),
        ("{PatientID!r}", "is no attribute of text"),
        ("{PixelData}", "is no attribute of text"),
        ("{ReferencedStudySequence}", "is no attribute of text"),
    ],
)
def test_nothing_else_stands_between_braces(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_template(text)


def test_what_has_no_value_cannot_be_filled_in() -> None:
    with pytest.raises(NotCoerced, match="AccessionNumber has no value, which a template needs"):
        read_template("{AccessionNumber}").filled(text_of)
