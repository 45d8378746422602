import os
from pathlib import Path

import pytest
from pacsd_store_fs import reading
from pacsd_store_fs.reading import Reading, path_of, stat_object

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
        Reading(tmp_path / "link", None).next_piece()
    assert raised.value.fault is StoreFault.INPUT_OUTPUT


def pieces(path: Path, *ranges: ByteRange) -> list[bytes]:
    read = Reading(path, ranges or None)
    found = []
    while not read.is_over:
        found.append(read.next_piece())
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"12345")
    return tmp_path / "file"


def open_descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


def test_a_small_object_is_one_piece_and_nothing_stays_open(file: Path) -> None:
    before = open_descriptors()
    assert pieces(file) == [b"12345"]
    assert open_descriptors() == before


def test_ranges_one_after_the_other_in_bounded_pieces(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PIECE_BYTES", 2)
    assert pieces(file) == [b"12", b"34", b"5"]
    assert pieces(file, ByteRange(4, 1), ByteRange(2, 0), ByteRange(0, 3)) == [b"5", b"12", b"3"]


def test_an_empty_object_and_empty_ranges(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert pieces(tmp_path / "empty") == [b""]
    assert pieces(tmp_path / "empty", ByteRange(0, 0)) == [b""]


@pytest.mark.parametrize("wanted", [ByteRange(0, 6), ByteRange(-1, 2), ByteRange(3, -1)])
def test_a_range_outside_is_refused_and_nothing_stays_open(file: Path, wanted: ByteRange) -> None:
    before = open_descriptors()
    read = Reading(file, [wanted])
    with pytest.raises(StoreError) as raised:
        read.next_piece()
    read.close()
    assert raised.value.fault is StoreFault.OUT_OF_RANGE
    assert open_descriptors() == before


def test_a_file_that_becomes_shorter(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE_BYTES", 2)
    read = Reading(file, None)
    assert read.next_piece() == b"12"
    file.write_bytes(b"1")
    with pytest.raises(StoreError, match="became shorter"):
        read.next_piece()
    read.close()
    read.close()
    assert read.is_over


def test_stat(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    os.utime(tmp_path / "file", ns=(0, 1_234_567_000))
    found = stat_object(tmp_path / "file")
    assert found is not None
    assert (found.size_bytes, found.modified_at_us) == (5, 1_234_567)
    assert stat_object(tmp_path / "none") is None
    with pytest.raises(StoreError):
        stat_object(tmp_path / "file" / "below")
