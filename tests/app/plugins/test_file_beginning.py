import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest

from pacsd.app.plugins.file_beginning import FIRST_BYTES, read_beginning
from pacsd.dicom.errors import InflateError, Part10Error
from pacsd.dicom.part10 import FileMeta, decode_file_meta, encode_file_meta
from pacsd.dicom.registry import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set, dicom_file
from tests.dicom.written import deflate


@contextmanager
def file_of(content: bytes) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file


def deflated_file(raw: bytes) -> bytes:
    meta = FileMeta(CT_IMAGE_STORAGE, "1.2.3.4", DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "1.2")
    return encode_file_meta(meta) + raw


def test_a_small_file_is_read_whole() -> None:
    content = dicom_file()
    with file_of(content) as file:
        found = read_beginning(file)
    assert (found.first, found.is_whole) == (data_set(), True)
    assert (found.offset, found.size) == (decode_file_meta(content)[1], len(content))
    assert found.meta.media_storage_sop_instance_uid == "1.2.3.4"


def test_of_a_large_file_the_beginning_is_read() -> None:
    with file_of(dicom_file(pixel_bytes=FIRST_BYTES + 100_000)) as file:
        found = read_beginning(file)
    assert not found.is_whole
    assert len(found.first) >= FIRST_BYTES


@pytest.mark.parametrize(("pixel_bytes", "is_whole"), [(10, True), (FIRST_BYTES, False)])
def test_a_deflated_data_set_is_inflated_so_far(pixel_bytes: int, *, is_whole: bool) -> None:
    raw = data_set(pixel_bytes=pixel_bytes)
    with file_of(deflated_file(deflate(raw))) as file:
        found = read_beginning(file)
    assert (found.first, found.is_whole) == (raw[:FIRST_BYTES], is_whole)
    assert found.syntax.is_deflated


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"", Part10Error), (deflated_file(b"\xff" * 100), InflateError)],
)
def test_what_is_no_such_file(content: bytes, error: type[Exception]) -> None:
    with file_of(content) as file, pytest.raises(error):
        read_beginning(file)
