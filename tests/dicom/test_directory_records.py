import pytest

from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.directory_records import record_type, record_type_of
from pacsd.dicom.registry import Service, sop_classes

STORAGE = {each.keyword: each.uid for each in sop_classes(Service.STORAGE)}
WITHOUT = {
    "CTPerformedProcedureProtocolStorage",
    "XAPerformedProcedureProtocolStorage",
    "DICOSThreatDetectionReportStorage",
    "DICOS2DAITStorage",
    "DICOS3DAITStorage",
    "DICOSQuadrupoleResonanceStorage",
}


@pytest.mark.parametrize(
    ("keyword", "term"),
    [
        ("CTImageStorage", "IMAGE"),
        ("DigitalXRayImageStorageForPresentation", "IMAGE"),
        ("SegmentationStorage", "IMAGE"),
        ("SurfaceSegmentationStorage", "SURFACE"),
        ("RTIonPlanStorage", "RT PLAN"),
        ("RTBeamsDeliveryInstructionStorage", "PLAN"),
        ("RTRadiationSetDeliveryInstructionStorage", "RADIOTHERAPY"),
        ("KeyObjectSelectionDocumentStorage", "KEY OBJECT DOC"),
        ("XRayRadiationDoseSRStorage", "SR DOCUMENT"),
        ("DeformableSpatialRegistrationStorage", "REGISTRATION"),
        ("GrayscaleSoftcopyPresentationStateStorage", "PRESENTATION"),
        ("EncapsulatedPDFStorage", "ENCAP DOC"),
    ],
)
def test_an_instance_has_the_record_of_its_class(keyword: str, term: str) -> None:
    kind = record_type_of(STORAGE[keyword])
    assert kind is not None
    assert kind.term == term


def test_all_classes_in_use_have_one_but_those_that_no_directory_has() -> None:
    current = {each.keyword for each in sop_classes(Service.STORAGE) if not each.is_retired}
    assert {keyword for keyword in current if record_type_of(STORAGE[keyword]) is None} == WITHOUT


@pytest.mark.parametrize("uid", ["1.2.3.4", "", STORAGE["StandaloneCurveStorage"]])
def test_private_and_retired_ones_have_none(uid: str) -> None:
    assert record_type_of(uid) is None


def test_keys_say_when_they_must_have_a_value() -> None:
    keys = {key.keyword: key for key in record_type("ENCAP DOC").keys}
    assert keys["MIMETypeOfEncapsulatedDocument"].is_type_1
    assert keys["HL7InstanceIdentifier"].is_optional
    assert not keys["DocumentTitle"].is_type_1
    assert not keys["DocumentTitle"].is_optional
    tags = [key.tag for key in record_type("ENCAP DOC").keys]
    assert tags == sorted(tags)
    assert all(keyword_of(key.tag) == key.keyword for key in keys.values())


def test_there_are_no_other_types() -> None:
    with pytest.raises(KeyError):
        record_type("CURVE")


@pytest.mark.parametrize(
    ("term", "has_sequences"),
    [("IMAGE", False), ("PATIENT", False), ("SR DOCUMENT", True), ("PRESENTATION", True)],
)
def test_some_have_keys_that_are_sequences(term: str, has_sequences: bool) -> None:
    assert record_type(term).has_sequences is has_sequences
