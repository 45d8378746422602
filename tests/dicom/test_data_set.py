import pytest
from pydicom.dataset import Dataset

from pacsd.dicom import data_set as data_sets
from pacsd.dicom.charset import character_set
from pacsd.dicom.data_set import read_data_set, read_elements
from pacsd.dicom.errors import ScanError
from pacsd.dicom.registry import TransferSyntax
from tests.dicom.by_pydicom import UNCOMPRESSED, encoded
from tests.dicom.written import EXPLICIT, IMPLICIT, element, item, sequence

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


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_some_elements_are_read_by_themselves(syntax: TransferSyntax) -> None:
    raw, wanted = encoded(nested(), syntax), frozenset({0x00080005, NAME, ROWS})
    found = read_elements(raw, syntax, wanted, stop_before=ROWS + 1)
    assert sorted(found) == sorted(wanted)
    assert list(found.texts(NAME)) == ["Müller^Jörg"]
    assert list(found.texts(ROWS)) == ["512"]
    assert sorted(read_elements(raw, syntax, wanted, stop_before=ROWS)) == [0x00080005, NAME]


def test_what_nests_too_deep_has_no_elements() -> None:
    too_deep = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" * 100
    with pytest.raises(ScanError):
        read_elements(too_deep, EXPLICIT, frozenset({NAME}), stop_before=ROWS)


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


def test_empty_items_are_kept_if_they_are_asked_for() -> None:
    code = element(CODE_VALUE, "SH", b"A ")
    data = sequence(CODES, item(b"") + item(code) + item(b""))
    kept = read_data_set(data, EXPLICIT, keeps_empty_items=True).items(CODES)
    assert [list(each) for each in kept] == [[], [CODE_VALUE], []]
    assert [list(each) for each in read_data_set(data, EXPLICIT).items(CODES)] == [[CODE_VALUE]]


def test_text_of_a_part_is_in_the_character_set_of_the_whole() -> None:
    name = element(NAME, "PN", b"M\xfcller")
    cyrillic = character_set(b"ISO_IR 144")
    assert list(read_data_set(name, EXPLICIT, charset=cyrillic).texts(NAME)) == ["Mќller"]
    said = element(0x00080005, "CS", b"ISO_IR 100") + name
    assert list(read_data_set(said, EXPLICIT, charset=cyrillic).texts(NAME)) == ["Müller"]


def test_the_layout_of_a_part_may_be_certain() -> None:
    """20300 is `LO` where Explicit VR has its VR."""
    data = element(0x00091010, "UN", bytes(20300), IMPLICIT)
    found = read_data_set(data, IMPLICIT, is_layout_certain=True)
    assert len(found.raw(0x00091010)) == 20300


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_fragments_are_no_sequence(syntax: TransferSyntax) -> None:
    data = sequence(0x7FE00010, item(b"") + item(b"12"), syntax, vr="OB", is_undefined=True)
    assert read_data_set(data, syntax).vr(0x7FE00010) == "OB"


@pytest.mark.parametrize(("is_signed", "vr", "text"), [(0, "US", "65535"), (1, "SS", "-1")])
def test_pixel_representation_decides_between_us_and_ss(is_signed: int, vr: str, text: str) -> None:
    smallest = element(0x00280106, "US", b"\xff\xff", IMPLICIT)
    representation = element(0x00280103, "US", bytes([is_signed, 0]), IMPLICIT)
    within = sequence(0x00283000, item(smallest, IMPLICIT), IMPLICIT)
    found = read_data_set(representation + smallest + within, IMPLICIT)
    for each in (found, *found.items(0x00283000)):
        assert each.vr(0x00280106) == vr
        assert list(each.texts(0x00280106)) == [text]
