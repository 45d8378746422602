import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsd.app.private_files import create_file, fsync_folder, give_to_owner_of, make_folder


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_nobody_else_may_read(tmp_path: Path) -> None:
    make_folder(tmp_path / "a/b")
    with create_file(tmp_path / "a/b/c") as file:
        file.write(b"secret")
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/c")] == [0o700, 0o700, 0o600]
    assert (tmp_path / "a/b/c").read_bytes() == b"secret"
    fsync_folder(tmp_path / "a/b")


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(0o770)
    make_folder(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o770


def test_nothing_is_written_over_or_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("there", "link"):
        with pytest.raises(FileExistsError):
            create_file(tmp_path / name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_gives_a_file_to_whom_another_belongs(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.touch()
    os.chown(other, 12_345, 54_321)
    with create_file(tmp_path / "made") as file:
        give_to_owner_of(other, file.fileno())
    made = (tmp_path / "made").stat()
    assert (made.st_uid, made.st_gid) == (12_345, 54_321)


def test_who_is_not_root_gives_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    with create_file(tmp_path / "made") as file:
        give_to_owner_of(tmp_path / "not there", file.fileno())


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "file/below")
    with pytest.raises(NotADirectoryError):
        fsync_folder(tmp_path / "file")
