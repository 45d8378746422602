import io
import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacsd_target_folder.writing import (
    INCOMING,
    LEFT_OVER_AFTER_S,
    Incomplete,
    remove_left_over,
    sync_folders,
    write,
)

PLACE = PurePosixPath("1.2/1.2.3.dcm")


def parts(root: Path) -> list[Path]:
    return list((root / INCOMING).iterdir())


def test_a_file_lies_where_it_belongs_and_no_part_is_left(tmp_path: Path) -> None:
    source = io.BytesIO(b"content")
    write(source, 7, tmp_path, PLACE)
    sync_folders(tmp_path, [PLACE])
    assert (tmp_path / PLACE).read_bytes() == b"content"
    assert source.closed
    assert parts(tmp_path) == []


def test_one_with_the_same_bytes_stays(tmp_path: Path) -> None:
    write(io.BytesIO(b"content"), 7, tmp_path, PLACE)
    before = (tmp_path / PLACE).stat()
    write(io.BytesIO(b"content"), 7, tmp_path, PLACE)
    assert (tmp_path / PLACE).stat().st_ino == before.st_ino


@pytest.mark.parametrize("other", [b"", b"c", b"contenT", b"content and more"])
def test_one_with_others_is_replaced(tmp_path: Path, other: bytes) -> None:
    write(io.BytesIO(other), len(other), tmp_path, PLACE)
    write(io.BytesIO(b"content"), 7, tmp_path, PLACE)
    assert (tmp_path / PLACE).read_bytes() == b"content"


@pytest.mark.parametrize("size_bytes", [6, 8])
def test_one_that_is_not_as_long_as_said_gets_no_name(tmp_path: Path, size_bytes: int) -> None:
    with pytest.raises(Incomplete, match=f"has 7 bytes instead of {size_bytes}"):
        write(io.BytesIO(b"content"), size_bytes, tmp_path, PLACE)
    assert not (tmp_path / PLACE).exists()
    assert parts(tmp_path) == []


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"precious")
    (tmp_path / "1.2").mkdir()
    (tmp_path / PLACE).symlink_to(tmp_path / "elsewhere")
    write(io.BytesIO(b"content"), 7, tmp_path, PLACE)
    assert (tmp_path / "elsewhere").read_bytes() == b"precious"
    assert not (tmp_path / PLACE).is_symlink()


def test_a_root_that_is_gone_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(io.BytesIO(b"content"), 7, tmp_path / "gone", PLACE)
    with pytest.raises(FileNotFoundError):
        sync_folders(tmp_path / "gone", [PLACE])
    assert list(tmp_path.iterdir()) == []


def test_what_a_crash_left_is_removed_after_a_day(tmp_path: Path) -> None:
    assert remove_left_over(tmp_path) == 0
    folder = tmp_path / INCOMING
    folder.mkdir()
    for name, age_s in (("old.part", LEFT_OVER_AFTER_S + 60), ("new.part", 0.0), ("old.txt", 1e6)):
        (folder / name).touch()
        at_s = (folder / name).stat().st_mtime - age_s
        os.utime(folder / name, (at_s, at_s))
    assert remove_left_over(tmp_path) == 1
    assert {each.name for each in parts(tmp_path)} == {"new.part", "old.txt"}


@given(there=st.binary(max_size=50) | st.none(), content=st.binary(max_size=50))
def test_whatever_was_there_the_file_is_as_it_was_sent(
    tmp_path_factory: pytest.TempPathFactory, there: bytes | None, content: bytes
) -> None:
    root = tmp_path_factory.mktemp("root")
    for each in (there, content):
        if each is not None:
            write(io.BytesIO(each), len(each), root, PLACE)
    assert (root / PLACE).read_bytes() == content
