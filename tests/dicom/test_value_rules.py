import pytest

from pacsd.dicom.dictionary import DataElement, data_element, tag_of
from pacsd.dicom.value_rules import is_printable, rules_of_multiplicity, rules_of_text


def row_of(keyword: str) -> DataElement:
    row = data_element(tag_of(keyword) or 0)
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientName", "Müller^Eva=山田"),
        ("Modality", ""),
        ("OtherPatientIDs", "1\\2"),
        ("PatientComments", "one\r\ntwo \\ three"),
        ("StudyDate", "20260131"),
    ],
)
def test_values_of_their_vr(keyword: str, value: str) -> None:
    assert list(rules_of_text(row_of(keyword), value)) == []


@pytest.mark.parametrize(
    ("keyword", "value", "rule"),
    [
        ("PatientID", "a\nb", "not printable"),
        ("PatientID", "1\\2", "it has one value"),
        ("PatientName", "a^b^c^d^e^f", "at most 3 component groups of 5"),
        ("PatientID", " 1", "spaces at the ends"),
        ("StudyDescription", "x" * 65, "none of VR LO"),
        ("StudyDate", "yesterday", "none of VR DA"),
        ("StudyDescription", "\ud800", "not printable"),
        ("PatientComments", "\ud800", "not Unicode"),
    ],
)
def test_what_is_none(keyword: str, value: str, rule: str) -> None:
    first = next(rules_of_text(row_of(keyword), value))
    assert rule in first
    assert value not in first


def test_how_many_values_there_are() -> None:
    position = row_of("ImagePositionPatient")
    assert [bool(list(rules_of_multiplicity(position, count))) for count in range(5)] == [
        False,
        True,
        True,
        False,
        True,
    ]


def test_what_is_not_seen_is_not_printable() -> None:
    assert is_printable("山田\u3000太郎")
    assert not is_printable("a\u200bb")
