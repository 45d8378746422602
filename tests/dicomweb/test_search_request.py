import pytest

from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import read_keys
from pacsd.dicomweb.parameters import search_parameters
from pacsd.dicomweb.search_request import search_request
from pacsd.dicomweb.targets import Kind, target_of


def url(level: Level, *keys: str, limit: int = 10, offset: int = 0, is_fuzzy: bool = False) -> str:
    return search_request(level, read_keys(keys), is_fuzzy=is_fuzzy).url(limit=limit, offset=offset)


def test_keys_are_parameters() -> None:
    assert url(
        Level.STUDY, "PatientName=M\xfcll*r^A", "(0008,0020)=20260101-", "PatientID=a&b"
    ) == ("/studies?PatientName=M%C3%BCll*r%5EA&StudyDate=20260101-&PatientID=a%26b&limit=10")


def test_those_without_a_value_are_to_be_told() -> None:
    keys = "StudyDescription", "(0009,1001)", "PatientName", "ProcedureCodeSequence.CodeValue"
    assert url(Level.STUDY, *keys, offset=20) == (
        "/studies?includefield=StudyDescription,00091001,ProcedureCodeSequence.CodeValue"
        "&limit=10&offset=20"
    )


def test_items_of_sequences() -> None:
    keys = "RequestAttributesSequence.RequestedProcedureID=1", "ProcedureCodeSequence"
    assert url(Level.STUDY, *keys, is_fuzzy=True) == (
        "/studies?RequestAttributesSequence.RequestedProcedureID=1"
        "&includefield=ProcedureCodeSequence&fuzzymatching=true&limit=10"
    )


@pytest.mark.parametrize(
    ("level", "keys", "kind", "query"),
    [
        (Level.STUDY, ["StudyInstanceUID=1.2"], Kind.ALL_STUDIES, "StudyInstanceUID=1.2&"),
        (Level.SERIES, [], Kind.ALL_SERIES, ""),
        (Level.SERIES, ["StudyInstanceUID=1.2"], Kind.STUDYS_SERIES, ""),
        (
            Level.SERIES,
            [r"StudyInstanceUID=1.2\1.3", "Modality=CT"],
            Kind.ALL_SERIES,
            "StudyInstanceUID=1.2,1.3&Modality=CT&",
        ),
        (Level.INSTANCE, ["SOPInstanceUID=1.2"], Kind.ALL_INSTANCES, "SOPInstanceUID=1.2&"),
        (Level.INSTANCE, ["SeriesInstanceUID=1.2"], Kind.ALL_INSTANCES, "SeriesInstanceUID=1.2&"),
        (Level.INSTANCE, ["StudyInstanceUID=1.2"], Kind.STUDYS_INSTANCES, ""),
        (
            Level.INSTANCE,
            ["StudyInstanceUID=1.2", "SeriesInstanceUID=1.2.1"],
            Kind.SERIES_INSTANCES,
            "",
        ),
        (Level.SERIES, ["StudyInstanceUID=../1"], Kind.ALL_SERIES, "StudyInstanceUID=../1&"),
    ],
)
def test_a_single_uid_is_a_target(level: Level, keys: list[str], kind: Kind, query: str) -> None:
    path, _, asked = url(level, *keys).partition("?")
    target = target_of(path)
    assert target is not None
    assert target.kind is kind
    assert asked == f"{query}limit=10"


def test_what_is_ours_to_say_is_not_asked_for() -> None:
    assert url(Level.STUDY, "SpecificCharacterSet", "QueryRetrieveLevel") == "/studies?limit=10"


def test_our_own_server_reads_it() -> None:
    keys = (
        "PatientName=M\xfcller",
        "StudyDescription",
        r"ModalitiesInStudy=CT\MR",
        "PatientID= a+b ",
    )
    asked = search_parameters(url(Level.STUDY, *keys, is_fuzzy=True).partition("?")[2])
    assert [value for _, value in asked.matches] == ["M\xfcller", r"CT\MR", " a+b "]
    assert asked.includes == ((0x00081030,),)
    assert (asked.limit, asked.offset, asked.is_fuzzy) == (10, 0, True)


def test_there_is_no_patient_level() -> None:
    with pytest.raises(ValueError, match="PATIENT is none of QIDO-RS"):
        search_request(Level.PATIENT, ())
