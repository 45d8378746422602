import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.part10_file import read_part10, write_part10

from pacsd.dicom.part10 import FileMeta, decode_file_meta, encode_file_meta
from pacsd.dicom.registry import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set, dicom_file


@contextmanager
def on_disk(data: bytes) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file


def copied(data: bytes) -> bytes:
    with on_disk(data) as source, tempfile.TemporaryFile() as target:
        write_part10(read_part10(source), target)
        target.seek(0)
        return target.read()


def meta(syntax: str) -> bytes:
    return encode_file_meta(FileMeta(CT_IMAGE_STORAGE, "1.2.3.4", syntax, "1.2"))


def test_a_copy_has_the_same_data_set() -> None:
    data = dicom_file(pixel_bytes=100_000)
    _, offset = decode_file_meta(data)
    made, at = decode_file_meta(copied(data))
    assert copied(data)[at:] == data[offset:]
    assert made.transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN


def test_how_it_came_does_not_leave() -> None:
    head = encode_file_meta(
        FileMeta(
            CT_IMAGE_STORAGE,
            "1.2.3.4",
            EXPLICIT_VR_LITTLE_ENDIAN,
            "1.2",
            source_ae_title="SECRETAE",
            source_presentation_address="10.1.2.3",
            private_information_creator_uid="1.2.9",
            private_information=b"SECRETINFO",
        ),
        preamble=b"PREAMBLE".ljust(128, b"\0"),
    )
    made = copied(head + data_set())
    for secret in (b"SECRETAE", b"SECRETINFO", b"10.1.2.3", b"PREAMBLE"):
        assert secret in head
        assert secret not in made


def test_a_deflated_data_set_is_inflated_and_deflated_again() -> None:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(data_set()) + deflater.flush()
    made = copied(meta(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) + deflated)
    _, offset = decode_file_meta(made)
    assert zlib.decompress(made[offset:], -zlib.MAX_WBITS) == data_set()
    assert len(made[offset:]) % 2 == 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it cannot be read"),
        (b"no DICOM file at all" * 20, "it cannot be read"),
        (meta(EXPLICIT_VR_LITTLE_ENDIAN) + data_set()[:-3], "ends"),
        (meta(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) + b"\xff" * 9, "it cannot be read"),
        (meta(EXPLICIT_VR_LITTLE_ENDIAN) + data_set({"SOPInstanceUID": ""}), "0008,0018"),
        (meta(EXPLICIT_VR_LITTLE_ENDIAN) + data_set({"SOPClassUID": "x"}), "0008,0016"),
    ],
)
def test_what_is_no_object_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(NotCoerced, match=said):
        copied(data)
