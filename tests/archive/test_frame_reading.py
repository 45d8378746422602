"""Frames, as pydicom has them."""

from dataclasses import replace

import pytest
from pydicom.encaps import generate_frames

from pacsd.api.errors import StoreFault
from pacsd.archive import frame_reading
from pacsd.archive.frame_reading import FrameReader, Frames, NoPixels
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.frames import NativeFrames
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.stored_objects import copy_of, retrievable
from tests.dicom.corpus import CorpusObject, objects
from tests.dicom.written import BIG, EXPLICIT, IMPLICIT, element, order


async def frame(reader: FrameReader, frames: Frames, index: int) -> bytes:
    data = b"".join([piece async for piece in reader.read(frames, index)])
    assert len(data) == frames.size_bytes(index)
    return data


def image(rows: int, bits: int, count: int, pixels: bytes, syntax: object = EXPLICIT) -> bytes:
    at = order(syntax)  # type: ignore[arg-type]
    return b"".join(
        element(tag, vr, value, syntax)  # type: ignore[arg-type]
        for tag, vr, value in (
            (0x00280002, "US", (1).to_bytes(2, "little" if at == "<" else "big")),
            (0x00280008, "IS", f"{count:2}".encode()),
            (0x00280010, "US", rows.to_bytes(2, "little" if at == "<" else "big")),
            (0x00280011, "US", rows.to_bytes(2, "little" if at == "<" else "big")),
            (0x00280100, "US", bits.to_bytes(2, "little" if at == "<" else "big")),
            (0x7FE00010, "OW", pixels),
        )
    )


def expected(each: CorpusObject) -> list[bytes] | None:
    """The frames by pydicom, None where it knows none either."""
    ds = each.as_pydicom_reads()
    if "PixelData" not in ds:
        return None
    count = int(ds.get("NumberOfFrames") or 1)
    if each.syntax.is_encapsulated:
        return list(generate_frames(ds.PixelData, number_of_frames=count))
    bits = ds.Rows * ds.Columns * ds.get("SamplesPerPixel", 1) * ds.BitsAllocated
    if (
        bits % 8
        or "422" in ds.get("PhotometricInterpretation", "")
        or not each.syntax.is_little_endian
    ):
        return None
    size = bits // 8
    return [ds.PixelData[at * size : (at + 1) * size] for at in range(count)]


async def test_every_image_has_the_frames_that_pydicom_finds() -> None:
    store, compared = MemoryStore(), 0
    unreadable: list[str] = []
    reader = FrameReader(store)
    for each in objects():
        try:
            wanted = expected(each)
        except Exception:  # noqa: BLE001, S112 - pydicom's opinion of a file it cannot read
            continue
        if wanted is None:
            continue
        instance = await retrievable(store, each.data_set, each.syntax.uid)
        try:
            frames = await reader.open(instance)
        except Unreadable:
            unreadable.append(each.path.name)
            continue
        if len(frames) != len(wanted):
            continue
        for index, bytes_ in enumerate(wanted):
            # An Extended Offset Table knows the length without padding.
            assert bytes_.startswith(await frame(reader, frames, index)), each.path
            compared += 1
    assert compared > 100
    assert unreadable == ["MR_truncated.dcm"]


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
async def test_native_frames_leave_in_little_endian(syntax: object) -> None:
    store = MemoryStore()
    numbers = list(range(3 * 4))
    at = "little" if syntax is not BIG else "big"
    pixels = b"".join(number.to_bytes(2, at) for number in numbers)  # type: ignore[arg-type]
    data = image(2, 16, 3, pixels, syntax)
    reader = FrameReader(store)
    frames = await reader.open(await retrievable(store, data, syntax.uid))  # type: ignore[attr-defined]
    assert (frames.is_native, len(frames)) == (True, 3)
    last = b"".join(number.to_bytes(2, "little") for number in numbers[8:])
    assert await frame(reader, frames, 2) == last


async def test_odd_frames_of_big_endian_words() -> None:
    store = MemoryStore()
    data = image(3, 8, 2, bytes(reversed(range(18))), BIG)
    reader = FrameReader(store)
    frames = await reader.open(await retrievable(store, data, BIG.uid))
    swapped = bytes(each ^ 1 for each in reversed(range(18)))
    assert await frame(reader, frames, 0) == swapped[:9]
    assert await frame(reader, frames, 1) == swapped[9:]


async def test_frames_of_single_bits_begin_with_their_own() -> None:
    store = MemoryStore()
    # Two frames of nine bits: all set, then all clear.
    data = image(3, 1, 2, b"\xff\x01\x00\x00")
    reader = FrameReader(store)
    frames = await reader.open(await retrievable(store, data, EXPLICIT.uid))
    assert await frame(reader, frames, 0) == b"\xff\x01"
    assert await frame(reader, frames, 1) == b"\x00\x00"


async def test_what_has_no_frames() -> None:
    store = MemoryStore()
    reader = FrameReader(store)
    with pytest.raises(NoPixels):
        await reader.open(await retrievable(store, data_set(), EXPLICIT.uid))
    short = image(200, 16, 1, bytes(8))
    with pytest.raises(Unreadable, match="Pixel Data: 8 bytes"):
        await reader.open(await retrievable(store, short, EXPLICIT.uid))
    one = await reader.open(await retrievable(store, image(2, 8, 1, bytes(4)), EXPLICIT.uid))
    with pytest.raises(IndexError):
        await frame(reader, one, 1)


async def test_the_next_copy_is_read_where_one_is_gone() -> None:
    store = MemoryStore()
    data = image(2, 8, 1, b"abcd")
    instance = await retrievable(store, data, EXPLICIT.uid)
    second = replace(instance, copies=(*instance.copies, await copy_of(store, data, EXPLICIT.uid)))
    await store.delete(instance.copies[0].location)
    reader = FrameReader(store)
    frames = await reader.open(second)
    assert await frame(reader, frames, 0) == b"abcd"
    with pytest.raises(Unreadable, match=StoreFault.NOT_FOUND):
        await reader.open(instance)
    await store.delete(second.copies[1].location)
    with pytest.raises(Unreadable, match=StoreFault.NOT_FOUND):
        await frame(reader, frames, 0)


async def test_tables_are_kept_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    reader = FrameReader(store)
    instances = [
        await retrievable(store, image(2, 8, 1, bytes([each]) * 4), EXPLICIT.uid)
        for each in range(3)
    ]
    first = await reader.open(instances[0])
    assert await reader.open(instances[0]) is first
    assert isinstance(first.table, NativeFrames)
    monkeypatch.setattr(frame_reading, "MAX_KEPT_FRAMES", 2)
    await reader.open(instances[1])
    assert await reader.open(instances[0]) is first
    await reader.open(instances[2])
    assert await reader.open(instances[0]) is first
    again = await reader.open(instances[1])
    assert again.source.size_bytes == first.source.size_bytes
