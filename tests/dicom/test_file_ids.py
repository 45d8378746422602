import re

import pytest

from pacsd.dicom import file_ids
from pacsd.dicom.errors import FileSetError
from pacsd.dicom.file_ids import FileIDs
from pacsd.testing.objects import CT_IMAGE_STORAGE

SR = "1.2.840.10008.5.1.4.1.1.88.11"


def named(*places: str, sop_class_uid: str = CT_IMAGE_STORAGE) -> list[str]:
    """The File IDs of instances, each given by patient, study and series."""
    given, found = FileIDs(), []
    for place in places:
        patient, study, series = place.split()
        file_id = given.file_id(sop_class_uid, series=series, study=study, patient=patient)
        found.append("/".join(file_id))
    return found


def test_instances_are_numbered_in_the_folder_of_their_series() -> None:
    assert named(
        "P 1.1 1.1.1", "P 1.1 1.1.1", "P 1.1 1.1.2", "P 1.2 1.2.1", "P 1.1 1.1.1", "Q 1.3 1.3.1"
    ) == [
        "DICOM/PT000001/ST000001/SE000001/IM000001",
        "DICOM/PT000001/ST000001/SE000001/IM000002",
        "DICOM/PT000001/ST000001/SE000002/IM000001",
        "DICOM/PT000001/ST000002/SE000001/IM000001",
        "DICOM/PT000001/ST000001/SE000001/IM000003",
        "DICOM/PT000002/ST000001/SE000001/IM000001",
    ]  # fmt: skip


def test_what_is_no_image_is_named_after_its_record() -> None:
    given = FileIDs()
    names = [
        "/".join(given.file_id(each, series="1.1.1", study="1.1", patient="P"))
        for each in (SR, "1.2.3", SR)
    ]
    assert [name.split("/")[-1] for name in names] == ["SR000001", "XX000001", "SR000002"]
    # PS3.10 section 8.2
    assert all(re.fullmatch(r"[A-Z0-9_]{1,8}(/[A-Z0-9_]{1,8}){0,7}", name) for name in names)


@pytest.mark.parametrize("place", ["../.. CON \u202e", "/etc NUL " + "x" * 300])
def test_w20_nothing_of_what_an_instance_says_is_in_it(place: str) -> None:
    assert named(place, place, sop_class_uid="../../x") == [
        "DICOM/PT000001/ST000001/SE000001/XX000001",
        "DICOM/PT000001/ST000001/SE000001/XX000002",
    ]


def test_a_folder_can_be_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_ids, "MAX_NUMBER", 2)
    with pytest.raises(FileSetError, match="more than 2 names"):
        named("P 1.1 1.1.1", "P 1.1 1.1.1", "P 1.1 1.1.1")
