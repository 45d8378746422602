import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsd.app.private_files import create_file, fsync_folder, make_folder


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


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "file/below")
    with pytest.raises(NotADirectoryError):
        fsync_folder(tmp_path / "file")
