import pytest

from pacsd.app.wanted import read_wanted
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import QueryKeyError
from pacsd.net.query_retrieve_scu import QueryModel
from tests.dicom.written import EXPLICIT

STUDY, SERIES, INSTANCE = (
    f"{name}InstanceUID=1.2.{number}" for number, name in enumerate(("Study", "Series", "SOP"))
)
PATIENT = "PatientID=P 1"


@pytest.mark.parametrize(
    ("texts", "model", "level", "is_relational"),
    [
        ([PATIENT], QueryModel.PATIENT_ROOT, Level.PATIENT, False),
        ([PATIENT, STUDY], QueryModel.PATIENT_ROOT, Level.STUDY, False),
        ([PATIENT, SERIES], QueryModel.PATIENT_ROOT, Level.SERIES, True),
        ([STUDY], QueryModel.STUDY_ROOT, Level.STUDY, False),
        ([SERIES, STUDY], QueryModel.STUDY_ROOT, Level.SERIES, False),
        ([SERIES], QueryModel.STUDY_ROOT, Level.SERIES, True),
        ([STUDY, SERIES, INSTANCE], QueryModel.STUDY_ROOT, Level.INSTANCE, False),
        ([INSTANCE], QueryModel.STUDY_ROOT, Level.INSTANCE, True),
    ],
)
def test_the_deepest_key_says_the_level(
    texts: list[str], model: QueryModel, level: Level, is_relational: bool
) -> None:
    wanted = read_wanted(texts)
    assert (wanted.model, wanted.level, wanted.is_relational) == (model, level, is_relational)
    assert wanted.extended("1.2") == ({"1.2": b"\1"} if is_relational else {})


def test_several_of_the_deepest() -> None:
    wanted = read_wanted([STUDY, r"SeriesInstanceUID=1.2\1.3", "(0020,000E)=1.4"])
    assert wanted.values(Level.SERIES) == ["1.2", "1.3", "1.4"]
    assert wanted.values(Level.PATIENT) == []
    identifier = read_data_set(wanted.identifier(EXPLICIT), EXPLICIT)
    assert identifier.texts(0x00080052) == ["SERIES"]
    assert identifier.texts(0x0020000E) == ["1.2", "1.3", "1.4"]
    assert sorted(identifier) == [0x00080052, 0x0020000D, 0x0020000E]


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ([], "nothing is named: at least one of PatientID, StudyInstanceUID"),
        (["PatientName=A"], "PatientName: not a unique key"),
        (["Nothing=A"], "no keyword"),
        (["StudyInstanceUID"], "StudyInstanceUID: no value"),
        (["StudyInstanceUID=1.2\\\\1.3"], "StudyInstanceUID: no value"),
        (["StudyInstanceUID=1.*"], "names no single one"),
        (["StudyInstanceUID=../etc"], "names no single one"),
        (["PatientID=P*"], "names no single one"),
        (["PatientID=A\\B"], "2 values, one is the most at level PATIENT"),
        (["StudyInstanceUID=1.2\\1.3", SERIES], "2 values, one is the most at level SERIES"),
    ],
)
def test_what_cannot_be_retrieved(texts: list[str], why: str) -> None:
    with pytest.raises(QueryKeyError, match=why):
        read_wanted(texts)


def test_instances_alone() -> None:
    wanted = read_wanted([r"SOPInstanceUID=1.2\1.3"], is_composite=True)
    assert wanted.model is QueryModel.COMPOSITE_INSTANCE_ROOT
    assert (wanted.level, wanted.is_relational) == (Level.INSTANCE, False)
    identifier = read_data_set(wanted.identifier(EXPLICIT), EXPLICIT)
    assert identifier.texts(0x00080052) == ["IMAGE"]
    assert sorted(identifier) == [0x00080018, 0x00080052]


@pytest.mark.parametrize("other", [STUDY, "PatientID=P1"])
def test_no_other_key_beside_them(other: str) -> None:
    with pytest.raises(QueryKeyError, match="no key of Composite Instance Root Retrieve"):
        read_wanted(["SOPInstanceUID=1.2", other], is_composite=True)
