import os
from pathlib import Path

import pytest

from pacsd.app.part_file import AnotherObject, PartFile
from pacsd.dicom.part10 import encode_file_meta
from tests.app.dicom_folder import data_set, meta

HEAD = encode_file_meta(meta())
DATA = data_set("1.2.3")


def names(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def written(folder: Path, data: bytes = DATA) -> PartFile:
    file = PartFile(folder, "1.2.3", HEAD)
    file.write([data[:10], memoryview(data)[10:]])
    return file


def test_it_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    file = written(tmp_path)
    assert [each.startswith(".") for each in names(tmp_path)] == [True]
    assert file.keep("1.2")
    assert names(tmp_path) == ["1.2/1.2.3.dcm"]
    assert (tmp_path / "1.2/1.2.3.dcm").read_bytes() == HEAD + DATA
    assert (tmp_path / "1.2/1.2.3.dcm").stat().st_mode & 0o777 == 0o600
    file.discard()
    assert names(tmp_path) == ["1.2/1.2.3.dcm"]


def kept(folder: Path, study: str) -> bool:
    """Whether one that is whole was new."""
    file = written(folder)
    is_new = file.keep(study)
    file.discard()
    return is_new


@pytest.mark.parametrize("study", ["", "../1.2", ".", "a"])
def test_without_a_study_it_lies_flat(tmp_path: Path, study: str) -> None:
    assert kept(tmp_path, study)
    assert names(tmp_path) == ["1.2.3.dcm"]


def test_half_of_it_goes(tmp_path: Path) -> None:
    written(tmp_path).discard()
    PartFile(tmp_path, "1.2.3", HEAD).discard()
    assert names(tmp_path) == []


def test_the_same_is_there_already(tmp_path: Path) -> None:
    assert kept(tmp_path, "1.2")
    assert not kept(tmp_path, "1.2")
    assert names(tmp_path) == ["1.2/1.2.3.dcm"]


@pytest.mark.parametrize("has_links", [True, False])
def test_nothing_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:

        def no_link(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr(Path, "hardlink_to", no_link)
    assert kept(tmp_path, "1.2")
    other = written(tmp_path, data_set("1.2.3") + bytes(2))
    with pytest.raises(AnotherObject, match=r"1\.2\.3\.dcm is there with other content"):
        other.keep("1.2")
    other.discard()
    assert (tmp_path / "1.2/1.2.3.dcm").read_bytes() == HEAD + DATA
    assert names(tmp_path) == ["1.2/1.2.3.dcm"]


def test_a_disk_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    file = written(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        file.keep("1.2")
    file.discard()
    assert names(tmp_path) == []
