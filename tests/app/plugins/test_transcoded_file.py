"""What a codec wrote, taken or refused."""

import tempfile
import zlib
from dataclasses import replace

import pytest

from pacsd.app.plugins.transcoded_file import Expected, checked
from pacsd.dicom.registry import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.net.transcoding import NotTranscoded
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.net.web.serving import part10

UID = "1.2.3.4"
DATA = data_set({"SOPInstanceUID": UID}, pixel_bytes=700_000)
GOOD = part10(DATA, UID)
EXPECTED = Expected(CT_IMAGE_STORAGE, UID, EXPLICIT_VR_LITTLE_ENDIAN, 10_000_000)


async def read(written: bytes, expected: Expected = EXPECTED) -> bytes:
    with tempfile.TemporaryFile() as file:
        file.write(written)  # and no flush: codecs forget it
        made = checked(file, expected)
    with made.file:
        return b"".join([piece async for piece in made.pieces()])


async def test_a_data_set_is_read_from_where_it_begins() -> None:
    assert await read(GOOD) == DATA


async def test_objects_may_leave_their_uids_to_others() -> None:
    data = data_set({"SOPClassUID": "", "SOPInstanceUID": ""})
    assert await read(part10(data, UID)) == data


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (b"", "the codec wrote nothing"),
        (b"junk" * 100, "the codec wrote no DICOM file: no DICM"),
        (GOOD[:200], "the codec wrote no DICOM file"),
        (part10(b"", UID), "a data set of 0 bytes"),
        (GOOD[:-1], f"a data set of {len(DATA) - 1} bytes"),
        (part10(DATA, "1.2.3.5"), f"wrote SOP Instance UID '1.2.3.5' instead of {UID}"),
        (part10(DATA, UID, "1.2.3"), "wrote Transfer Syntax UID '1.2.3' instead of"),
        (
            part10(data_set({"SOPInstanceUID": "1.2.3.5"}), UID),
            "SOP Instance UID of the data set '1.2.3.5' instead of",
        ),
        (
            part10(data_set({"SOPInstanceUID": UID, "SOPClassUID": "1.2.3"}), UID),
            "SOP Class UID of the data set '1.2.3' instead of",
        ),
        (part10(b"\x08\0\x05\0" + b"\xff" * 60, UID), "a data set that cannot be read"),
    ],
)
async def test_p07_junk_is_refused(written: bytes, why: str) -> None:
    with pytest.raises(NotTranscoded) as refused:
        await read(written)
    assert why in str(refused.value)


async def test_another_class_is_refused() -> None:
    with pytest.raises(NotTranscoded, match="wrote SOP Class UID"):
        await read(GOOD, replace(EXPECTED, sop_class_uid="1.2.3"))


async def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(NotTranscoded, match=r"more than 700000 \(transcoding.max_bytes\)"):
        await read(GOOD, replace(EXPECTED, max_bytes=700_000))


async def test_into_what_is_deflated_it_looks() -> None:
    deflated = replace(EXPECTED, transfer_syntax_uid=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)

    def written(data: bytes) -> bytes:
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        packed = packer.compress(data) + packer.flush()
        packed += b"\0" * (len(packed) % 2)
        return part10(packed, UID, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)

    assert await read(written(DATA), deflated)
    with pytest.raises(NotTranscoded, match="SOP Instance UID of the data set"):
        await read(written(data_set({"SOPInstanceUID": "1.2.3.5"})), deflated)


async def test_a_file_that_becomes_shorter_is_noticed() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(GOOD)
        made = checked(file, EXPECTED)
        file.truncate(1_000)
        with made.file, pytest.raises(OSError, match="has become shorter"):
            _ = [piece async for piece in made.pieces()]
