"""ZIPs as Python's reader, Info-ZIP and Java read them."""

import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicomweb import zip_writer
from pacsd.dicomweb.zip_writer import ZipWriter, zip_length
from tests.interop import peers

FILES = {"DICOMDIR": b"directory", "DICOM/PT000001/IM000001": b"\0" * 3_000, "DICOM/EMPTY": b""}


def zipped(files: dict[str, bytes], *, more_bytes: int = 0, pieces_of: int = 1_000) -> bytes:
    """The ZIP of these files, of each of which may come `more_bytes` than do."""
    writer, written = ZipWriter(), b""
    for name, data in files.items():
        written += writer.begin(name, len(data) + more_bytes)
        for at in range(0, len(data), pieces_of):
            writer.data(memoryview(data)[at : at + pieces_of])
            written += data[at : at + pieces_of]
        written += writer.end()
    written += writer.closing()
    assert writer.offset == len(written)
    return written


def read(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def length_of(files: dict[str, bytes]) -> int:
    return zip_length((name, len(data)) for name, data in files.items())


names = st.text("ABCXYZ019_/", min_size=1, max_size=30).filter(lambda name: name[-1] != "/")


@given(st.dictionaries(names, st.binary(max_size=2_000), max_size=8), st.integers(1, 3_000))
def test_what_is_written_is_read(files: dict[str, bytes], pieces_of: int) -> None:
    archive = zipped(files, pieces_of=pieces_of)
    assert read(archive) == files
    assert length_of(files) == len(archive)


@given(
    st.dictionaries(names, st.binary(max_size=300), max_size=8),
    st.integers(0, 1_000),
    st.integers(0, 4),
)
def test_zip64_begins_where_a_number_is_too_large(
    files: dict[str, bytes], max_32: int, max_16: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zip_writer, "MAX_32", max_32)
        patch.setattr(zip_writer, "MAX_16", max_16)
        archive = zipped(files)
        assert length_of(files) == len(archive)
    assert read(archive) == files


def test_the_records_of_zip64_are_there_where_they_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    end_64, locator, extra = b"PK\x06\x06", b"PK\x06\x07", b"\x01\x00\x10\x00"
    assert end_64 not in zipped(FILES)
    assert extra not in zipped(FILES)
    with monkeypatch.context() as patch:
        patch.setattr(zip_writer, "MAX_16", 2)
        many = zipped(FILES)
    assert end_64 in many
    assert locator in many
    assert many[-14:-10] == b"\xff\xff\xff\xff"  # entries, here and in all
    with monkeypatch.context() as patch:
        patch.setattr(zip_writer, "MAX_32", 2_999)
        long = zipped(FILES)
    assert long.count(extra) == 2  # before the file, and in the directory
    assert end_64 in long


@pytest.mark.parametrize("more_bytes", [0, 5_000_000_000])
@pytest.mark.parametrize("max_32", [zip_writer.MAX_32, 100])
def test_another_program_unpacks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, max_32: int, more_bytes: int
) -> None:
    unzip = peers.program("unzip")
    with monkeypatch.context() as patch:
        patch.setattr(zip_writer, "MAX_32", max_32)
        (tmp_path / "x.zip").write_bytes(zipped(FILES, more_bytes=more_bytes))
    command = [unzip, "-q", "x.zip"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == FILES
    assert (tmp_path / "DICOMDIR").stat().st_mode & 0o400


def test_sizes_of_more_than_4_gib_are_counted() -> None:
    five, gib = ("A", 5 << 30), 1 << 30
    least = zip_length([("A", 0)])
    # The extra field before it, sizes of 8 bytes behind it, the extra field in the directory, and
    # the records of ZIP64, since the directory lies far behind.
    assert zip_length([five]) - 5 * gib - least == 20 + 8 + 20 + 76
    many = [(f"{number:05}", gib) for number in range(70_000)]
    of_each = 30 + 5 + 16 + 46 + 5
    behind_4_gib = len(many) - 4
    assert zip_length(many) == 70_000 * (gib + of_each) + behind_4_gib * 12 + 76 + 22


def test_a_file_that_becomes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_writer, "MAX_32", 10)
    writer = ZipWriter()
    writer.begin("A", 10)
    writer.data(b"x" * 11)
    with pytest.raises(ValueError, match="11 bytes are more than was said"):
        writer.end()
