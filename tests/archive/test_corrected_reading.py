from collections.abc import AsyncIterator

from pacsd.archive.corrected_reading import CorrectedReading, new_values
from pacsd.dicom.inflate import inflate
from pacsd.dicom.level import Level
from pacsd.dicom.plain_corrector import NewValue
from pacsd.dicom.registry import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
)
from pacsd.index.overlay_records import Overlay
from tests.dicom.by_pydicom import decoded
from tests.dicom.written import EXPLICIT, deflate, element

NAME, DATE = 0x00100010, 0x00080020
STORED = element(NAME, "PN", b"Doe ")


async def in_pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 6):
        yield data[at : at + 6]


def overlay(tag: int, value: str, at_us: int) -> Overlay:
    return Overlay(1, Level.STUDY, tag, None, value, "admin", "why", at_us)


def test_what_is_to_be_said_and_since_when() -> None:
    overlays = {NAME: overlay(NAME, "Roe", 1), DATE: overlay(DATE, "", 1_700_000_000_000_000)}
    assert new_values(overlays) == (
        NewValue(DATE, "", "20231114221320.000000+0000"),
        NewValue(NAME, "Roe", "19700101000000.000001+0000"),
    )


async def read(uid: str, stored: bytes) -> bytes:
    reading = CorrectedReading(uid, new_values({NAME: overlay(NAME, "Roe", 1)}))
    pieces = [piece async for piece in reading.pieces(in_pieces(stored))]
    assert reading.left == ()
    assert b"" not in pieces
    return b"".join(pieces)


async def test_a_data_set_is_corrected_as_it_is_read() -> None:
    plain = await read(EXPLICIT_VR_LITTLE_ENDIAN, STORED)
    assert decoded(plain, EXPLICIT).PatientName == "Roe"
    deflated = await read(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, deflate(STORED))
    assert inflate(deflated)[0] == plain
    # A private Transfer Syntax is taken to be written as encapsulated ones are.
    assert await read("1.2.3.4", STORED) == plain
