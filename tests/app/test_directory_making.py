import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from pacsd.app import directory_making
from pacsd.app.directory_making import FileWithoutRecord, make_directory
from pacsd.app.export_folder import ExportedFile, ExportFolder, meta_of
from pacsd.dicom.dicomdir import FileID
from pacsd.dicom.errors import FileSetError
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.dicom.as_pydicom_lists import file_set

SR = "1.2.840.10008.5.1.4.1.1.88.11"
PRIVATE = "1.2.3.4.5"
EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ExportFolder]:
    opened = ExportFolder(tmp_path / "out")
    opened.open()
    yield opened
    opened.close()


def add(
    folder: ExportFolder,
    name: str,
    sop_class_uid: str = CT_IMAGE_STORAGE,
    content: bytes | None = None,
    **attributes: str,
) -> None:
    """A file at PT/ST/SE/IM, each said by a digit, with a UID of these digits."""
    uid = ".".join(("1", *name.split("/")))
    keywords = {"SOPInstanceUID": uid, "SOPClassUID": sop_class_uid, **attributes}
    data = data_set(keywords, pixel_bytes=200_000) if content is None else content
    file = ExportedFile(folder, file_id(name), "1.2.3", meta_of(sop_class_uid, uid, EXPLICIT))
    file.write(data)
    file.keep(hashlib.sha256(data).digest())


def file_id(name: str) -> FileID:
    prefixes = ("PT", "ST", "SE", "IM")
    parts = zip(prefixes, name.split("/"), strict=True)
    return ("DICOM", *(f"{prefix}{int(number):06}" for prefix, number in parts))


def nothing(_done: int, _total: int) -> None:
    """Nobody looks on."""


def tree(folder: ExportFolder) -> list[str]:
    ds = dcmread(folder.path / "DICOMDIR")
    return [each.DirectoryRecordType for each in ds.DirectoryRecordSequence]


def test_the_tree_of_folders_is_the_tree_of_records(folder: ExportFolder) -> None:
    names = ["2/1/1/1", "1/1/1/2", "1/1/1/1", "1/2/1/1", "1/1/2/1"]  # as threads finish
    for name in names:
        patient, study, series, _ = name.split("/")
        add(
            folder,
            name,
            PatientID=f"P{patient}",
            StudyInstanceUID=f"1.{patient}.{study}",
            SeriesInstanceUID=f"1.{patient}.{study}.{series}",
        )
    told: list[tuple[int, int]] = []
    report = make_directory(folder.path, lambda *numbers: told.append(numbers))
    assert report.records == 5
    assert told[-1] == (5, 5)
    one_series = ["SERIES", "IMAGE"]
    assert tree(folder) == [
        *("PATIENT", "STUDY", *one_series, "IMAGE", *one_series, "STUDY", *one_series),
        *("PATIENT", "STUDY", *one_series),
    ]
    assert file_set(folder.path / "DICOMDIR") == {
        f"1.{name.replace('/', '.')}": folder.path.joinpath(*file_id(name)) for name in names
    }


def test_its_line_is_among_the_sums(folder: ExportFolder) -> None:
    add(folder, "1/1/1/1")
    make_directory(folder.path, nothing)
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(check, cwd=folder.path, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "DICOM/PT000001/ST000001/SE000001/IM000001: OK",
        "manifest.jsonl: OK",
        "DICOMDIR: OK",
    ]


def test_what_has_no_record_is_told_and_makes_none_above_it(folder: ExportFolder) -> None:
    add(folder, "1/1/1/1", PRIVATE)
    add(folder, "2/1/1/1", SR)
    report = make_directory(folder.path, nothing)
    [left_out] = report.files_without_record
    assert left_out == FileWithoutRecord(
        "DICOM/PT000001/ST000001/SE000001/IM000001", f"no directory record for {PRIVATE}"
    )
    assert (report.records, report.without_record) == (1, 1)
    assert tree(folder) == ["PATIENT", "STUDY", "SERIES", "SR DOCUMENT"]
    assert report.made_up["CompletionFlag"] == 1


def test_what_cannot_be_read_is_left_out(folder: ExportFolder) -> None:
    too_deep = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" * 100
    add(folder, "1/1/1/1", content=too_deep)
    add(folder, "1/1/1/2")
    report = make_directory(folder.path, nothing)
    assert (report.records, report.without_record) == (1, 1)


def test_many_that_are_left_out_are_counted(
    folder: ExportFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_making, "MAX_NAMED", 1)
    for number in range(1, 4):
        add(folder, f"1/1/1/{number}", PRIVATE)
    report = make_directory(folder.path, nothing)
    assert (report.without_record, len(report.files_without_record)) == (3, 1)
    assert tree(folder) == []


def test_a_directory_has_a_bound(folder: ExportFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_making, "MAX_DICOMDIR_BYTES", 1000)
    for number in range(1, 10):
        add(folder, f"1/1/1/{number}")
    with pytest.raises(FileSetError, match="more than 1000 bytes"):
        make_directory(folder.path, nothing)
    assert not (folder.path / "DICOMDIR").exists()


def test_nothing_half_written_stays(folder: ExportFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    add(folder, "1/1/1/1")

    def interrupted(*_: object) -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    monkeypatch.setattr(directory_making, "_encoded", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_directory(folder.path, nothing)
    assert {path.name for path in folder.path.iterdir()} == {
        "DICOM",
        "manifest.jsonl",
        "SHA256SUMS",
    }
