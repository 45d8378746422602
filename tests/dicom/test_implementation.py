from pacsd import __version__
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.uid import is_valid_uid


def test_class_uid_is_derived_from_a_uuid() -> None:
    assert is_valid_uid(IMPLEMENTATION_CLASS_UID)
    root, number = IMPLEMENTATION_CLASS_UID.rsplit(".", 1)
    assert root == "2.25"
    assert (int(number) >> 76) & 0xF == 4  # a random UUID's version


def test_version_name_tells_the_release_in_vr_sh() -> None:
    assert f"PACSD_{__version__.replace('.', '_')}".startswith(IMPLEMENTATION_VERSION_NAME)
    assert 6 < len(IMPLEMENTATION_VERSION_NAME) <= 16
