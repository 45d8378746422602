"""Files as subjects of rules."""

import json
from pathlib import Path

from pydicom import Dataset, Sequence
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from pacsd.app.cli.rules_files import subjects_of
from pacsd.testing.objects import CT_IMAGE_STORAGE, dicom_file


def write(folder: Path, name: str, **attributes: str) -> None:
    (folder / name).write_bytes(dicom_file(attributes, pixel_bytes=2_000))


def test_instances_come_first_then_series_then_studies(tmp_path: Path) -> None:
    write(tmp_path, "a.dcm", SOPInstanceUID="1.2.1", SeriesInstanceUID="1.3", Modality="CT")
    write(tmp_path, "b.dcm", SOPInstanceUID="1.2.2", SeriesInstanceUID="1.4", Modality="SR")
    (tmp_path / "readme.txt").write_text("no object")
    found = subjects_of([tmp_path])
    assert found.unreadable == []
    kinds = [each.arguments["kind"] for each in found.subjects]
    assert kinds == ["instance_stored"] * 2 + ["series_quiet"] * 2 + ["study_quiet"]
    study = found.subjects[-1].arguments
    assert study["modalities"] == "CT\\SR"
    sizes = [each.arguments["size_bytes"] for each in found.subjects]
    assert sizes[4] == sizes[2] + sizes[3] == sizes[0] + sizes[1]
    header = json.loads(study["header"])
    assert header["00080018"]["Value"] == ["1.2.1"]
    assert "7FE00010" not in header


def test_long_sequences_and_deflated_data_sets_are_read(tmp_path: Path) -> None:
    item = Dataset()
    item.RequestedProcedureID = "T7"
    data_set = Dataset()
    data_set.SOPClassUID = CT_IMAGE_STORAGE
    data_set.SOPInstanceUID = "1.2.1"
    data_set.RequestAttributesSequence = Sequence([item] * 200)
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data_set.file_meta.MediaStorageSOPClassUID = CT_IMAGE_STORAGE
    data_set.file_meta.MediaStorageSOPInstanceUID = "1.2.1"
    data_set.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    found = subjects_of([tmp_path / "a.dcm"])
    assert found.unreadable == []
    header = json.loads(found.subjects[0].arguments["header"])
    assert len(header["00400275"]["Value"]) == 200


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(bytes(128) + b"DICMxx")
    found = subjects_of([path])
    assert found.subjects == []
    [(where, why)] = found.unreadable
    assert where == path
    assert why
