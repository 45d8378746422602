import stat
from pathlib import Path

import pytest

from pacsd.app.archive_key import FILE_NAME, KEY_BYTES, ArchiveKeyError, archive_key


def test_it_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    (tmp_path / f"{FILE_NAME}.part").write_bytes(b"half")
    key = archive_key(tmp_path)
    assert len(key) == KEY_BYTES
    assert archive_key(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    other = tmp_path / "other"
    other.mkdir()
    assert archive_key(other) != key


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)])
def test_what_is_no_key_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with pytest.raises(ArchiveKeyError, match=f"{FILE_NAME}: {len(content)} bytes: must hold 32"):
        archive_key(tmp_path)
    assert path.read_bytes() == content


def test_where_it_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        archive_key(tmp_path / "nowhere")
