"""Frames, as pydicom has them; by tables that were made ahead, as by those of the data set."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydicom.encaps import generate_frames

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import ByteRange, Location
from pacsd.archive import frame_reading
from pacsd.archive.frame_reading import BrokenPixels, FrameReader, Frames, NoPixels
from pacsd.archive.kept_metadata import KeptMetadata
from pacsd.archive.metadata_maker import MetadataMaker
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.frame_table_codec import PlacedFrames, encode_frames
from pacsd.dicom.frames import FragmentedFrames, NativeFrames
from pacsd.dicom.header_stream import PassedValue
from pacsd.dicom.plain_corrector import NewValue
from pacsd.index.records import CopyState
from pacsd.index.session import NewHeader
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.stored_objects import copy_of, retrievable
from tests.archive.test_metadata_maker import Uncorrected
from tests.dicom.corpus import CorpusObject, objects
from tests.dicom.written import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    UNDEFINED,
    deflate,
    element,
    item,
    order,
)


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
        except BrokenPixels:
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
    with pytest.raises(BrokenPixels, match="Pixel Data: 8 bytes"):
        await reader.open(await retrievable(store, short, EXPLICIT.uid))
    one = await reader.open(await retrievable(store, image(2, 8, 1, bytes(4)), EXPLICIT.uid))
    with pytest.raises(IndexError):
        await frame(reader, one, 1)


async def test_frames_are_found_in_memory_as_well() -> None:
    reader = FrameReader(MemoryStore())
    found = await reader.find(image(2, 8, 2, b"abcdefgh"), EXPLICIT.uid)
    assert (len(found), found.is_native, found.transfer_syntax_uid) == (2, True, EXPLICIT.uid)
    assert [[piece async for piece in reader.read(found, n)] for n in (0, 1)] == [
        [b"abcd"],
        [b"efgh"],
    ]
    with pytest.raises(NoPixels):
        await reader.find(data_set({}), EXPLICIT.uid)
    with pytest.raises(BrokenPixels):
        await reader.find(image(200, 16, 1, bytes(8)), EXPLICIT.uid)


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


async def test_who_asks_at_once_is_counted_once() -> None:
    store = MemoryStore()
    reader = FrameReader(store)
    one = await retrievable(store, image(2, 8, 1, b"abcd"), EXPLICIT.uid)
    opened = await reader._open(one.copies[0])
    again = await reader._open(one.copies[0])
    assert opened is not again
    assert reader._kept_frames == 1


# By tables that were made ahead


class Reads(MemoryStore):
    """Notes what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[ByteRange] = []

    async def read(
        self, location: Location, ranges: Sequence[ByteRange] | None = None, /
    ) -> AsyncGenerator[bytes, None]:
        self.asked += ranges or ()
        async for piece in super().read(location, ranges):
            yield piece


class Beside:
    """What an index keeps beside it, and how often it was asked."""

    def __init__(self) -> None:
        self.entries: dict[int, bytes] = {}
        self.looks = 0

    async def metadata(self, instances: Sequence[int]) -> Mapping[int, bytes]:
        self.looks += 1
        return {each: self.entries[each] for each in instances if each in self.entries}

    async def put_metadata(self, metadata: Sequence[NewHeader]) -> None:
        self.entries |= {each.instance: each.header for each in metadata}


class Ahead:
    """A store, and what is made ahead of what is put into it."""

    def __init__(self) -> None:
        self.store, self.beside = Reads(), Beside()
        self.maker = MetadataMaker(self.store, Uncorrected())

    def reader(self) -> FrameReader:
        """One that remembers nothing yet."""
        self.store.asked.clear()
        self.beside.looks = 0
        return FrameReader(self.store, KeptMetadata(self.beside))

    async def put(self, data: bytes, syntax_uid: str) -> Retrievable:
        number = len(self.beside.entries) + 1
        one = replace(await retrievable(self.store, data, syntax_uid), number=number, series=None)
        await KeptMetadata(self.beside).keep([one], await self.maker.made([one]))
        return one


@pytest.fixture
def ahead() -> Ahead:
    return Ahead()


JPEG = "1.2.840.10008.1.2.4.50"
END = bytes.fromhex("feffdde000000000")
PARTS = [b"\xff\xd8a\xff\xd9\0", b"\xff\xd8bcd\xff\xd9\0", b"\xff\xd8e", b"fg\xff\xd9"]


def compressed(count: int, *, basic: Sequence[int] = (), extended: Sequence[int] = ()) -> bytes:
    """PARTS as so many frames, the offset tables as given."""
    table = b"".join(each.to_bytes(4, "little") for each in basic)
    offsets = b"".join(each.to_bytes(8, "little") for each in extended)
    lengths = b"".join((len(each) - 1).to_bytes(8, "little") for each in PARTS)
    value = item(table) + b"".join(map(item, PARTS)) + END
    before = element(0x7FE00001, "OV", offsets) + element(0x7FE00002, "OV", lengths)
    return b"".join((
        element(0x00280008, "IS", f"{count:2}".encode()),
        before if extended else b"",
        element(0x7FE00010, "OB", value, length=UNDEFINED),
    ))  # fmt: skip


STARTS = [sum(8 + len(part) for part in PARTS[:at]) for at in range(len(PARTS))]
KINDS: dict[str, tuple[bytes, str]] = {
    "8 bit": (image(2, 8, 3, bytes(range(12))), EXPLICIT.uid),
    "16 bit": (image(2, 16, 3, bytes(range(24))), EXPLICIT.uid),
    "16 bit, no VRs": (image(2, 16, 3, bytes(range(24)), IMPLICIT), IMPLICIT.uid),
    "16 bit in big endian": (image(2, 16, 3, bytes(range(24)), BIG), BIG.uid),
    "odd, in big endian": (image(3, 8, 2, bytes(range(18)), BIG), BIG.uid),
    "1 bit": (image(3, 1, 3, b"\xff\x01\xa5\x5a"), EXPLICIT.uid),
    "behind much": (element(0x00204000, "LT", b"x" * 60_000) + image(2, 8, 1, b"abcd"),
                    EXPLICIT.uid),
    "a fragment to a frame": (compressed(4), JPEG),
    "one frame": (compressed(1), JPEG),
    "frames told by markers": (compressed(3), JPEG),
    "a basic offset table": (compressed(2, basic=[STARTS[0], STARTS[2]]), JPEG),
    "an extended offset table": (compressed(4, extended=STARTS), JPEG),
    "an extended offset table in another order": (compressed(4, extended=STARTS[::-1]), JPEG),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_frames_are_the_same_and_no_header_is_read(ahead: Ahead, kind: str) -> None:
    one = await ahead.put(*KINDS[kind])
    by_outline = FrameReader(ahead.store)
    wanted = await by_outline.open(one)
    reader = ahead.reader()
    frames = await reader.open(one)
    assert (ahead.store.asked, ahead.beside.looks) == ([], 1)
    assert (frames.table, frames.pixels, frames.is_native, frames.transfer_syntax_uid) == (
        wanted.table, wanted.pixels, wanted.is_native, wanted.transfer_syntax_uid,
    )  # fmt: skip
    for index in range(len(wanted)):
        assert await frame(reader, frames, index) == await frame(by_outline, wanted, index)
    assert await reader.open(one) is frames
    assert ahead.beside.looks == 1


async def test_a_frame_is_one_look_and_one_range_read(ahead: Ahead) -> None:
    one = await ahead.put(*KINDS["8 bit"])
    reader = ahead.reader()
    assert await frame(reader, await reader.open(one), 1) == bytes(range(4, 8))
    assert (len(ahead.store.asked), ahead.beside.looks) == (1, 1)
    assert ahead.store.asked[0].length_bytes == 4


async def test_every_image_has_the_same_frames(ahead: Ahead) -> None:
    by_outline, compared = FrameReader(ahead.store), 0
    for each in objects():
        one = await ahead.put(each.data_set, each.syntax.uid)
        try:
            wanted = await by_outline.open(one)
        except (NoPixels, BrokenPixels):
            with pytest.raises((NoPixels, BrokenPixels)):
                await ahead.reader().open(one)
            continue
        frames = await ahead.reader().open(one)
        assert (frames.table, frames.pixels) == (wanted.table, wanted.pixels), each.path
        assert bool(ahead.store.asked) == each.syntax.is_deflated, each.path
        compared += 1
    assert compared > 100


async def test_a_long_table_is_used_too(ahead: Ahead) -> None:
    many = [b"%05d " % number for number in range(5_000)]
    value = item(b"") + b"".join(map(item, many)) + END
    count = element(0x00280008, "IS", b"5000")
    one = await ahead.put(count + element(0x7FE00010, "OB", value, length=UNDEFINED), JPEG)
    assert len(ahead.beside.entries[1]) > frame_reading.SHORT_TABLE_BYTES
    reader = ahead.reader()
    frames = await reader.open(one)
    assert ahead.store.asked == []
    assert await frame(reader, frames, 4_321) == b"04321 "


async def test_what_is_deflated_is_inflated_as_ever(ahead: Ahead) -> None:
    one = await ahead.put(deflate(image(2, 8, 1, b"abcd")), DEFLATED.uid)
    reader = ahead.reader()
    assert await frame(reader, await reader.open(one), 0) == b"abcd"


async def test_the_pixels_of_what_was_corrected_are_those_stored(ahead: Ahead) -> None:
    one = await ahead.put(*KINDS["8 bit"])
    corrected = replace(one, corrections=(NewValue(0x00100010, "Roe", "19700101"),))
    reader = ahead.reader()
    assert await frame(reader, await reader.open(corrected), 2) == bytes(range(8, 12))
    assert ahead.beside.looks == 0


async def test_where_nothing_is_kept_or_what_is_was_damaged_the_outline_tells(
    ahead: Ahead,
) -> None:
    one = await ahead.put(*KINDS["8 bit"])
    entry = ahead.beside.entries[1]
    for kept in (None, b"", entry[:-1], entry[:-1] + bytes([entry[-1] ^ 1])):
        ahead.beside.entries = {} if kept is None else {1: kept}
        reader = ahead.reader()
        assert await frame(reader, await reader.open(one), 0) == bytes(range(4))
        assert len(ahead.store.asked) == 2


class Tables:
    """Keeps one table, of whatever it is asked for."""

    def __init__(self, table: bytes) -> None:
        self.table = table

    async def frames(self, _instance: Retrievable) -> bytes | None:
        return self.table


def placed(table: NativeFrames | FragmentedFrames) -> bytes:
    return encode_frames(PlacedFrames(PassedValue(0x7FE00010, "OB", 0, 4), table))


@pytest.mark.parametrize("table", [
    b"nonsense",
    placed(NativeFrames(0, 8, 10_000)),
    placed(FragmentedFrames.of([2**63], [1], [0])),
])  # fmt: skip
async def test_a_table_that_does_not_fit_is_passed_over(table: bytes) -> None:
    store = MemoryStore()
    one = await retrievable(store, *KINDS["8 bit"])
    reader = FrameReader(store, Tables(table))
    frames = await reader.open(one)
    assert [await frame(reader, frames, at) for at in range(3)] == [
        bytes(range(at, at + 4)) for at in (0, 4, 8)
    ]


@pytest.mark.parametrize("changed", [
    {"state": CopyState.DAMAGED}, {"sha256": b"other"}, {"transfer_syntax_uid": IMPLICIT.uid},
])  # fmt: skip
async def test_of_another_copy_that_may_be_another_the_outline_tells(
    ahead: Ahead, changed: Any
) -> None:
    data = image(2, 8, 1, b"abcd")
    one = await ahead.put(data, EXPLICIT.uid)
    second = replace(await copy_of(ahead.store, data, EXPLICIT.uid), **changed)
    await ahead.store.delete(one.copies[0].location)
    reader = ahead.reader()
    frames = await reader.open(replace(one, copies=(*one.copies, second)))
    assert await frame(reader, frames, 0) == b"abcd"
    assert len(ahead.store.asked) > 2


async def test_the_table_holds_for_the_next_copy_where_one_is_gone(ahead: Ahead) -> None:
    data = image(2, 8, 1, b"abcd")
    one = await ahead.put(data, EXPLICIT.uid)
    both = replace(one, copies=(*one.copies, await copy_of(ahead.store, data, EXPLICIT.uid)))
    await ahead.store.delete(one.copies[0].location)
    reader = ahead.reader()
    assert await frame(reader, await reader.open(both), 0) == b"abcd"


async def test_a_copy_alone_that_is_gone_is_told_when_it_is_read(ahead: Ahead) -> None:
    one = await ahead.put(*KINDS["8 bit"])
    await ahead.store.delete(one.copies[0].location)
    reader = ahead.reader()
    frames = await reader.open(one)
    with pytest.raises(Unreadable, match=StoreFault.NOT_FOUND):
        await frame(reader, frames, 0)


async def test_a_store_that_tells_nothing_of_a_copy_is_not_trusted_with_it(
    ahead: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = image(2, 8, 1, b"abcd")
    one = await ahead.put(data, EXPLICIT.uid)
    both = replace(one, copies=(*one.copies, await copy_of(ahead.store, data, EXPLICIT.uid)))

    async def failing(_location: Location) -> None:
        raise StoreError(StoreFault.INPUT_OUTPUT, "test")

    monkeypatch.setattr(ahead.store, "stat", failing)
    with pytest.raises(Unreadable, match=StoreFault.INPUT_OUTPUT):
        await ahead.reader().open(both)
