from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing
from typing import Any

import pytest

from pacsd.archive.corrected_reading import (
    HELD_BYTES,
    MAX_BYTES_ON_LOOP,
    CorrectedReading,
    new_values,
)
from pacsd.dicom.errors import ScanError
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


async def in_pieces(data: bytes, size: int = 6) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def overlay(tag: int, value: str, at_us: int) -> Overlay:
    return Overlay(1, Level.STUDY, tag, None, value, "admin", "why", at_us)


def test_what_is_to_be_said_and_since_when() -> None:
    overlays = {NAME: overlay(NAME, "Roe", 1), DATE: overlay(DATE, "", 1_700_000_000_000_000)}
    assert new_values(overlays) == (
        NewValue(DATE, "", "20231114221320.000000+0000"),
        NewValue(NAME, "Roe", "19700101000000.000001+0000"),
    )


def reading_of(uid: str = EXPLICIT_VR_LITTLE_ENDIAN) -> CorrectedReading:
    return CorrectedReading(uid, new_values({NAME: overlay(NAME, "Roe", 1)}))


async def read(uid: str, stored: bytes) -> bytes:
    reading = reading_of(uid)
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


PIXELS = element(0x7FE00010, "OW", bytes(2 * HELD_BYTES))
TEXT = element(0x00420011, "OB", bytes(2 * HELD_BYTES))


async def test_headers_are_corrected_in_a_thread_pixel_data_just_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The event loop waits for neither: a hop to a thread would take longer than to pass it."""
    hops: list[int] = []

    async def run_sync(work: Callable[[Iterable[bytes]], list[bytes]], of: Iterable[bytes]) -> Any:
        hops.append(1)
        return work(of)

    monkeypatch.setattr("anyio.to_thread.run_sync", run_sync)
    for data, size, expected in (
        (STORED + TEXT, 65_536, 8),
        (STORED + PIXELS, 65_536, 1),
        (STORED + PIXELS, MAX_BYTES_ON_LOOP, 0),
    ):
        hops.clear()
        pieces = [piece async for piece in reading_of().pieces(in_pieces(data, size))]
        assert data[-HELD_BYTES:] in b"".join(pieces)
        assert len(hops) == expected


async def first_piece(data: bytes) -> int:
    """How many bytes were read before anything was given out."""
    taken = 0

    async def stored() -> AsyncIterator[bytes]:
        nonlocal taken
        async for piece in in_pieces(data, 4_096):
            taken += len(piece)
            yield piece

    async with aclosing(reading_of().pieces(stored())) as pieces:
        await anext(pieces)
    return taken


async def test_nothing_is_given_out_before_most_faults_would_show() -> None:
    assert await first_piece(STORED + PIXELS) == 4_096
    assert HELD_BYTES - 4_096 < await first_piece(STORED + TEXT) <= HELD_BYTES + 4_096
    cut_short = STORED + element(0x00420011, "OB", bytes(HELD_BYTES // 2), length=HELD_BYTES)
    with pytest.raises(ScanError):
        await first_piece(cut_short)
