"""What plugins may make of what a query tells."""

from dataclasses import replace

import pytest

from pacsd.api.query_results import Attributes, QueryResults
from pacsd.archive.result_rules import check_results
from pacsd.testing.hook_records import query_results

ITEM = Attributes({"AccessionNumber": "A1", "(0009,1002)": "odd"})
MATCH = Attributes(
    {
        "StudyInstanceUID": "1.2",
        "PatientID": "P1",
        "PatientName": "Doe",
        "(0009,1001)": "x",
        "PixelData": "AAAA",
    },
    {"ReferencedStudySequence": (ITEM,), "(0009,1003)": (ITEM,)},
)
OF_STUDIES = query_results(
    level="STUDY", asked=("PatientName", "Rows", "FrameIncrementPointer"), matches=(MATCH, MATCH)
)


def of_level(level: str, **values: str) -> QueryResults:
    return query_results(values, level=level)


def answered(values: dict[str, str], **sequences: tuple[Attributes, ...]) -> QueryResults:
    """The second match changed."""
    changed = Attributes({**MATCH.values, **values}, {**MATCH.sequences, **sequences})
    return replace(OF_STUDIES, matches=(MATCH, changed))


@pytest.mark.parametrize(
    "answer",
    [
        OF_STUDIES,
        answered({"PatientName": "Müller^Eva=山田", "PatientID": "Q"}),
        answered({"PatientName": "", "(0009,1001)": "", "PixelData": ""}),
        answered({"PatientSex": "F", "StudyDescription": "asked by nobody"}),
        answered({"Rows": "512", "FrameIncrementPointer": "00181063"}),
        answered({}, ReferencedStudySequence=(), ProcedureCodeSequence=(ITEM.__class__({}),)),
        answered({}, ReferencedStudySequence=(ITEM, Attributes({"Rows": "1"}))),
        answered({}, **{"(0009,1003)": ()}),
        replace(OF_STUDIES, matches=(Attributes({"StudyInstanceUID": "1.2"}),) * 2),
    ],
)
def test_what_may_be_told(answer: QueryResults) -> None:
    check_results(answer, OF_STUDIES)


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (replace(OF_STUDIES, matches=(MATCH,)), "1 matches instead of 2"),
        (replace(OF_STUDIES, matches=(MATCH, Attributes({}))), "match 2: StudyInstanceUID says"),
        (answered({"StudyInstanceUID": "1.3"}), "match 2: StudyInstanceUID says which entity"),
        (answered({"PatientName": "x" * 65}), "PatientName: the value is none of VR PN"),
        (answered({"PatientName": "a\nb"}), "PatientName: the value has characters"),
        (answered({"PatientNme": "x"}), "PatientNme: is no keyword of PS3.6"),
        (answered({"a\nb\\": "x"}), r"a\\nb\\\\: is no keyword"),
        (answered({"ImageComments": "x"}), "ImageComments: was not asked for, and a study does"),
        (answered({"RetrieveURL": "http://evil"}), "RetrieveURL: is the daemon's to tell"),
        (answered({"SpecificCharacterSet": "GBK"}), "SpecificCharacterSet: is the daemon's"),
        (answered({"(0009,1001)": "y"}), "can only be left as it is or emptied"),
        (answered({"(0009,1009)": "y"}), "is no keyword of PS3.6"),
        (answered({"PixelData": "BBBB"}), "PixelData: VR OB: can only be left"),
        (answered({"Rows": "-1"}), "Rows: the value is none of VR US"),
        (answered({"Rows": "1\\2"}), "Rows: it has one value"),
        (answered({"Rows": "½"}), "Rows: the value is none"),
        (answered({"FrameIncrementPointer": "0018106"}), "none of VR AT"),
        (answered({"ProcedureCodeSequence": "x"}), "ProcedureCodeSequence: is a sequence"),
        (answered({}, PatientName=(ITEM,)), "PatientName: is no sequence"),
        (answered({}, **{"(0009,1003)": (ITEM, ITEM)}), "is no sequence of PS3.6"),
        (
            answered({}, ReferencedStudySequence=(Attributes({"StudyDate": "x"}),)),
            "ReferencedStudySequence: StudyDate: the value is none of VR DA",
        ),
    ],
)
def test_what_may_not(answer: QueryResults, rule: str) -> None:
    with pytest.raises(ValueError, match=f"^QueryResults: .*{rule}"):
        check_results(answer, OF_STUDIES)


@pytest.mark.parametrize(
    ("level", "keyword", "is_fixed"),
    [
        ("PATIENT", "PatientID", True),
        ("PATIENT", "IssuerOfPatientID", True),
        ("PATIENT", "PatientName", False),
        ("SERIES", "PatientID", False),
        ("SERIES", "StudyInstanceUID", True),
        ("SERIES", "SeriesInstanceUID", True),
        ("IMAGE", "SeriesInstanceUID", True),
        ("IMAGE", "SOPInstanceUID", True),
        ("IMAGE", "SOPClassUID", False),
    ],
)
def test_keys_stay(level: str, keyword: str, *, is_fixed: bool) -> None:
    asked = of_level(level, **{keyword: "1"})
    changed = of_level(level, **{keyword: "2"})
    if not is_fixed:
        check_results(changed, asked)
        return
    with pytest.raises(ValueError, match=f"{keyword} says which entity it is"):
        check_results(changed, asked)


def test_no_value_is_in_the_message() -> None:
    with pytest.raises(ValueError, match="StudyDate") as caught:
        check_results(answered({"StudyDate": "secret"}), OF_STUDIES)
    assert "secret" not in str(caught.value)
