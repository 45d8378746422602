from pacsd.dicom.answer import Field
from pacsd.dicom.data_set import read_data_set
from pacsd.dicom.matching import matches
from pacsd.dicom.overlaid import Overlaid
from pacsd.dicom.query import HasItem, Missing, Values
from pacsd.dicom.vr import VR
from tests.dicom.written import EXPLICIT, element, item, sequence

KVP, COMMENTS, NAMES, REQUEST, STEP = 0x00180060, 0x00104000, 0x00101001, 0x00400275, 0x00400009
RAW = element(KVP, "DS", b"100 ") + sequence(REQUEST, item(element(STEP, "SH", b"S1")))
DATA_SET = read_data_set(RAW, EXPLICIT)


def test_new_values_lie_over_those_that_are_there() -> None:
    found = Overlaid(DATA_SET, {KVP: "120", NAMES: "A\\B", COMMENTS: "one \\ value"})
    assert [*found.texts(KVP)] == ["120"]
    assert [*found.texts(NAMES)] == ["A", "B"]
    assert [*found.texts(COMMENTS)] == ["one \\ value"]
    assert found.field(NAMES) == Field(VR.PN, "A\\B")
    assert matches([Values(KVP, VR.DS, ("120.0",))], found)
    assert matches([HasItem(REQUEST, (Values(STEP, VR.SH, ("S1",)),))], found)


def test_what_has_no_value_any_more_is_missing() -> None:
    found = Overlaid(DATA_SET, {KVP: ""})
    assert matches([Missing(KVP)], found)
    assert found.field(KVP) == Field(VR.DS, "")


def test_what_is_not_corrected_shines_through() -> None:
    found = Overlaid(DATA_SET, {})
    assert [*found.texts(KVP)] == ["100"]
    assert found.field(KVP) == Field(VR.DS, "100")
    assert found.field(COMMENTS) is None


def test_without_a_data_set_only_corrections_are_known() -> None:
    found = Overlaid(None, {KVP: "120"})
    assert [*found.texts(KVP)] == ["120"]
    assert ([*found.texts(COMMENTS)], [*found.items(REQUEST)]) == ([], [])
    assert found.field(COMMENTS) is None
