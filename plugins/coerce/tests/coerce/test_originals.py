from datetime import UTC, datetime

from pacsd_coerce.originals import item_of
from pacsd_coerce.tree import Element

from pacsd.dicom.headers import EXPLICIT_LITTLE
from pacsd.dicom.vr import VR
from tests.coerced_trees import again, items, raw, tag


def test_an_item_says_what_was_there_and_what_was_not() -> None:
    old = {tag("PatientName"): Element(VR.PN, b"A"), tag("InstitutionName"): None}
    made = again(item_of(old, EXPLICIT_LITTLE, datetime(2026, 1, 2, tzinfo=UTC)))
    assert raw(made, "ReasonForTheAttributeModification") == b"COERCE"
    assert raw(made, "AttributeModificationDateTime") == b"20260102000000.000000+0000"
    [before] = items(made, "ModifiedAttributesSequence")
    assert raw(before, "PatientName") == b"A"
    assert raw(before, "InstitutionName") == b""
