from pacsd.dicom.headers import EXPLICIT_LITTLE
from pacsd.dicom.original_attributes import (
    ORIGINAL_ATTRIBUTES_SEQUENCE,
    Modification,
    OldValue,
    encode_element,
    encode_items,
)
from tests.dicom.by_pydicom import decoded
from tests.dicom.written import EXPLICIT

MOMENT = "20260131120000.000001+0000"


def test_items_as_pydicom_reads_them() -> None:
    old_values = {0x00100010: OldValue("PN", b"Doe"), 0x00080020: OldValue("DA", b"")}
    unknown = {0x00081030: OldValue("??", b"abc"), 0x00104000: OldValue("LT", bytes(0xFFFF))}
    items = encode_items(
        EXPLICIT_LITTLE,
        [Modification(MOMENT, "pacsd", old_values), Modification(MOMENT, "pacsd", unknown)],
    )
    raw = encode_element(EXPLICIT_LITTLE, ORIGINAL_ATTRIBUTES_SEQUENCE, "SQ", items)
    first, second = decoded(raw, EXPLICIT).OriginalAttributesSequence
    [modified] = first.ModifiedAttributesSequence
    assert [each.keyword for each in modified] == ["StudyDate", "PatientName"]
    assert (modified.PatientName, modified.StudyDate) == ("Doe", "")
    assert first.AttributeModificationDateTime == MOMENT
    assert (first.ModifyingSystem, first.SourceOfPreviousValues) == ("pacsd", "")
    assert first.ReasonForTheAttributeModification == "CORRECT"
    [modified] = second.ModifiedAttributesSequence
    # Longer than a 16-bit length field can say.
    assert "PatientComments" in modified
