import pytest
from pacsd_coerce.dummies import _DUMMIES, dummy
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.tree import Element, Sequence

from pacsd.dicom.charset import DEFAULT_CHARACTER_SET
from pacsd.dicom.headers import EXPLICIT_LITTLE
from pacsd.dicom.value_check import check_value
from pacsd.dicom.vr import VR
from tests.coerced_trees import items, raw, tag, tree

KEY = Keyed(b"0123456789abcdef")


@pytest.mark.parametrize("vr", [each for each in VR if each not in {VR.SQ, VR.UI}])
def test_a_dummy_is_a_value_of_its_vr(vr: VR) -> None:
    made = dummy(tag("PatientComments"), Element(vr, b"secret"), KEY).value
    assert isinstance(made, bytes)
    assert made
    assert check_value(vr, made + b" " * (len(made) & 1), DEFAULT_CHARACTER_SET) is None
    assert vr in _DUMMIES or made == b"ANON"


def test_a_uid_becomes_another_and_a_missing_vr_is_that_of_the_dictionary() -> None:
    element = Element(None, b"1.2.3\0")
    assert dummy(tag("SOPInstanceUID"), element, KEY).value == KEY.uid("1.2.3").encode()
    assert dummy(tag("StudyDate"), Element(VR.UN, b"x"), KEY).value == b"19000101"


def test_items_say_how_they_hang_together_and_nothing_else() -> None:
    item = tree(
        ValueType="PNAME",
        RelationshipType="MILLER",
        PersonName="Miller^Ann",
        ConceptNameCodeSequence=[tree(CodeMeaning="Ann Miller's doctor")],
    )
    item[0x00091001] = Element(VR.LO, b"private")
    made = dummy(tag("ContentSequence"), Element(VR.SQ, Sequence(EXPLICIT_LITTLE, [item])), KEY)
    [found] = items({tag("ContentSequence"): made}, "ContentSequence")
    assert raw(found, "ValueType") == b"PNAME"
    assert raw(found, "RelationshipType") == raw(found, "PersonName") == b"ANON"
    assert raw(items(found, "ConceptNameCodeSequence")[0], "CodeMeaning") == b"ANON"
    assert 0x00091001 not in found
