import pynetdicom.presentation
import pytest
from pydicom.uid import UID, UID_dictionary

from contrib.registry import generate
from pacsd.dicom import _registry_data, registry
from pacsd.dicom.registry import (
    Service,
    TransferSyntax,
    sop_class,
    sop_classes,
    transfer_syntaxes,
    uid_name,
)
from pacsd.dicom.uid import is_valid_uid


def test_generated_rows_are_current() -> None:
    committed = generate.ROOM / "_registry_data.py"
    assert committed.read_text(encoding="utf-8") == generate.render()


def test_services_and_generated_groups_are_the_same() -> None:
    assert {service for service in Service if sop_classes(service)} == set(Service)
    assert set(_registry_data.SOP_CLASSES) == set(Service)


def test_every_named_sop_class_of_the_standard_is_registered() -> None:
    for uid, (name, kind, _, retired, keyword) in UID_dictionary.items():
        if kind in {"SOP Class", "Meta SOP Class"} and name:
            known = sop_class(uid)
            assert known is not None, uid
            assert (known.name, known.keyword, known.is_retired) == (name, keyword, bool(retired))


def test_storage_is_all_that_pynetdicom_stores_and_the_retired_rest() -> None:
    stored = {each.uid for each in sop_classes(Service.STORAGE)}
    oracle = {
        context.abstract_syntax
        for context in pynetdicom.presentation.AllStoragePresentationContexts
    }
    assert stored >= oracle
    assert "1.2.840.10008.5.1.4.1.1.6" in stored  # Ultrasound Image Storage (Retired)
    assert "1.2.840.10008.5.1.1.29" in stored  # Hardcopy Grayscale Image Storage
    assert "1.2.840.10008.1.20.1" not in stored  # Storage Commitment Push Model
    assert "1.2.840.10008.1.3.10" not in stored  # Media Storage Directory Storage


@pytest.mark.parametrize(
    ("uid", "service"),
    [
        (registry.VERIFICATION, Service.VERIFICATION),
        ("1.2.840.10008.5.1.4.1.1.2", Service.STORAGE),
        ("1.2.840.10008.5.1.4.1.2.2.1", Service.QUERY_RETRIEVE),
        ("1.2.840.10008.5.1.4.31", Service.WORKLIST),
        ("1.2.840.10008.3.1.2.3.3", Service.MPPS),
        ("1.2.840.10008.1.20.1", Service.STORAGE_COMMITMENT),
        ("1.2.840.10008.5.1.4.34.6.1", Service.UPS),
        ("1.2.840.10008.5.1.4.32.1", Service.RETIRED),
    ],
)
def test_service_of_a_sop_class(uid: str, service: Service) -> None:
    known = sop_class(uid)
    assert known is not None
    assert known.service is service
    assert known in sop_classes(service)


def test_each_uid_is_valid_and_registered_once() -> None:
    uids = [each.uid for service in Service for each in sop_classes(service)]
    uids += [each.uid for each in transfer_syntaxes()]
    uids += _registry_data.WELL_KNOWN_UIDS
    assert len(uids) == len(set(uids))
    assert all(map(is_valid_uid, uids))


def test_transfer_syntaxes_are_the_standards() -> None:
    known = {each.uid: each for each in transfer_syntaxes()}
    for uid, (name, kind, _, retired, keyword) in UID_dictionary.items():
        if kind == "Transfer Syntax":
            each = known[uid]
            assert (each.name, each.keyword, each.is_retired) == (name, keyword, bool(retired))
    newer = {"1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.112", "1.2.840.10008.1.2.8.1"}
    assert newer <= set(known)


# pydicom calls every syntax encapsulated that it does not know as native; of these the Pixel Data
# is elsewhere (JPIP, SMPTE ST 2110) or the syntax was retired before it met a file.
ELSEWHERE = {
    "1.2.840.10008.1.2.4.94",
    "1.2.840.10008.1.2.4.95",
    "1.2.840.10008.1.2.4.204",
    "1.2.840.10008.1.2.4.205",
    "1.2.840.10008.1.2.6.1",
    "1.2.840.10008.1.2.6.2",
    "1.2.840.10008.1.2.7.1",
    "1.2.840.10008.1.2.7.2",
    "1.2.840.10008.1.2.7.3",
    "1.2.840.10008.1.20",
}


@pytest.mark.parametrize("syntax", transfer_syntaxes(), ids=lambda each: each.keyword)
def test_properties_of_a_transfer_syntax(syntax: TransferSyntax) -> None:
    if syntax.uid in ELSEWHERE:
        assert not syntax.is_encapsulated
        assert syntax.is_little_endian
        assert syntax.is_deflated == syntax.keyword.endswith("Deflate")
        assert syntax.is_implicit_vr == ("ImplicitVR" in syntax.keyword)
        return
    oracle = UID(syntax.uid)
    assert syntax.is_little_endian == oracle.is_little_endian
    assert syntax.is_implicit_vr == oracle.is_implicit_VR
    assert syntax.is_deflated == oracle.is_deflated
    assert syntax.is_encapsulated == oracle.is_encapsulated


def test_what_pydicom_cannot_have_in_a_file_is_not_storable() -> None:
    assert {each.uid for each in transfer_syntaxes() if not each.is_storable} == ELSEWHERE


@pytest.mark.parametrize(
    ("constant", "name"),
    [
        (registry.APPLICATION_CONTEXT, "DICOM Application Context Name"),
        (registry.VERIFICATION, "Verification SOP Class"),
        (registry.IMPLICIT_VR_LITTLE_ENDIAN, "Implicit VR Little Endian"),
        (registry.EXPLICIT_VR_LITTLE_ENDIAN, "Explicit VR Little Endian"),
        (registry.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "Deflated Explicit VR Little Endian"),
        (registry.EXPLICIT_VR_BIG_ENDIAN, "Explicit VR Big Endian"),
        ("1.2.840.10008.1.20.1.1", "Storage Commitment Push Model SOP Instance"),
        ("1.3.12.2.1107.5.9.1", "1.3.12.2.1107.5.9.1"),
    ],
)
def test_uid_name(constant: str, name: str) -> None:
    assert uid_name(constant) == name


def test_unknown_uids_are_none() -> None:
    assert sop_class("1.3.12.2.1107.5.9.1") is None
    assert registry.transfer_syntax("1.2.840.10008.1.1") is None
    assert registry.transfer_syntax(registry.EXPLICIT_VR_LITTLE_ENDIAN) is not None
