"""Frame tables as bytes, and back."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.errors import DicomError, FrameError
from pacsd.dicom.frame_table import frame_table
from pacsd.dicom.frame_table_codec import PlacedFrames, decode_frames, encode_frames
from pacsd.dicom.frames import FragmentedFrames, NativeFrames
from pacsd.dicom.header_stream import PassedValue
from pacsd.dicom.headers import UNDEFINED_LENGTH
from pacsd.dicom.outline import OutlineStream
from tests.dicom.corpus import objects
from tests.dicom.test_outline import syntax_of

PIXELS = PassedValue(0x7FE00010, "OB", 1_000, UNDEFINED_LENGTH)
HEAD_BYTES = 19
LIST_BYTES = 5
NUMBERS = st.integers(0, 2**64 - 1)

places = st.builds(
    PassedValue,
    st.integers(0, 2**32 - 1),
    st.sampled_from([None, "OB", "OW", "OF", "OD", "UN", "ZZ"]),
    NUMBERS,
    st.integers(0, 2**32 - 1),
)
native = st.builds(NativeFrames, NUMBERS, NUMBERS, st.integers(0, 2**32 - 1))


@st.composite
def fragmented(draw: st.DrawFn) -> FragmentedFrames:
    """Any fragments, any of them first ones of frames."""
    fragments = draw(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=20))
    firsts = draw(st.lists(st.integers(0, len(fragments)), max_size=20))
    offsets, lengths = [each for each, _ in fragments], [each for _, each in fragments]
    return FragmentedFrames.of(offsets, lengths, sorted(firsts))


@st.composite
def behind_each_other(draw: st.DrawFn) -> FragmentedFrames:
    """Fragments as they lie in Pixel Data."""
    lengths = draw(st.lists(st.integers(0, 2**32 - 2), min_size=1, max_size=50))
    return lying(lengths, range(len(lengths)))


def lying(lengths: Sequence[int], firsts: Sequence[int], start: int = 1_008) -> FragmentedFrames:
    """Fragments of these lengths, in items one behind the other."""
    offsets = [start]
    for length in lengths[:-1]:
        offsets.append(offsets[-1] + length + length % 2 + 8)
    return FragmentedFrames.of(offsets, lengths, firsts)


@given(places, native | fragmented() | behind_each_other())
def test_every_table_comes_back(
    pixels: PassedValue, table: NativeFrames | FragmentedFrames
) -> None:
    placed = PlacedFrames(pixels, table)
    assert decode_frames(encode_frames(placed)) == placed


def test_every_table_of_the_corpus_comes_back() -> None:
    kinds: list[type] = []
    for each in objects():
        stream = OutlineStream(syntax_of(each))
        stream.feed(each.inflated)
        stream.end()
        outline = stream.outline()
        try:
            table = frame_table(outline)
        except DicomError:
            continue
        if table is None or outline.pixels is None:
            continue
        placed = PlacedFrames(outline.pixels, table)
        assert decode_frames(encode_frames(placed)) == placed, each.path
        assert table.end_offset <= len(each.inflated), each.path
        kinds.append(type(table))
    assert min(kinds.count(NativeFrames), kinds.count(FragmentedFrames)) > 20


@given(behind_each_other())
def test_a_frame_takes_four_bytes(table: FragmentedFrames) -> None:
    most = HEAD_BYTES + 3 * LIST_BYTES + 8 + 4 * len(table)
    assert len(encode_frames(PlacedFrames(PIXELS, table))) <= most


@pytest.mark.parametrize(
    ("table", "list_bytes"),
    [
        (lying([100] * 1_000, range(1_000)), 2 * 1_000 + 2),
        (lying([99] * 1_000, range(1_000)), 2 * 1_000 + 2),
        (lying([100_000] * 1_000, range(1_000)), 4 * 1_000 + 2),
        (lying([2**33] * 1_000, range(1_000)), 8 * 1_000 + 2),
        (lying([100] * 1_000, range(0, 1_000, 2)), 2 * 1_000 + 2 + 2 * 501),
        (FragmentedFrames.of([9] * 1_000, [7] * 1_000, range(1_000)), 4 * 1_000),
    ],
)
def test_what_is_long_is_what_cannot_be_told(table: FragmentedFrames, list_bytes: int) -> None:
    encoded = encode_frames(PlacedFrames(PIXELS, table))
    assert len(encoded) == HEAD_BYTES + 3 * LIST_BYTES + list_bytes
    assert decode_frames(encoded).table == table


def test_a_native_table_is_short_however_many_frames_there_are() -> None:
    table = NativeFrames(1_000, 512 * 512 * 16, 2**31 - 1)
    assert len(encode_frames(PlacedFrames(PIXELS, table))) == HEAD_BYTES + 20


encoded_tables = (native | fragmented() | behind_each_other()).map(
    lambda table: encode_frames(PlacedFrames(PIXELS, table))
)


@given(st.binary(max_size=100))
def test_bytes_of_any_kind_are_a_table_or_refused(data: bytes) -> None:
    read_or_refused(data)


@given(encoded_tables, st.data())
def test_a_table_that_was_altered_is_a_table_or_refused(
    encoded: bytes, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(encoded)))
    other = data.draw(st.binary(max_size=20))
    read_or_refused(encoded[:start] + other + encoded[start + len(other) :])


@given(encoded_tables, st.data())
def test_a_table_that_was_cut_is_none(encoded: bytes, data: st.DataObject) -> None:
    with pytest.raises(FrameError, match="kept frame table"):
        decode_frames(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


def read_or_refused(data: bytes) -> None:
    """Whatever is read is a table whose frames can be asked for, no larger than its bytes allow."""
    try:
        table = decode_frames(data).table
    except FrameError:
        return
    if isinstance(table, FragmentedFrames):
        assert max(len(table.offsets), len(table.first_fragments)) <= len(data)
    for index in {0, len(table) - 1} & {*range(min(len(table), 100))}:
        assert table[index].length >= 0


@pytest.mark.parametrize(
    ("altered", "message"),
    [
        (lambda whole: b"\2" + whole[1:], "kind 2 is neither native nor fragmented"),
        (lambda whole: whole + b"\0", f"{HEAD_BYTES + 21} bytes, but it ends at {HEAD_BYTES + 20}"),
        (lambda whole: whole[:5] + b"\xff\xff" + whole[7:], "ascii"),
        (lambda whole: b"\1" + whole[1:HEAD_BYTES] + b"\3\1\0\0\0" + bytes(99), "of 3 bytes"),
        (lambda whole: b"\1" + whole[1:HEAD_BYTES] + b"\2" + b"\xff" * 99, "4294967295 numbers"),
        (lambda whole: b"\1" + whole[1:HEAD_BYTES] + b"\2\0\0\0\0" * 2 + b"\2", "unpack_from"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_wrong(altered: object, message: str) -> None:
    whole = encode_frames(PlacedFrames(PIXELS, NativeFrames(1_000, 8, 2)))
    with pytest.raises(FrameError, match=message):
        decode_frames(altered(whole))  # type: ignore[operator]


def listed(*numbers: int) -> bytes:
    return b"\x08" + len(numbers).to_bytes(4, "little") + b"".join(
        each.to_bytes(8, "little") for each in numbers
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        (listed(4, 4, 4) + listed(1, 2) + listed(), "2 offsets of 3 fragments"),
        (listed(4, 4) + listed(8) + listed(0, 3), "frames are not of its 2 fragments"),
        (listed(4, 4) + listed(8) + listed(2, 1, 2), "frames are not of its 2 fragments"),
        (listed(4, 4) + listed(2**64 - 1) + listed(), "too large|too big|greater"),
    ],
)
def test_fragments_that_are_none(lists: bytes, message: str) -> None:
    head = encode_frames(PlacedFrames(PIXELS, NativeFrames(0, 8, 1)))[1:HEAD_BYTES]
    with pytest.raises(FrameError, match=message):
        decode_frames(b"\1" + head + lists)
