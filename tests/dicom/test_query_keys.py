import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.dictionary import keyword_of, keywords, tag_of, vr_of
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import (
    Key,
    QueryKeyError,
    encode_identifier,
    name_of,
    paths,
    read_keys,
    tag_named,
)
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.vr import VR
from tests.dicom.by_pydicom import UNCOMPRESSED, decoded
from tests.dicom.written import EXPLICIT, IMPLICIT

CHARSET, LEVEL, STUDY_DATE, MODALITIES = 0x00080005, 0x00080052, 0x00080020, 0x00080061
CODES, CODE_VALUE, CODE_MEANING = 0x00081032, 0x00080100, 0x00080104
NAME, STUDY, SERIES, ROWS = 0x00100010, 0x0020000D, 0x0020000E, 0x00280010


def identifier(
    *texts: str, level: Level = Level.STUDY, syntax: TransferSyntax = EXPLICIT
) -> DataSet:
    return read_data_set(encode_identifier(level, read_keys(texts), syntax), syntax)


def test_keywords_tags_and_values() -> None:
    texts = ["PatientName=SMITH*", "(0008,0020)=20260101-", "00080061"]
    assert read_keys(texts) == (
        Key(NAME, VR.PN, "SMITH*"),
        Key(STUDY_DATE, VR.DA, "20260101-"),
        Key(MODALITIES, VR.CS),
    )


def test_keys_of_items_come_together() -> None:
    (key,) = read_keys(["ProcedureCodeSequence.CodeValue=X", "(0008,1032).(0008,0104)"])
    assert key.keys == (Key(CODE_VALUE, VR.SH, "X"), Key(CODE_MEANING, VR.LO))
    assert list(paths([key])) == [(CODES, CODE_VALUE), (CODES, CODE_MEANING)]
    assert list(paths(read_keys(["ProcedureCodeSequence"]))) == [(CODES,)]


def test_a_value_may_hold_what_separates() -> None:
    (key,) = read_keys(["PatientName=A^B=C.D=E"])
    assert key.value == "A^B=C.D=E"


def test_several_values_come_together_or_apart() -> None:
    (together,) = read_keys([r"StudyInstanceUID=1.2\1.3"])
    (apart,) = read_keys(["StudyInstanceUID=1.2", "StudyInstanceUID=1.3"])
    assert together == apart
    assert apart.values == ["1.2", "1.3"]
    assert Key(STUDY, VR.UI).values == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("PatientNane=A", "'PatientNane' is no keyword and no tag; did you mean PatientName?"),
        ("patientname", "did you mean PatientName?"),
        ("xyzzyxyzzy", "'xyzzyxyzzy' is no keyword and no tag"),
        ("", "'' is no keyword"),
        ("=A", "'' is no keyword"),
        ("PatientName.CodeValue=A", "PatientName.*VR PN, which has no items"),
        ("ProcedureCodeSequence=A", "ProcedureCodeSequence.KEYWORD=VALUE"),
        ("Rows=many", "Rows: 'many' is no number of VR US"),
        ("Rows=70000", "no number"),
        ("Rows=1.5", "no number"),
        ("PixelData=A", "no value can be written in VR OW"),
        ("Modality=Ärzte", "VR CS is of ASCII alone"),
        ("PatientName=A\x1bB", r"'A\\x1bB' has characters"),
        ("FrameIncrementPointer=Nowhere", "no keyword"),
        ("SpecificCharacterSet=ISO_IR 100", "said by the text"),
        ("QueryRetrieveLevel=IMAGE", "said by the level"),
    ],
)
def test_what_is_no_key(text: str, why: str) -> None:
    with pytest.raises(QueryKeyError, match=why):
        read_keys([text])


def test_a_value_beside_keys_of_items() -> None:
    with pytest.raises(QueryKeyError, match="a value beside"):
        read_keys(["ProcedureCodeSequence=A", "ProcedureCodeSequence.CodeValue=B"])


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_the_identifier(syntax: TransferSyntax) -> None:
    texts = ["Rows=512", "ProcedureCodeSequence.CodeValue=X", "PatientID", "PatientName=A*"]
    texts += ["FrameIncrementPointer=(0018,1063)", "ReferencedStudySequence", "(0009,1001)"]
    found = identifier(*texts, syntax=syntax)
    assert list(found) == sorted(found)
    assert found.texts(LEVEL) == ["STUDY"]
    assert found.texts(ROWS) == ["512"]
    assert found.texts(0x00280009) == ["00181063"]
    assert found.texts(NAME) == ["A*"]
    assert not found.texts(0x00100020)
    assert [item.texts(CODE_VALUE) for item in found.items(CODES)] == [["X"]]
    assert 0x00081110 in found
    assert 0x00091001 in found
    assert CHARSET not in found


def test_pydicom_reads_it() -> None:
    keys = read_keys(["ProcedureCodeSequence.CodeValue=X", "PatientName=Müller*", "StudyDate"])
    read = decoded(encode_identifier(Level.SERIES, keys, IMPLICIT))
    assert read.QueryRetrieveLevel == "SERIES"
    assert read.SpecificCharacterSet == "ISO_IR 192"
    assert read.PatientName == "Müller*"
    assert read.ProcedureCodeSequence[0].CodeValue == "X"


def test_a_value_that_does_not_fit() -> None:
    keys = read_keys(["StudyInstanceUID=" + "\\".join(["1.2.3"] * 20_000)])
    with pytest.raises(QueryKeyError, match="StudyInstanceUID: 119999 characters, 65534 fit"):
        encode_identifier(Level.STUDY, keys, EXPLICIT)
    found = read_data_set(encode_identifier(Level.STUDY, keys, IMPLICIT), IMPLICIT)
    assert len(found.texts(STUDY)) == 20_000


@given(st.sampled_from(sorted(keywords())))
def test_every_keyword_is_a_key(keyword: str) -> None:
    tag = tag_named(keyword)
    assert name_of(tag) == keyword
    assert tag_named(f"({tag >> 16:04x},{tag & 0xFFFF:04x})") == tag
    if tag not in {CHARSET, LEVEL}:
        assert tag in identifier(keyword)


TEXT_KEYWORDS = sorted(
    keyword for keyword in keywords() if vr_of(tag_of(keyword) or 0) in {VR.LO, VR.SH, VR.PN}
)


@given(
    st.dictionaries(st.sampled_from(TEXT_KEYWORDS), st.text().filter(str.isprintable), max_size=5),
    st.sampled_from(UNCOMPRESSED),
)
def test_text_goes_out_and_comes_back(values: dict[str, str], syntax: TransferSyntax) -> None:
    found = identifier(*(f"{key}={value}" for key, value in values.items()), syntax=syntax)
    assert {keyword_of(tag) for tag in found} - {"SpecificCharacterSet"} == {
        "QueryRetrieveLevel",
        *values,
    }
    for key, value in values.items():
        stripped = [each.strip(" ") for each in value.split("\\")] if value.strip(" ") else []
        assert list(found.texts(tag_named(key))) == stripped
    is_ascii = all(value.isascii() for value in values.values())
    assert list(found.texts(CHARSET)) == ([] if is_ascii else ["ISO_IR 192"])


@given(st.text())
def test_any_text_is_keys_or_refused(text: str) -> None:
    try:
        keys = read_keys([text])
    except QueryKeyError as error:
        assert str(error).isprintable()  # noqa: PT017 - either way is fine
    else:
        encode_identifier(Level.STUDY, keys, EXPLICIT)
