import re

import pytest

from pacsd.app import file_ids
from pacsd.app.file_ids import FileIDs, TooManyNames
from pacsd.index.records import InstanceState, StoredInstance
from pacsd.testing.objects import CT_IMAGE_STORAGE

SR = "1.2.840.10008.5.1.4.1.1.88.11"


def instance(
    study: str = "1.1",
    series: str = "1.1.1",
    patient: tuple[str, str] = ("P", ""),
    sop_class_uid: str = CT_IMAGE_STORAGE,
) -> StoredInstance:
    uids = sop_class_uid, "1.9", study, series
    return StoredInstance(1, 1, InstanceState.LIVE, *uids, *patient, 0, ())


def named(*instances: StoredInstance) -> list[str]:
    given = FileIDs()
    return ["/".join(given.file_id(each)) for each in instances]


def test_instances_are_numbered_in_the_folder_of_their_series() -> None:
    assert named(
        instance(),
        instance(),
        instance(series="1.1.2"),
        instance(study="1.2", series="1.2.1"),
        instance(),
        instance(study="1.3", series="1.3.1", patient=("Q", "")),
    ) == [
        "DICOM/PT000001/ST000001/SE000001/IM000001",
        "DICOM/PT000001/ST000001/SE000001/IM000002",
        "DICOM/PT000001/ST000001/SE000002/IM000001",
        "DICOM/PT000001/ST000002/SE000001/IM000001",
        "DICOM/PT000001/ST000001/SE000001/IM000003",
        "DICOM/PT000002/ST000001/SE000001/IM000001",
    ]


def test_patients_are_kept_apart_where_a_patient_id_does_not_say_that_they_are_one() -> None:
    by_issuer = named(
        instance(patient=("P", "X")), instance(study="1.2", patient=("P", "Y")), instance()
    )
    assert [name.split("/")[1] for name in by_issuer] == ["PT000001", "PT000002", "PT000003"]
    without = [
        instance(patient=("", "")),
        instance(study="1.2", patient=("", "")),
        instance(patient=("", "")),
    ]
    assert [name.split("/")[1] for name in named(*without)] == ["PT000001", "PT000002", "PT000001"]


def test_what_is_no_image_is_named_after_its_record() -> None:
    names = named(
        instance(sop_class_uid=SR), instance(sop_class_uid="1.2.3"), instance(sop_class_uid=SR)
    )
    assert [name.split("/")[-1] for name in names] == ["SR000001", "XX000001", "SR000002"]
    # PS3.10 section 8.2
    assert all(re.fullmatch(r"[A-Z0-9_]{1,8}(/[A-Z0-9_]{1,8}){0,7}", name) for name in names)


def test_a_folder_can_be_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_ids, "MAX_NUMBER", 2)
    with pytest.raises(TooManyNames, match="more than 2 names"):
        named(instance(), instance(), instance())
