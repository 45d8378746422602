import os
from pathlib import Path

import pytest
from pacsd_target_folder.settings import FolderSettings
from pacsd_target_folder.state import why_not


def settings(path: Path, **keys: object) -> FolderSettings:
    return FolderSettings.model_validate({"name": "a", "path": path, "keep_free_bytes": 0, **keys})


def test_a_folder_that_can_be_written_into(tmp_path: Path) -> None:
    assert why_not(settings(tmp_path)) is None


def test_one_that_is_not_there_or_no_folder(tmp_path: Path) -> None:
    assert why_not(settings(tmp_path / "gone")) == f"there is no folder {tmp_path / 'gone'}"
    (tmp_path / "file").touch()
    assert why_not(settings(tmp_path / "file")) == f"there is no folder {tmp_path / 'file'}"


def test_one_that_is_not_mounted(tmp_path: Path) -> None:
    assert why_not(settings(tmp_path, must_be_mounted=True)) == f"nothing is mounted at {tmp_path}"
    assert "mounted" not in str(why_not(settings(Path("/"), must_be_mounted=True)))


def test_one_that_is_full(tmp_path: Path) -> None:
    assert "bytes are free" in str(why_not(settings(tmp_path, keep_free_bytes=2**60)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_one_that_we_may_not_write_into(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert why_not(settings(tmp_path)) == f"folder {tmp_path}: Permission denied"
