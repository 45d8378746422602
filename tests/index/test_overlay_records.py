from pacsd.dicom.level import Level
from pacsd.index.overlay_records import Correction


def test_of_a_study_or_series_no_digest_is_asked() -> None:
    assert Correction(Level.STUDY, "1.2", 0x00080020, "", "admin", "why", 7).sha256 == b""
