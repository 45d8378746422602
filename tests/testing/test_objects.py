from io import BytesIO

import pytest
from pydicom.filereader import dcmread, read_dataset

from pacsd.testing.objects import data_set, dicom_file, series_of, study_of


def test_pydicom_reads_what_was_made() -> None:
    made = data_set(
        {"PatientName": "Müller^Jörg", "Rows": 512, "StudyDate": "", "StudyDescription": "CT"},
        pixel_bytes=10,
    )
    read = read_dataset(BytesIO(made), is_implicit_VR=False, is_little_endian=True)
    assert read.PatientName == "Müller^Jörg"
    assert (read.Rows, read.StudyDescription, len(read.PixelData)) == (512, "CT", 10)
    assert "StudyDate" not in read
    assert read.SOPInstanceUID == "1.2.3.4"


def test_a_number_is_written_as_its_vr_has_it() -> None:
    assert values(data_set({"InstanceNumber": 7, "Rows": 3}), "InstanceNumber", "Rows") == (7, 3)


def test_a_keyword_that_does_not_exist() -> None:
    with pytest.raises(KeyError, match="PatientsName"):
        data_set({"PatientsName": "x"})


def values(made: bytes, *keywords: str) -> tuple[object, ...]:
    read = read_dataset(BytesIO(made), is_implicit_VR=False, is_little_endian=True)
    return tuple(getattr(read, keyword, None) for keyword in keywords)


def test_a_series_has_instances_of_their_own() -> None:
    made = series_of(2, {"SeriesInstanceUID": "1.9", "PatientID": "P2"}, pixel_bytes=4)
    keywords = ("SOPInstanceUID", "SeriesInstanceUID", "InstanceNumber", "PatientID", "PixelData")
    assert [values(each, *keywords) for each in made] == [
        ("1.9.1", "1.9", 1, "P2", bytes(4)),
        ("1.9.2", "1.9", 2, "P2", bytes(4)),
    ]


def test_a_study_has_series_of_their_own_under_one_patient() -> None:
    made = study_of(2, 2, {"StudyInstanceUID": "1.8", "PatientName": "Roe^Jane"})
    keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SeriesNumber")
    assert [values(each, *keywords) for each in made] == [
        ("1.8", "1.8.1", "1.8.1.1", 1),
        ("1.8", "1.8.1", "1.8.1.2", 1),
        ("1.8", "1.8.2", "1.8.2.1", 2),
        ("1.8", "1.8.2", "1.8.2.2", 2),
    ]
    assert [values(each, "PatientName") for each in made] == [("Roe^Jane",)] * 4
    assert values(made[0], "PixelData") == (None,)


def test_pydicom_reads_a_file_that_was_made() -> None:
    read = dcmread(BytesIO(dicom_file({"SOPInstanceUID": "1.2.9"}, pixel_bytes=4)))
    assert read.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID == "1.2.9"
    assert read.PixelData == bytes(4)
