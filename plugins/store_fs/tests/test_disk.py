import errno
import os
from pathlib import Path

import pytest
from pacsd_store_fs.disk import Disk


def test_creates_files_only_this_user_reads(tmp_path: Path) -> None:
    disk = Disk()
    disk.close(disk.create(tmp_path / "file"))
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_never_writes_over_a_file_or_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"there")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("file", "link"):
        with pytest.raises(FileExistsError):
            Disk().create(tmp_path / name)
    assert not (tmp_path / "elsewhere").exists()


def test_makes_directories_only_this_user_enters(tmp_path: Path) -> None:
    Disk().make_directories(tmp_path / "a/b/c")
    Disk().make_directories(tmp_path / "a/b/c")
    made = [tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/c"]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700}


def test_writes_any_number_of_buffers(tmp_path: Path) -> None:
    buffers = [bytes([number % 256]) * (number % 3) for number in range(3000)]
    disk = Disk()
    descriptor = disk.create(tmp_path / "file")
    disk.write(descriptor, buffers)
    disk.close(descriptor)
    assert (tmp_path / "file").read_bytes() == b"".join(buffers)


@pytest.mark.parametrize("most_bytes", [1, 3, 4, 7, 100])
def test_goes_on_after_a_short_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    def short_writev(descriptor: int, buffers: list[memoryview]) -> int:
        return os.write(descriptor, b"".join(buffers)[:most_bytes])

    monkeypatch.setattr(os, "writev", short_writev)
    disk = Disk()
    descriptor = disk.create(tmp_path / "file")
    disk.write(descriptor, [b"one", b"", bytearray(b"two"), memoryview(b"three")])
    disk.close(descriptor)
    assert (tmp_path / "file").read_bytes() == b"onetwothree"


def test_renames_and_removes(tmp_path: Path) -> None:
    disk = Disk()
    disk.close(disk.create(tmp_path / "a"))
    disk.rename(tmp_path / "a", tmp_path / "b")
    disk.sync_directory(tmp_path)
    disk.remove(tmp_path / "b")
    disk.remove(tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


def no_links(*_: object) -> None:
    raise OSError(errno.EPERM, "no links here")


@pytest.mark.parametrize("has_links", [True, False])
def test_renames_but_never_over_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_links: bool
) -> None:
    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "taken").write_bytes(b"old")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("taken", "dangling"):
        with pytest.raises(FileExistsError):
            Disk().rename(tmp_path / "a", tmp_path / name)
    assert (tmp_path / "taken").read_bytes() == b"old"
    Disk().rename(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"new"
    assert not (tmp_path / "a").exists()


def test_a_name_that_stays_behind_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise OSError(errno.EIO, "test")

    (tmp_path / "a").write_bytes(b"data")
    monkeypatch.setattr(Path, "unlink", fail)
    Disk().rename(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"data"


def test_other_failures_of_a_rename_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Disk().rename(tmp_path / "a", tmp_path / "b")
