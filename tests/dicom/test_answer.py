import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.answer import AnswerWriter, Field, field_of
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.headers import layout_of
from pacsd.dicom.query import ReturnKey
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.vr import VR
from tests.dicom.by_pydicom import UNCOMPRESSED, decoded, encoded, keys
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT

NAME, DATE, ROWS, CODES, LEVEL = 0x00100010, 0x00080020, 0x00280010, 0x00081032, 0x00080052
KEYS = (
    ReturnKey(DATE, VR.DA),
    ReturnKey(LEVEL, VR.CS),
    ReturnKey(CODES, VR.SQ),
    ReturnKey(NAME, VR.PN),
    ReturnKey(ROWS, VR.US),
)


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_values_are_written_as_pydicom_reads_them(syntax: TransferSyntax) -> None:
    items = ({0x00080100: Field("SH", "A"), 0x00280011: Field("US", "7\\8")},)
    written = AnswerWriter(KEYS, layout_of(syntax)).write(
        {NAME: "Smith^John", DATE: "", LEVEL: "STUDY", ROWS: "512", CODES: Field("SQ", items)}
    )
    found = decoded(written, syntax)
    assert [element.tag for element in found] == sorted((NAME, DATE, LEVEL, ROWS, CODES))
    assert (found.PatientName, found.StudyDate, found.Rows) == ("Smith^John", "", 512)
    code = found.ProcedureCodeSequence[0]
    assert (code.CodeValue, list(code.Columns)) == ("A", [7, 8])
    assert len(written) % 2 == 0


def test_what_has_no_value_entry_is_left_out() -> None:
    assert AnswerWriter(KEYS, layout_of(EXPLICIT)).write({DATE: ""}) == b"\x08\0\x20\0DA\0\0"


@pytest.mark.parametrize(
    ("asked", "name", "declared"),
    [
        (b"", "Smith", None),
        (b"", "Müller", "ISO_IR 192"),
        (b"ISO_IR 100", "Müller", "ISO_IR 100"),
        (b"ISO_IR 100", "Smith", "ISO_IR 100"),
        (b"ISO_IR 100", "Люк", "ISO_IR 192"),
        (b"ISO_IR 144", "Люк", "ISO_IR 144"),
        (b"\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동", ["", "ISO 2022 IR 149"]),
        (b"NONSENSE", "Müller", "ISO_IR 192"),
        (b"NONSENSE", "Smith", None),
    ],
)
def test_an_answer_is_in_a_character_set_that_holds_it(
    asked: bytes, name: str, declared: object
) -> None:
    written = AnswerWriter(KEYS, layout_of(EXPLICIT), asked).write({NAME: name, DATE: "20260101"})
    found = decoded(written, EXPLICIT)
    assert str(found.PatientName) == name
    given_set = found.get("SpecificCharacterSet")
    assert given_set == declared or list(given_set) == declared


def test_a_field_of_a_data_set_is_told_as_it_is() -> None:
    inner = keys(CodeValue="A", CodeMeaning="ä")
    stored = keys(
        SpecificCharacterSet="ISO_IR 100",
        ProcedureCodeSequence=[inner, keys(CodeValue="B")],
        ImageType=["ORIGINAL", "PRIMARY"],
        PixelSpacing=[0.5, 0.25],
    )
    for syntax in UNCOMPRESSED:
        found = read_data_set(encoded(stored, syntax), syntax)
        assert field_of(found, 0x00080008) == Field("CS", "ORIGINAL\\PRIMARY")
        assert field_of(found, 0x00280030) == Field("DS", "0.5\\0.25")
        assert field_of(found, 0x00100010) is None
        all_ = field_of(found, CODES)
        value, meaning, only = Field("SH", "A"), Field("LO", "ä"), (ReturnKey(0x00080100, VR.SH),)
        second = {0x00080100: Field("SH", "B")}
        assert all_ == Field("SQ", ({0x00080100: value, 0x00080104: meaning}, second))
        assert field_of(found, CODES, only) == Field("SQ", ({0x00080100: value}, second))


def test_bytes_keep_their_meaning_in_the_other_order() -> None:
    tag = 0x00283006
    key = (ReturnKey(tag, VR.OW),)
    written = AnswerWriter(key, layout_of(BIG)).write({tag: Field("OW", b"\1\0\2\0")})
    assert written.endswith(b"\0\1\0\2")
    assert field_of(read_data_set(written, BIG), tag) == Field("OW", b"\1\0\2\0")


def test_numbers_that_do_not_fit_are_left_out() -> None:
    written = AnswerWriter(KEYS, layout_of(IMPLICIT)).write({ROWS: "70000\\x\\7"})
    assert decoded(written).Rows == 7


@given(st.text(max_size=40))
def test_every_text_comes_back(text: str) -> None:
    tag = 0x00081030
    clean = "".join(c for c in text if c.isprintable() and c != "\\").strip()
    written = AnswerWriter((ReturnKey(tag, VR.LO),), layout_of(EXPLICIT)).write({tag: clean})
    assert "\\".join(read_data_set(written, EXPLICIT).texts(tag)) == clean
