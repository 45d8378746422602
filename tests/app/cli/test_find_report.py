import io
import json

import pytest
from pydicom.sequence import Sequence

from pacsd.app.cli.find_report import ReportForPeople, ReportForPrograms, cell, print_rows
from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import read_keys, tag_named
from tests.dicom.by_pydicom import encoded, keys
from tests.dicom.written import EXPLICIT, element

UID = "1.2.826.0.1.3680043.8.498.64108189007039777171766333999874882472"
COLUMNS = [(tag_named(name),) for name in ("StudyDescription", "StudyInstanceUID")]


def found(**values: object) -> DataSet:
    return read_data_set(encoded(keys(**values), EXPLICIT), EXPLICIT)


CODES = found(
    ProcedureCodeSequence=Sequence(
        [keys(CodeValue="A"), keys(CodeMeaning="-"), keys(CodeValue="B")]
    ),
    ReferencedStudySequence=Sequence([keys(ReferencedSOPInstanceUID="1.2")]),
    ModalitiesInStudy=["CT", "SR"],
    PatientName="\x07Evil",
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ProcedureCodeSequence.CodeValue", "A, B"),
        ("ProcedureCodeSequence", "3 items"),
        ("ReferencedStudySequence", "1 item"),
        ("ModalitiesInStudy", "CT, SR"),
        ("PatientName", r"\x07Evil"),
        ("StudyDate", ""),
    ],
)
def test_a_cell(path: str, text: str) -> None:
    assert cell(CODES, tuple(map(tag_named, path.split(".")))) == text


def test_bytes_are_counted() -> None:
    data_set = read_data_set(element(0x00091001, "OB", b"abcd"), EXPLICIT)
    assert cell(data_set, (0x00091001,)) == "4 bytes"


def test_a_table_has_room(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(COLUMNS, [["Head [bold]", UID], ["Feet", "1.2"]], 100)
    said = capsys.readouterr().out
    assert "StudyDescription" in said
    assert "Head [bold]" in said
    assert UID in said


def test_a_narrow_table_folds_text_but_no_uid(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(COLUMNS, [["word " * 20, UID]], 100)
    said = capsys.readouterr().out
    assert UID in said
    assert said.count("word") == 20
    assert all(len(line) <= 100 for line in said.splitlines())


@pytest.mark.parametrize("width", [1, 40, 79])
def test_without_room_there_are_lists(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(COLUMNS, [["Head", UID], ["", "1.2"]], width)
    assert capsys.readouterr().out.splitlines() == [
        "StudyDescription  Head",
        f"StudyInstanceUID  {UID}",
        "",
        "StudyDescription",
        "StudyInstanceUID  1.2",
        "",
    ]


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    asked = read_keys(["StudyInstanceUID=1.2", "Modality", "NumberOfSeriesRelatedInstances"])
    report = ReportForPeople(asked, Level.SERIES)
    report.match(found(StudyInstanceUID="1.2", Modality="CT"))
    report.end("PEER", "the connection closed", is_limited=False)
    out, err = capsys.readouterr()
    assert "Modality" in out
    assert "Instances" in out
    assert "StudyInstanceUID" not in out, "it is the same for all"
    assert err == "PEER: 1 match\nPEER: the connection closed\n"


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    report = ReportForPrograms(out)
    report.match(found(Modality="CT"))
    report.end("PEER", "", is_limited=True)
    assert json.loads(out.getvalue()) == {"00080060": {"vr": "CS", "Value": ["CT"]}}
    assert capsys.readouterr().err == ""
    report.end("PEER", "gone", is_limited=False)
    assert capsys.readouterr().err == "PEER: gone\n"
