from pacsd.app.admin.correction_records import CorrectedAttribute
from pacsd.dicom.level import Level
from pacsd.index.overlay_records import ListedOverlay, Overlay


def test_an_overlay_in_words() -> None:
    overlay = Overlay(7, Level.PATIENT, 0x00100010, "Doe", "", "admin", "why", 1_500_000)
    assert CorrectedAttribute.of(ListedOverlay(overlay, "P1")) == CorrectedAttribute(
        number=7,
        corrected_at=1.5,
        level="patient",
        uid="P1",
        keyword="PatientName",
        old_value="Doe",
        new_value="",
        actor="admin",
        reason="why",
    )
