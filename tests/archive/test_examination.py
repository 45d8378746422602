import pytest

from pacsd.api.reception import Reception
from pacsd.archive.examination import Examination
from pacsd.archive.identity import Unacceptable
from pacsd.archive.instance import InstanceRequest, SenderPolicy
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.stored_header import decode_header
from pacsd.index.records import NewCopy
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

RECEPTION = Reception(1, "CT1", "PACSD", "192.0.2.7", 1, "dimse")
COPY = NewCopy("memory", "1", 500, 400, b"digest")
OBJECT = data_set({"PatientName": "Doe^J"}, pixel_bytes=100)


def examination(uid: str = "1.2.3.4", *, restores: bool = False) -> Examination:
    policy = SenderPolicy(restores_deleted=restores)
    return Examination(
        InstanceRequest(CT_IMAGE_STORAGE, uid, "1.2.840.10008.1.2.1", RECEPTION, policy)
    )


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_the_index_shall_know(size: int) -> None:
    tested = examination(restores=True)
    for start in range(0, len(OBJECT), size):
        tested.feed(OBJECT[start : start + size])
    tested.end()
    new = tested.describe(COPY)
    assert (new.sop_class_uid, new.sop_instance_uid) == (CT_IMAGE_STORAGE, "1.2.3.4")
    assert (new.study_instance_uid, new.series_instance_uid) == ("1.2.3", "1.2.3.1")
    assert (new.patient_id, new.issuer_of_patient_id) == ("TEST-1", "")
    assert new.attributes[0x00100010] == "Doe^J"
    assert decode_header(new.header).raw == OBJECT[: -100 - 12]
    assert (new.copy, new.reception, new.restores_deleted) == (COPY, RECEPTION, True)


def test_it_is_judged_as_soon_as_the_header_is_known() -> None:
    tested = examination(uid="1.2.999")
    with pytest.raises(Unacceptable) as refused:
        tested.feed(OBJECT)
    assert refused.value.status == 0xA900
    assert tested.is_over


def test_an_object_without_pixels_is_judged_at_its_end() -> None:
    tested = examination(uid="1.2.999")
    tested.feed(data_set())
    assert not tested.is_over
    with pytest.raises(Unacceptable):
        tested.end()


def test_quirks_are_named() -> None:
    tested = examination()
    tested.feed(data_set() + b"\x40\x00\x10\x00ZZ" + bytes(6))
    tested.end()
    assert QuirkKind.UNKNOWN_VR in {quirk.kind for quirk in tested.quirks}


def test_nothing_is_described_before_it_is_judged() -> None:
    with pytest.raises(RuntimeError):
        examination().describe(COPY)
