import io
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset

from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.directory_keys import MAX_CONTENT_ITEMS, KeyWriter, sources_of
from pacsd.dicom.directory_records import record_type
from pacsd.dicom.header_stream import known_syntax
from pacsd.testing.objects import data_set

EXPLICIT = known_syntax("1.2.840.10008.1.2.1")
IMPLICIT = known_syntax("1.2.840.10008.1.2")


def header(ds: Dataset) -> DataSet:
    """What pydicom writes, in Implicit VR as most devices have it."""
    ds.file_meta = FileMetaDataset()
    out = io.BytesIO()
    ds.save_as(out, implicit_vr=True, little_endian=True, enforce_file_format=False)
    return read_data_set(out.getvalue(), IMPLICIT)


def made(**attributes: str) -> DataSet:
    return read_data_set(data_set(attributes), EXPLICIT)


def written(term: str, source: DataSet, name: str = "IM000007") -> tuple[Any, KeyWriter]:
    """The record as pydicom reads it, in Explicit VR Little Endian."""
    keys = KeyWriter()
    raw = keys.write(record_type(term), source, name)
    ds = dcmread(io.BytesIO(raw), force=True)
    assert raw == b"" or not ds.is_implicit_VR
    return ds, keys


def test_keys_are_those_of_the_instance() -> None:
    record, keys = written("PATIENT", made(PatientSex="F"))
    assert [each.keyword for each in record] == [
        "SpecificCharacterSet",
        "PatientName",
        "PatientID",
        "PatientSex",
    ]
    assert (record.PatientID, record.PatientSex) == ("TEST-1", "F")
    assert not keys.made_up


def test_text_stays_in_its_character_set() -> None:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.PatientName, ds.PatientID = "Äneas^Rüdiger", "1"
    record, _ = written("PATIENT", header(ds))
    assert (record.SpecificCharacterSet, record.PatientName) == ("ISO_IR 100", "Äneas^Rüdiger")


def test_type_2_is_there_without_a_value_type_3_is_not() -> None:
    record, keys = written("STUDY", made(StudyTime="10", StudyID="1"))
    assert record.StudyDescription == record.AccessionNumber == ""
    record, _ = written("IMAGE", made())
    assert "ImageType" not in record
    assert not keys.made_up


@pytest.mark.parametrize(
    ("term", "attributes", "name", "keyword", "value"),
    [
        ("PATIENT", {"PatientID": ""}, "PT000012", "PatientID", "PT000012"),
        ("STUDY", {}, "ST000012", "StudyID", "ST000012"),
        ("STUDY", {"StudyDate": ""}, "ST000012", "StudyDate", "19000101"),
        ("STUDY", {}, "ST000012", "StudyTime", "000000"),
        ("SERIES", {}, "SE000012", "SeriesNumber", 12),
        ("SERIES", {"Modality": ""}, "SE000012", "Modality", "OT"),
        ("IMAGE", {"InstanceNumber": ""}, "IM000012", "InstanceNumber", 12),
        ("SR DOCUMENT", {}, "SR000001", "CompletionFlag", "PARTIAL"),
        ("SR DOCUMENT", {}, "SR000001", "VerificationFlag", "UNVERIFIED"),
        ("SPECTROSCOPY", {}, "SP000012", "Rows", 0),
        ("SPECTROSCOPY", {}, "SP000012", "DataPointRows", 0),
        ("SPECTROSCOPY", {}, "SP000012", "NumberOfFrames", 1),
        ("SPECTROSCOPY", {}, "SP000012", "ImageType", ["ORIGINAL", "PRIMARY"]),
        ("PRESENTATION", {}, "PR000001", "ContentLabel", "UNKNOWN"),
    ],
)
def test_what_must_have_a_value_and_has_none_is_made_up_and_counted(
    term: str, attributes: dict[str, str], name: str, keyword: str, value: object
) -> None:
    record, keys = written(term, made(**attributes), name)
    assert record[keyword].value == value
    assert keys.made_up[keyword] == 1


@pytest.mark.parametrize(
    ("sop_class_uid", "mime_type"),
    [
        ("1.2.840.10008.5.1.4.1.1.104.1", "application/pdf"),
        ("1.2.840.10008.5.1.4.1.1.104.2", "text/XML"),
        ("1.2.840.10008.5.1.4.1.1.104.3", "model/stl"),
        ("1.2.840.10008.5.1.4.1.1.2", "application/octet-stream"),
        ("1.2.3", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_what_a_document_is_follows_from_its_sop_class(sop_class_uid: str, mime_type: str) -> None:
    record, keys = written("ENCAP DOC", made(SOPClassUID=sop_class_uid), "EN000007")
    assert record.MIMETypeOfEncapsulatedDocument == mime_type
    assert keys.made_up == {"MIMETypeOfEncapsulatedDocument": 1}


def test_what_nobody_can_make_up_stays_empty_and_is_not_counted() -> None:
    record, keys = written("SR DOCUMENT", made(), "SR000001")
    assert record.ConceptNameCodeSequence == []
    assert "ConceptNameCodeSequence" not in keys.made_up


def test_another_date_of_the_study_goes_before_one_made_up_from_nothing() -> None:
    others = {"StudyDate": "", "ContentDate": "20250203", "AcquisitionTime": "1122"}
    record, keys = written("STUDY", made(**others))
    assert (record.StudyDate, record.StudyTime) == ("20250203", "1122")
    assert {"StudyDate", "StudyTime"} <= set(keys.made_up)


def test_a_value_of_another_kind_is_none() -> None:
    ds = Dataset()
    ds.add_new(0x00080060, "SQ", [])
    ds.add_new(0x0040A043, "LO", "no sequence")
    out = io.BytesIO()
    ds.file_meta = FileMetaDataset()
    ds.save_as(out, implicit_vr=False, little_endian=True, enforce_file_format=False)
    source = read_data_set(out.getvalue(), EXPLICIT)
    assert written("SERIES", source)[0].Modality == "OT"
    assert len(written("SR DOCUMENT", source)[0].ConceptNameCodeSequence) == 0


def coded(value: str) -> Dataset:
    ds = Dataset()
    ds.CodeValue, ds.CodingSchemeDesignator, ds.CodeMeaning = value, "DCM", "Meaning"
    return ds


def test_a_document_has_its_title_what_modifies_that_and_its_last_verification() -> None:
    ds = Dataset()
    ds.InstanceNumber, ds.CompletionFlag, ds.VerificationFlag = "1", "COMPLETE", "VERIFIED"
    ds.ContentDate, ds.ContentTime = "20260101", "101112"
    ds.ConceptNameCodeSequence = [coded("1")]
    ds.VerifyingObserverSequence = [Dataset(), Dataset()]
    for observer, moment in zip(
        ds.VerifyingObserverSequence, ("20260103", "20260102"), strict=True
    ):
        observer.VerificationDateTime = moment
    ds.ContentSequence = [Dataset() for _ in range(3)]
    for item, relationship in zip(
        ds.ContentSequence, ("CONTAINS", "HAS CONCEPT MOD", "HAS OBS CONTEXT"), strict=True
    ):
        item.RelationshipType = relationship
    record, keys = written("SR DOCUMENT", header(ds), "SR000001")
    assert record.VerificationDateTime == "20260103"
    assert record.ConceptNameCodeSequence[0].CodeValue == "1"
    assert [each.RelationshipType for each in record.ContentSequence] == ["HAS CONCEPT MOD"]
    assert not keys.made_up


def test_a_document_that_nothing_modifies_has_no_content() -> None:
    ds = Dataset()
    ds.ContentSequence = [Dataset()]
    ds.ContentSequence[0].RelationshipType = "CONTAINS"
    assert "ContentSequence" not in written("KEY OBJECT DOC", header(ds))[0]


def test_a_presentation_state_has_its_references_alone() -> None:
    ds = Dataset()
    blending, series, image = Dataset(), Dataset(), Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = "1.2", "1.3"
    series.SeriesInstanceUID, series.ReferencedImageSequence = "1.4", [image]
    series.PatientComments = "left out"
    blending.BlendingPosition, blending.ReferencedSeriesSequence = "SUPERIMPOSED", [series]
    blending.PatientComments = "left out"
    ds.BlendingSequence, ds.ReferencedSeriesSequence = [blending], [series] * 200
    record, _ = written("PRESENTATION", header(ds))
    assert len(record.ReferencedSeriesSequence) == MAX_CONTENT_ITEMS
    assert record.ReferencedSeriesSequence[0].ReferencedImageSequence[0] == image
    assert "left out" not in str(record)
    assert record.BlendingSequence[0].ReferencedSeriesSequence[0].SeriesInstanceUID == "1.4"


def test_where_keys_come_from() -> None:
    study = sources_of(record_type("STUDY"))
    # Its own date, that of the series instead, and the character set.
    assert study >= {0x00080020, 0x00080021, 0x00080005}
    assert 0x0040A073 in sources_of(record_type("SR DOCUMENT"))
    assert 0x0040A073 not in study
