from io import BytesIO

import pytest
from pydicom.filereader import read_dataset

from pacsd.testing.objects import data_set


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


def test_a_keyword_that_does_not_exist() -> None:
    with pytest.raises(KeyError, match="PatientsName"):
        data_set({"PatientsName": "x"})
