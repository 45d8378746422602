from pathlib import Path

import pytest

from pacsd.app import file_set
from pacsd.app.file_set import references
from pacsd.dicom.errors import DicomError
from tests.dicom.written import EXPLICIT, element, item, sequence


def dicomdir(folder: Path, *file_ids: str) -> Path:
    records = (item(element(0x00041500, "CS", each.encode())) for each in file_ids)
    path = folder / "DICOMDIR"
    path.write_bytes(sequence(0x00041220, b"".join(records)))
    return path


def found(path: Path) -> list[tuple[str, str]]:
    return [
        (str(each.path.relative_to(path.parent)), each.why)
        for each in references(path, 0, EXPLICIT)
    ]


def test_files_are_found_in_the_folder_of_the_dicomdir(tmp_path: Path) -> None:
    (tmp_path / "IMAGES").mkdir()
    (tmp_path / "IMAGES" / "CT1").touch()
    assert found(dicomdir(tmp_path, "IMAGES\\CT1")) == [("IMAGES/CT1", "")]


def test_media_that_show_names_in_lower_case(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "ct1").touch()
    assert found(dicomdir(tmp_path, "IMAGES\\CT1")) == [("images/ct1", "")]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "FOLDER").mkdir()
    gone = "referred to by the DICOMDIR, but not there"
    assert found(dicomdir(tmp_path, "GONE", "FOLDER")) == [("GONE", gone), ("FOLDER", gone)]


@pytest.mark.parametrize(
    "file_id", ["..\\X", ".\\X", "A\\..\\X", "/etc/passwd", "A//B", "\\X", "A\0\0B", "A\\\\B"]
)
def test_what_is_no_file_id_is_refused(tmp_path: Path, file_id: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "X").touch()
    ((_, why),) = found(dicomdir(inside, file_id))
    assert "is no File ID (PS3.10 section 8.2)" in why


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    for folder in (outside, inside):
        folder.mkdir()
    (outside / "CT1").touch()
    (inside / "LINK").symlink_to(outside)
    (inside / "OWN").mkdir()
    (inside / "OWN" / "CT2").touch()
    (inside / "NEAR").symlink_to(inside / "OWN")
    assert found(dicomdir(inside, "LINK\\CT1", "NEAR\\CT2")) == [
        ("LINK/CT1", "referred to, but outside the DICOMDIR's folder"),
        ("NEAR/CT2", ""),
    ]


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = dicomdir(tmp_path, "CT1")
    with pytest.raises(DicomError, match="unknown Transfer Syntax"):
        list(references(path, 0, None))
    with pytest.raises(FileNotFoundError):
        list(references(tmp_path / "none", 0, EXPLICIT))
    monkeypatch.setattr(file_set, "MAX_DICOMDIR_BYTES", 10)
    with pytest.raises(DicomError, match="more than 10 bytes"):
        list(references(path, 0, EXPLICIT))
