import hashlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest

from pacsd.api.store import ByteRange, Location, StageRequest
from pacsd.archive.sameness import have_same_values
from pacsd.dicom.reencode import Reencoder
from pacsd.dicom.registry import transfer_syntax
from pacsd.index.records import Copy, CopyState
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.dicom.written import element, item, sequence

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
JPEG = "1.2.840.10008.1.2.4.50"
OBJECT = data_set({"Rows": 16, "BitsAllocated": 16, "PatientName": "Doe^J"}, pixel_bytes=512)


def encoded(target_uid: str, data: bytes = OBJECT) -> bytes:
    source, target = transfer_syntax(EXPLICIT), transfer_syntax(target_uid)
    assert source is not None
    assert target is not None
    reencoder = Reencoder(source, target)
    pieces = [bytes(piece) for piece in reencoder.feed(data)]
    return b"".join((*pieces, *map(bytes, reencoder.finish())))


async def stored(store: MemoryStore, data: bytes, syntax_uid: str) -> Copy:
    staged = await store.stage(StageRequest(1, b"preface", hashlib.sha256()))
    await staged.write([data])
    [location] = await store.commit([staged])
    assert isinstance(location, Location)
    return Copy(1, location, len(data), b"", syntax_uid, CopyState.OK, 0)


TRAILING_PADDING = element(0xFFFCFFFC, "OB", bytes(126))
GROUP_LENGTH = element(0x00100000, "UL", b"\x1c\0\0\0")
PIXELS = sequence(0x7FE00010, item(b"") + item(bytes(300_000)), vr="OB", is_undefined=True)


async def are_same(
    one: bytes, another: bytes, first_uid: str = EXPLICIT, second_uid: str = EXPLICIT
) -> bool:
    store = MemoryStore()
    first, second = await stored(store, one, first_uid), await stored(store, another, second_uid)
    found = await have_same_values(store, first, second)
    assert await have_same_values(store, second, first) is found
    return found


@pytest.mark.parametrize("first", [IMPLICIT, EXPLICIT, DEFLATED, BIG])
@pytest.mark.parametrize("second", [IMPLICIT, EXPLICIT, DEFLATED, BIG])
async def test_the_same_values_in_two_encodings(first: str, second: str) -> None:
    assert await are_same(encoded(first), encoded(second), first, second)
    changed = OBJECT.replace(b"Doe^J", b"Roe^J")
    assert not await are_same(encoded(first), encoded(second, changed), first, second)


async def test_the_same_values_written_anew_in_one_encoding() -> None:
    """DCMTK 3.6.7's storescu leaves out the trailing padding of what it sends (2026-11-26)."""
    assert await are_same(OBJECT + TRAILING_PADDING, OBJECT)
    assert await are_same(OBJECT, GROUP_LENGTH + OBJECT)
    assert not await are_same(OBJECT + TRAILING_PADDING, OBJECT[:-2])
    assert not await are_same(OBJECT, OBJECT.replace(b"Doe^J ", b"Doe^J\0"))


async def test_the_same_values_beside_compressed_pixels() -> None:
    data = data_set() + PIXELS
    assert await are_same(GROUP_LENGTH + data, data + TRAILING_PADDING, JPEG, JPEG)
    other = sequence(0x7FE00010, item(b"") + item(bytes(150_000)) * 2, vr="OB", is_undefined=True)
    assert not await are_same(data, data_set() + other, JPEG, JPEG)


async def test_what_only_a_codec_could_compare_is_not_the_same() -> None:
    data = data_set() + PIXELS
    assert not await are_same(data, data, JPEG, "1.2.840.10008.1.2.4.51")
    assert not await are_same(OBJECT, OBJECT, EXPLICIT, JPEG)


async def test_what_cannot_be_read_is_not_the_same() -> None:
    store = MemoryStore()
    one = await stored(store, OBJECT, EXPLICIT)
    assert not await have_same_values(store, one, await stored(store, OBJECT[:-5], EXPLICIT))
    gone = await stored(store, encoded(BIG), BIG)
    await store.delete(gone.location)
    assert not await have_same_values(store, one, gone)


@pytest.mark.parametrize("state", [CopyState.DAMAGED, CopyState.MISSING])
async def test_a_copy_that_is_known_to_be_bad_is_not_the_same(state: CopyState) -> None:
    store = MemoryStore()
    one, another = await stored(store, OBJECT, EXPLICIT), await stored(store, OBJECT, EXPLICIT)
    assert await have_same_values(store, one, another)
    assert not await have_same_values(store, replace(one, state=state), another)
    assert not await have_same_values(store, one, replace(another, state=state))


class SlowStore(MemoryStore):
    """Reads in pieces, and counts them."""

    piece_bytes = 1000
    pieces = 0

    async def read(
        self, location: Location, ranges: Sequence[ByteRange] | None = None, /
    ) -> AsyncGenerator[bytes, None]:
        async for content in super().read(location, ranges):
            for start in range(0, len(content), self.piece_bytes):
                self.pieces += 1
                yield content[start : start + self.piece_bytes]


@pytest.mark.parametrize("piece_bytes", [1, 7, 1000])
async def test_they_are_read_in_pieces_of_any_length(piece_bytes: int) -> None:
    store = SlowStore()
    store.piece_bytes = piece_bytes
    one = await stored(store, OBJECT + TRAILING_PADDING, EXPLICIT)
    another = await stored(store, encoded(IMPLICIT), IMPLICIT)
    assert await have_same_values(store, one, another)
    other = await stored(store, encoded(IMPLICIT, OBJECT[:-1] + b"\1"), IMPLICIT)
    assert not await have_same_values(store, one, other)


async def test_they_are_read_up_to_the_first_difference() -> None:
    store = SlowStore()
    data = data_set({"PatientName": "Doe^J"}, pixel_bytes=100_000)
    one = await stored(store, data, EXPLICIT)
    another = await stored(store, data.replace(b"Doe^J", b"Roe^J"), EXPLICIT)
    assert not await have_same_values(store, one, another)
    assert store.pieces == 2
