import os
from pathlib import Path

import pytest

from pacsd.app.plugins.copy_place import CopyPlace, NoRoom, read_only


def test_a_file_has_no_name_and_is_read_by_another_descriptor(tmp_path: Path) -> None:
    with CopyPlace(tmp_path).new_file(3) as made:
        made.write(b"abc")
        with read_only(made) as file:
            assert file.read() == b"abc"
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.write(file.fileno(), b"x")
    assert list(tmp_path.iterdir()) == []


def test_what_is_to_stay_free_stays_free(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    free = found.f_bavail * found.f_frsize
    CopyPlace(tmp_path, free // 2).check_room(free // 4)
    with pytest.raises(NoRoom, match=r"nearly full \(store.min_free_bytes\)"):
        CopyPlace(tmp_path, free // 2).new_file(free)
    with pytest.raises(FileNotFoundError):
        CopyPlace(tmp_path / "gone").new_file(0)
