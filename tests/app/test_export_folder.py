import errno
import hashlib
import os
import subprocess
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from pwd import getpwuid
from types import SimpleNamespace

import orjson
import pytest

from pacsd.app import export_folder
from pacsd.app.directory_making import make_directory
from pacsd.app.export_folder import (
    AnotherDataSet,
    ExportedFile,
    ExportFolder,
    FolderError,
    meta_of,
)
from pacsd.dicom.part10 import decode_file_meta
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set

DATA = data_set(pixel_bytes=1000)
META = meta_of(CT_IMAGE_STORAGE, "1.2.3.4", "1.2.840.10008.1.2.1")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ExportFolder]:
    opened = ExportFolder(tmp_path / "out")
    opened.check()
    opened.open()
    yield opened
    opened.close()


def exported(folder: ExportFolder, name: str = "IM000001") -> ExportedFile:
    file = ExportedFile(folder, ("DICOM", name), "1.2.3", META)
    file.write(DATA[:100])
    file.write(DATA[100:])
    return file


def lines(folder: ExportFolder) -> tuple[int, int]:
    names = export_folder.MANIFEST, export_folder.SUMS
    manifest, sums = ((folder.path / name).read_bytes().count(b"\n") for name in names)
    return manifest, sums


def test_a_file_is_there_whole_with_its_two_lines(folder: ExportFolder) -> None:
    assert exported(folder).keep(hashlib.sha256(DATA).digest()) == len(DATA)
    assert [*(folder.path / "DICOM").iterdir()] == [folder.path / "DICOM/IM000001"]
    content = (folder.path / "DICOM/IM000001").read_bytes()
    meta, offset = decode_file_meta(content)
    assert (meta, content[offset:]) == (META, DATA)
    assert meta.source_ae_title == meta.private_information_creator_uid == ""
    assert orjson.loads((folder.path / "manifest.jsonl").read_bytes()) == {
        "file": "DICOM/IM000001",
        "sop_instance_uid": "1.2.3.4",
        "sop_class_uid": CT_IMAGE_STORAGE,
        "study_instance_uid": "1.2.3",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "data_set_bytes": len(DATA),
        "sha256": hashlib.sha256(DATA).hexdigest(),
        "is_corrected": False,
    }
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    subprocess.run(check, cwd=folder.path, check=True, capture_output=True)


def test_another_data_set_than_was_stored_is_not_kept(folder: ExportFolder) -> None:
    file = exported(folder)
    with pytest.raises(AnotherDataSet, match="its digest is another"):
        file.keep(hashlib.sha256(DATA[:-1]).digest())
    file.discard()
    assert [*(folder.path / "DICOM").iterdir()] == []
    with pytest.raises(AnotherDataSet):
        ExportedFile(folder, ("DICOM", "IM000002"), "1.2.3", META).keep(b"")
    assert lines(folder) == (0, 0)


def test_a_corrected_one_is_told_by_the_digests(folder: ExportFolder) -> None:
    written, stored = hashlib.sha256(DATA).digest(), hashlib.sha256(b"stored").digest()
    exported(folder, "IM000001").keep(stored, stored)
    exported(folder, "IM000002").keep(written, written)
    file = exported(folder, "IM000003")
    with pytest.raises(AnotherDataSet, match="its digest is another"):
        file.keep(stored, written)
    file.discard()
    manifest = (folder.path / "manifest.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["is_corrected"] for line in manifest] == [True, False]


def test_nobody_else_may_read_what_is_exported(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        folder = ExportFolder(tmp_path / "out")
        folder.open()
        file = ExportedFile(folder, ("DICOM", "PT000001", "ST000001", "SE000001", "IM1"), "1", META)
        file.write(DATA)
        file.keep(hashlib.sha256(DATA).digest())
        folder.close()
        make_directory(folder.path, lambda *_: None)
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert len(modes) == 9


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_daemon_may_read_the_dicomdir_that_root_makes(folder: ExportFolder) -> None:
    os.chown(folder.path / "manifest.jsonl", 12_345, 54_321)
    make_directory(folder.path, lambda *_: None)
    made = (folder.path / "DICOMDIR").stat()
    assert (made.st_uid, made.st_gid) == (12_345, 54_321)


def test_what_was_not_begun_can_be_discarded(folder: ExportFolder) -> None:
    ExportedFile(folder, ("DICOM", "IM000001"), "1.2.3", META).discard()
    assert not (folder.path / "DICOM").exists()


@pytest.mark.parametrize("failing", ["manifest.jsonl", "SHA256SUMS"])
def test_without_its_lines_there_is_no_file(
    folder: ExportFolder, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = hashlib.sha256(DATA).digest()
    exported(folder).keep(digest)
    whole = export_folder._Lines.append

    def fails(self: export_folder._Lines, line: bytes) -> None:
        if self._path.name == failing:
            raise OSError(errno.ENOSPC, "full")
        whole(self, line)

    with monkeypatch.context() as patched:
        patched.setattr(export_folder._Lines, "append", fails)
        with pytest.raises(OSError, match="full"):
            exported(folder, "IM000002").keep(digest)
    assert [path.name for path in (folder.path / "DICOM").iterdir()] == ["IM000001"]
    assert lines(folder) == (1, 1)
    exported(folder, "IM000003").keep(digest)
    assert lines(folder) == (2, 2)


class AlmostFull:
    """A file on a disk that has room for three bytes more."""

    def __init__(self, file: FileIO | None) -> None:
        assert file is not None
        self._file = file
        self.truncate, self.seek = file.truncate, file.seek

    def write(self, data: bytes) -> int:
        if len(data) < 5:
            raise OSError(errno.ENOSPC, "full")
        return self._file.write(data[:3])


def test_a_line_that_does_not_fit_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = export_folder._Lines(tmp_path / "lines")
    with pytest.raises(ValueError, match="not open"):
        written.append(b"")
    written.open()
    written.append(b"whole\n")
    with monkeypatch.context() as patched:
        patched.setattr(written, "_file", AlmostFull(written._file))
        with pytest.raises(OSError, match="full"):
            written.append(b"broken\n")
    written.append(b"next\n")
    written.close()
    assert (tmp_path / "lines").read_bytes() == b"whole\nnext\n"


def test_only_an_empty_folder_will_do(tmp_path: Path) -> None:
    ExportFolder(tmp_path).check()
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match="is not empty"):
        ExportFolder(tmp_path).check()
    with pytest.raises(FolderError, match="Not a directory"):
        ExportFolder(tmp_path / "file").check()
    with pytest.raises(FolderError, match="No such file or directory"):
        ExportFolder(tmp_path / "a/b").check()
    with pytest.raises(FolderError, match="No such file or directory"):
        ExportFolder(tmp_path / "a/b").open()


def test_its_user_has_to_be_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(
        FolderError, match=f"user {getpwuid(os.geteuid()).pw_name}, who has to write there, may not"
    ):
        ExportFolder(tmp_path).check()


def test_a_user_without_a_name_is_told_by_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    with pytest.raises(FolderError, match="user 4000000000, who has to write there, may not"):
        ExportFolder(tmp_path).check()


def test_a_read_only_file_system_is_no_matter_of_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = os.statvfs(tmp_path)
    flags = SimpleNamespace(f_flag=found.f_flag | os.ST_RDONLY)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "statvfs", lambda _: flags)
    with pytest.raises(FolderError, match=r"is read-only .* ReadWritePaths= adds"):
        ExportFolder(tmp_path).check()
