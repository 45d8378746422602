import struct
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import (
    encapsulate,
    encapsulate_extended,
    generate_fragmented_frames,
    parse_basic_offsets,
)

from pacsd.dicom.errors import FrameError
from pacsd.dicom.fragments import (
    ExtendedOffsetTable,
    FragmentCollector,
    collect_fragments,
    fragmented_frames,
)
from pacsd.dicom.frames import FragmentedFrames
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.scan import scan
from pacsd.dicom.values import parse_integer, read_texts
from tests.dicom.corpus import CorpusObject, objects
from tests.dicom.written import item

PIXEL_DATA = 0x7FE00010
END = b"\xfe\xff\xdd\xe0\0\0\0\0"
JPEG = b"\xff\xd8" + bytes(8) + b"\xff\xd9"
FRAGMENT = st.binary(max_size=20).map(lambda value: value + bytes(len(value) % 2))
FRAMES = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=8)


def table_of(*offsets: int) -> bytes:
    return item(struct.pack(f"<{len(offsets)}I", *offsets))


def frames_of(buffer: bytes, table: FragmentedFrames) -> list[tuple[bytes, ...]]:
    return [
        tuple(buffer[offset : offset + length] for offset, length in table[index].fragments)
        for index in range(len(table))
    ]


def split(
    buffer: bytes, number_of_frames: int = 1, extended: ExtendedOffsetTable | None = None
) -> tuple[list[tuple[bytes, ...]], tuple[QuirkKind, ...]]:
    collected = collect_fragments(buffer, 0)
    table, quirks = fragmented_frames(collected, number_of_frames, extended)
    return frames_of(buffer, table), quirks


@given(st.lists(FRAGMENT, max_size=6), st.lists(st.integers(0, 9), max_size=3), st.integers(1, 40))
def test_fragments_as_they_pass_by(fragments: list[bytes], offsets: list[int], size: int) -> None:
    value = table_of(*offsets) + b"".join(map(item, fragments)) + END
    collector = FragmentCollector(1000)
    for at in range(0, len(value), size):
        collector.feed(memoryview(value + b"behind")[at : min(at + size, len(value))])
    assert collector.is_complete
    assert collector.end_offset == 1000 + len(value)
    assert collector.basic_offset_table == tuple(offsets)
    assert collector.first_item_offset == 1000 + 8 + 4 * len(offsets)
    found = zip(collector.offsets, collector.lengths, strict=True)
    assert [value[offset - 1000 :][:length] for offset, length in found] == fragments
    whole = collect_fragments(bytes(1000) + value + b"behind", 1000)
    assert (whole.offsets, whole.lengths) == (collector.offsets, collector.lengths)
    assert whole.end_offset == collector.end_offset


@given(st.integers(1, 30), st.integers(0, 12))
def test_markers_are_seen_however_the_bytes_are_cut(size: int, padding: int) -> None:
    fragments = [
        JPEG + bytes(padding),
        b"\xff\x4f" + bytes(4),
        bytes(20) + b"\xff\xd9",
        b"",
        b"\0\0",
    ]
    value = item(b"") + b"".join(map(item, fragments)) + END
    collector = FragmentCollector(0)
    for at in range(0, len(value), size):
        collector.feed(value[at : at + size])
    numbers = range(len(fragments))
    assert [collector.starts(number) for number in numbers] == [True, True, False, False, False]
    assert [collector.ends(number) for number in numbers] == [
        padding <= 8, False, True, False, False,
    ]  # fmt: skip


@given(FRAMES, st.integers(1, 3), st.booleans())
def test_frames_that_pydicom_encapsulates(
    frames: list[bytes], fragments: int, has_table: bool
) -> None:
    per_frame = fragments if has_table and all(len(frame) > 6 for frame in frames) else 1
    value = encapsulate(frames, fragments_per_frame=per_frame, has_bot=has_table) + END
    found, quirks = split(value, len(frames))
    assert [
        b"".join(parts)[: len(frame)] for parts, frame in zip(found, frames, strict=True)
    ] == frames
    assert quirks == ()


@given(FRAMES)
def test_extended_offset_tables_that_pydicom_writes(frames: list[bytes]) -> None:
    value, offsets, lengths = encapsulate_extended(frames)
    extended = ExtendedOffsetTable.decode(offsets, lengths)
    found, quirks = split(value + END, len(frames), extended)
    padded = [(frame + bytes(len(frame) % 2),) for frame in frames]
    assert (found, quirks) == (padded, ())


def test_an_extended_offset_table_may_name_frames_in_any_order() -> None:
    value = item(b"") + item(b"aa") + item(b"bb") + END
    extended = ExtendedOffsetTable((10, 0), (2, 1))
    assert split(value, 2, extended) == ([(b"bb",), (b"a",)], ())


TWO = item(b"aa") + item(b"bbbb")
FOUR = item(JPEG[:6]) + item(JPEG[6:]) + item(JPEG[:8]) + item(JPEG[8:])
BY_JPEG = [(JPEG[:6], JPEG[6:]), (JPEG[:8], JPEG[8:])]


@pytest.mark.parametrize(
    ("value", "number_of_frames", "frames", "quirks"),
    [
        (item(b"") + TWO, 2, [(b"aa",), (b"bbbb",)], []),
        (item(b"") + TWO, 1, [(b"aa", b"bbbb")], []),
        (table_of(0) + TWO, 1, [(b"aa", b"bbbb")], []),
        (table_of(0, 10) + TWO, 2, [(b"aa",), (b"bbbb",)], []),
        (table_of(0, 28) + FOUR, 2, BY_JPEG, []),
        # No table: by markers, at the start or only at the end.
        (item(b"") + FOUR, 2, BY_JPEG, [QuirkKind.FRAMES_BY_MARKER]),
        (
            item(b"") + item(b"a ") + item(b"\xff\xd9") + item(b"b ") + item(b"\xff\xd9"),
            2,
            [(b"a ", b"\xff\xd9"), (b"b ", b"\xff\xd9")],
            [QuirkKind.FRAMES_BY_MARKER],
        ),
        # Tables that meet no fragment, do not rise, do not start at 0 or are wrapped around.
        (table_of(0, 8) + TWO, 2, [(b"aa",), (b"bbbb",)], [QuirkKind.BASIC_OFFSET_TABLE]),
        (table_of(10, 0) + TWO, 2, [(b"aa",), (b"bbbb",)], [QuirkKind.BASIC_OFFSET_TABLE]),
        (table_of(10) + TWO, 1, [(b"aa", b"bbbb")], [QuirkKind.BASIC_OFFSET_TABLE]),
        (table_of(0, 0) + TWO, 2, [(b"aa",), (b"bbbb",)], [QuirkKind.BASIC_OFFSET_TABLE]),
        (
            table_of(0, 9) + FOUR,
            2,
            BY_JPEG,
            [QuirkKind.BASIC_OFFSET_TABLE, QuirkKind.FRAMES_BY_MARKER],
        ),
        # A table of fragments where frames should be, and one that knows better than the number.
        (table_of(0, 10) + TWO, 1, [(b"aa", b"bbbb")], [QuirkKind.BASIC_OFFSET_TABLE]),
        (table_of(0, 10) + TWO, 10**9, [(b"aa",), (b"bbbb",)], [QuirkKind.BASIC_OFFSET_TABLE]),
    ],
)
def test_which_fragments_make_a_frame(
    value: bytes, number_of_frames: int, frames: list[tuple[bytes, ...]], quirks: list[QuirkKind]
) -> None:
    assert split(value + END, number_of_frames) == (frames, tuple(quirks))


@pytest.mark.parametrize(
    "extended",
    [
        ExtendedOffsetTable((0, 8), (2, 4)),
        ExtendedOffsetTable((0, 0), (2, 2)),
        ExtendedOffsetTable((0,), (2,)),
        ExtendedOffsetTable((0, 10), (2,)),
        ExtendedOffsetTable((0, 10), (2, 5)),
        ExtendedOffsetTable((), ()),
    ],
)
def test_an_extended_offset_table_that_is_wrong(extended: ExtendedOffsetTable) -> None:
    quirks = (QuirkKind.EXTENDED_OFFSET_TABLE,)
    assert split(item(b"") + TWO + END, 2, extended) == ([(b"aa",), (b"bbbb",)], quirks)


@pytest.mark.parametrize(
    ("value", "number_of_frames", "message"),
    [
        (item(b"") + END, 1, "Pixel Data: no fragments"),
        (item(b"") + TWO + END, 3, "2 fragments cannot be divided into 3 frames"),
        (item(b"") + TWO + item(b"cc") + END, 2, "3 fragments cannot be divided into 2 frames"),
        (item(b"") + TWO + END, 0, "Number of Frames: 0 is not positive"),
        (item(b"") + TWO + END, -1, "Number of Frames: -1 is not positive"),
        (item(b"") + TWO[:-1], 2, "the last fragment ends at offset 30, the data set at 29"),
    ],
)
def test_what_cannot_be_divided_is_refused(
    value: bytes, number_of_frames: int, message: str
) -> None:
    with pytest.raises(FrameError, match=message):
        split(value, number_of_frames)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (item(b"") + b"\x10\0\x20\0LO\0\0", r"\(0010,0020\) at offset 8 where a fragment must"),
        (item(b"") + item(b"", is_undefined=True), "at offset 8 has undefined length"),
        (b"\xfe\xff\0\xe0\0\0\0\x80", "a Basic Offset Table of 2147483648 bytes is more than"),
    ],
)
def test_what_is_no_fragment_is_refused(value: bytes, message: str) -> None:
    with pytest.raises(FrameError, match=message):
        collect_fragments(value, 0)


def test_a_missing_delimiter_does_no_harm() -> None:
    collected = collect_fragments(item(b"") + TWO, 0)
    assert not collected.is_complete
    assert len(fragmented_frames(collected, 2)[0]) == 2


def encapsulated() -> list[tuple[CorpusObject, int, int]]:
    """Objects in fragments with the offset of their Pixel Data and Number of Frames."""
    found = []
    for each in objects():
        scanned = scan(each.inflated, each.syntax)
        pixels = scanned.elements.get(PIXEL_DATA)
        if pixels is not None and pixels.is_undefined_length:
            texts = read_texts(scanned.value(each.inflated, 0x00280008) or b"", "IS")
            frames = (parse_integer(texts[0]) if texts else None) or 1
            found.append((each, pixels.offset, frames))
    return found


def test_every_encapsulated_object_of_the_corpus_has_pydicoms_frames() -> None:
    compared = 0
    for each, offset, number_of_frames in encapsulated():
        collected = collect_fragments(each.inflated, offset)
        assert list(collected.basic_offset_table) == parse_basic_offsets(each.inflated[offset:])
        table, quirks = fragmented_frames(collected, number_of_frames)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = each.inflated[offset : collected.end_offset]
            oracle = list(generate_fragmented_frames(value, number_of_frames=number_of_frames))
        assert frames_of(each.inflated, table) == oracle, each.path
        assert quirks == (), each.path
        compared += 1
    assert compared > 40
