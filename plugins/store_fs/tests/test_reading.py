import os
from pathlib import Path

import pytest
from pacsd_store_fs.reading import open_object, path_of, read_piece, stat_object

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import ByteRange


def test_a_path_is_made_of_keys_only(tmp_path: Path) -> None:
    assert path_of(tmp_path, "1/000/000/000/000.dcm") == tmp_path / "1/000/000/000/000.dcm"
    with pytest.raises(StoreError) as raised:
        path_of(tmp_path, "../x")
    assert raised.value.fault is StoreFault.NOT_FOUND


def test_never_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(StoreError) as raised:
        open_object(tmp_path / "link", None)
    assert raised.value.fault is StoreFault.INPUT_OUTPUT


def test_the_whole_object_is_one_range(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    descriptor, ranges = open_object(tmp_path / "file", None)
    assert ranges == (ByteRange(0, 5),)
    assert read_piece(descriptor, 1, 3) == b"234"
    with pytest.raises(StoreError, match="became shorter"):
        read_piece(descriptor, 5, 1)
    os.close(descriptor)


def test_stat(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    os.utime(tmp_path / "file", ns=(0, 1_234_567_000))
    found = stat_object(tmp_path / "file")
    assert found is not None
    assert (found.size_bytes, found.modified_at_us) == (5, 1_234_567)
    assert stat_object(tmp_path / "none") is None
    with pytest.raises(StoreError):
        stat_object(tmp_path / "file" / "below")
