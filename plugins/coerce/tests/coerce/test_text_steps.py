import pytest
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.template import read_template
from pacsd_coerce.text_steps import (
    ISSUER_OF_PATIENT_ID,
    Fill,
    Issuer,
    MapValue,
    Put,
    Remove,
    TextStep,
    check_value,
    name_of,
)

from pacsd.dicom.tag import Tag

PATIENT_ID: Tag = 0x00100020
STUDY_ID: Tag = 0x00200010
MODALITY: Tag = 0x00080060
OTHER_IDS: Tag = 0x00101000


class Known(dict[Tag, str]):
    """Text in memory."""

    def text(self, tag: Tag, /) -> str:
        return self.get(tag, "")

    def put(self, tag: Tag, value: str, /) -> None:
        self[tag] = value

    def remove(self, tag: Tag, /) -> None:
        self.pop(tag, None)


def done(step: TextStep) -> Known:
    known = Known({PATIENT_ID: "P1", STUDY_ID: "S1", MODALITY: "CT"})
    step.apply(known)
    return known


def test_set_and_remove() -> None:
    assert done(Put({PATIENT_ID: "X", OTHER_IDS: ""}))[PATIENT_ID] == "X"
    assert PATIENT_ID not in done(Remove(frozenset({PATIENT_ID, OTHER_IDS})))
    assert Put({PATIENT_ID: "X"}).writes == {PATIENT_ID}


def test_templates_of_one_step_see_what_was_before_it() -> None:
    templates = {PATIENT_ID: read_template("{StudyID}"), STUDY_ID: read_template("{PatientID}")}
    assert done(Fill(templates)) == {PATIENT_ID: "S1", STUDY_ID: "P1", MODALITY: "CT"}
    assert Fill(templates).writes == {PATIENT_ID, STUDY_ID}


def test_a_table_maps_each_value() -> None:
    table = {"P1": "Q1", "P2": "Q2", "": "none"}
    known = Known({OTHER_IDS: "P1\\P3\\P2"})
    MapValue(OTHER_IDS, table, refuses_others=False).apply(known)
    assert known[OTHER_IDS] == "Q1\\P3\\Q2"
    with pytest.raises(NotCoerced, match="OtherPatientIDs: its value is not in the table") as said:
        MapValue(OTHER_IDS, table, refuses_others=True).apply(known)
    assert "P3" not in str(said.value)
    empty = Known()
    MapValue(OTHER_IDS, table, refuses_others=True).apply(empty)
    assert empty[OTHER_IDS] == "none"


def test_a_made_value_has_to_be_one_of_its_vr() -> None:
    with pytest.raises(NotCoerced, match="Modality: the value is none of VR CS"):
        done(Fill({MODALITY: read_template("{PatientID}x")}))
    with pytest.raises(NotCoerced, match="StudyID: the value is none of VR SH"):
        check_value(STUDY_ID, "x" * 17)


@pytest.mark.parametrize(
    ("before", "replaces", "after"),
    [("", False, "HOSP"), ("OTHER", False, "OTHER"), ("OTHER", True, "HOSP")],
)
def test_an_issuer_is_added_or_replaced(before: str, replaces: bool, after: str) -> None:
    known = Known({ISSUER_OF_PATIENT_ID: before})
    Issuer("HOSP", replaces).apply(known)
    assert known[ISSUER_OF_PATIENT_ID] == after
    assert Issuer("HOSP", replaces).writes == {ISSUER_OF_PATIENT_ID}


def test_what_has_no_keyword_is_named_by_its_tag() -> None:
    assert (name_of(PATIENT_ID), name_of(0x00291010)) == ("PatientID", "(0029,1010)")
