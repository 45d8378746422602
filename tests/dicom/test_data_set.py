import pytest
from pydicom.dataset import Dataset

from pacsd.dicom import data_set as data_sets
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.errors import ScanError
from pacsd.dicom.registry import TransferSyntax
from tests.dicom.by_pydicom import UNCOMPRESSED, encoded
from tests.dicom.written import EXPLICIT, IMPLICIT, element

NAME, CODES, CODE_VALUE, ROWS = 0x00100010, 0x00081032, 0x00080100, 0x00280010


def nested() -> Dataset:
    inner, outer = Dataset(), Dataset()
    inner.CodeValue = "A"
    other = Dataset()
    other.CodeValue = "B"
    outer.SpecificCharacterSet = "ISO_IR 100"
    outer.PatientName = "Müller^Jörg"
    outer.ProcedureCodeSequence = [inner, other]
    outer.Rows = 512
    return outer


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_values_and_items(syntax: TransferSyntax) -> None:
    found = read_data_set(encoded(nested(), syntax), syntax)
    assert list(found.texts(NAME)) == ["Müller^Jörg"]
    assert list(found.texts(ROWS)) == ["512"]
    assert [list(item.texts(CODE_VALUE)) for item in found.items(CODES)] == [["A"], ["B"]]
    assert list(found.texts(0x00081030)) == []
    assert found.vr(CODES) == "SQ"
    assert NAME in found
    assert sorted(found) == [0x00080005, CODES, NAME, ROWS]


def test_too_many_elements_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_sets, "MAX_HEADERS", 3)
    with pytest.raises(ScanError):
        read_data_set(encoded(nested()), IMPLICIT)


def test_what_has_no_value_is_empty() -> None:
    raw = element(0x00080060, "CS", b"") + element(0x00100010, "PN", b"A ")
    read = read_data_set(raw, EXPLICIT)
    assert read.is_empty(0x00080060)
    assert not read.is_empty(0x00100010)
    assert not read.is_empty(0x00100020)
