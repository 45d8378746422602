import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsd.dicom.errors import FrameError
from pacsd.dicom.frames import (
    FragmentedFrames,
    Frame,
    FrameTable,
    ImagePixel,
    NativeFrames,
    native_frames,
)
from pacsd.dicom.scan import scan
from pacsd.dicom.values import parse_integer, read_numbers, read_texts
from tests.dicom.corpus import CorpusObject, objects

PIXEL_DATA = 0x7FE00010


@pytest.mark.parametrize(
    ("image", "frame_bytes"),
    [
        (ImagePixel(512, 512, bits_allocated=16), 512 * 512 * 2),
        (ImagePixel(10, 20, samples_per_pixel=3), 600),
        (ImagePixel(10, 20, 3, photometric_interpretation="YBR_FULL_422"), 400),
        (ImagePixel(3, 3, bits_allocated=1), 2),
        (ImagePixel(65535, 65535, 4, 64), 65535 * 65535 * 32),
    ],
)
def test_the_size_of_a_native_frame(image: ImagePixel, frame_bytes: int) -> None:
    assert -(-image.frame_bits() // 8) == frame_bytes


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 8, 16]), st.integers(1, 9))
def test_native_frames_tile_the_value(rows: int, columns: int, bits: int, frames: int) -> None:
    image = ImagePixel(rows, columns, bits_allocated=bits, number_of_frames=frames)
    total = -(-rows * columns * bits * frames // 8)
    table = native_frames(image, 100, total)
    assert len(table) == frames
    for index in range(frames):
        frame = table[index]
        ((offset, length),) = frame.fragments
        first = (offset - 100) * 8 + frame.first_bit
        assert first == index * rows * columns * bits
        assert (length - 1) * 8 < frame.first_bit + rows * columns * bits <= length * 8
        assert offset >= 100
        assert offset + length <= 100 + total
        assert frame.length == length


def test_frames_of_bits_start_within_bytes() -> None:
    table = native_frames(ImagePixel(3, 3, bits_allocated=1, number_of_frames=3), 0, 4)
    assert [table[index] for index in range(3)] == [
        Frame(((0, 2),), 0),
        Frame(((1, 2),), 1),
        Frame(((2, 2),), 2),
    ]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (ImagePixel(0, 1), "Rows: 0 is not 1-65535"),
        (ImagePixel(1, 65536), "Columns: 65536 is not 1-65535"),
        (ImagePixel(1, 1, 0), "Samples per Pixel: 0 is not 1-4"),
        (ImagePixel(1, 1, 1, 0), "Bits Allocated: 0 is neither 1 nor 8, 16, 32 or 64"),
        (ImagePixel(1, 1, 1, 255), "Bits Allocated: 255"),
        (ImagePixel(1, 1, number_of_frames=-1), "Number of Frames: -1 is not"),
        (ImagePixel(1, 1, number_of_frames=10**9), "1 bytes, but 1000000000 frames"),
        (ImagePixel(65535, 65535, 4, 64), "Pixel Data: 1 bytes, but 1 frames of 65535 x 65535"),
        (ImagePixel(1, 1, bits_allocated=16), r"bytes, .* are 2 \(PS3.5 section 8.1.1\)"),
    ],
)
def test_nonsense_is_refused(image: ImagePixel, message: str) -> None:
    with pytest.raises(FrameError, match=message):
        native_frames(image, 0, 1)


def test_fragmented_frames_are_found_by_index() -> None:
    table = FragmentedFrames.of([8, 20, 40], [4, 6, 2], [0, 2])
    assert len(table) == 2
    assert table[0] == Frame(((8, 4), (20, 6)))
    assert table[1] == Frame(((40, 2),))
    assert table[0].length == 10


@pytest.mark.parametrize(
    ("table", "end_offset"),
    [
        (NativeFrames(10, 16, 3), 16),
        (NativeFrames(10, 9, 3), 14),
        (FragmentedFrames.of([8, 40, 20], [4, 2, 6], [0, 2]), 42),
        (FragmentedFrames.of([], [], []), 0),
    ],
)
def test_where_the_last_byte_of_frames_lies(
    table: NativeFrames | FragmentedFrames, end_offset: int
) -> None:
    assert table.end_offset == end_offset


@pytest.mark.parametrize(
    "table", [NativeFrames(0, 8, 2), FragmentedFrames.of([8, 9], [1, 1], [0, 1])]
)
@pytest.mark.parametrize("index", [-1, 2])
def test_there_are_no_other_frames(table: FrameTable, index: int) -> None:
    with pytest.raises(IndexError, match=f"frame {index} of 2"):
        table[index]


def image_of(each: CorpusObject) -> tuple[ImagePixel, int, int] | None:
    """The image's attributes by our own readers, offset and length of native Pixel Data."""
    found = scan(each.inflated, each.syntax)
    pixels = found.elements.get(PIXEL_DATA)
    if pixels is None or pixels.is_undefined_length:
        return None

    def number(tag: int) -> int:
        raw = found.value(each.inflated, tag) or b""
        numbers = read_numbers(raw, "US", is_little_endian=each.syntax.is_little_endian)
        return int(numbers[0]) if numbers else 0

    frames = read_texts(found.value(each.inflated, 0x00280008) or b"", "IS")
    photometric = read_texts(found.value(each.inflated, 0x00280004) or b"", "CS")
    image = ImagePixel(
        number(0x00280010),
        number(0x00280011),
        number(0x00280002),
        number(0x00280100),
        (parse_integer(frames[0]) if frames else None) or 1,
        photometric[0] if photometric else "",
    )
    return image, pixels.offset, pixels.length


# More than one byte of padding, and Pixel Data that is described by no other attribute.
PADDED = {"MR_small_padded.dcm", "badVR.dcm"}
NO_IMAGE = {"nested_priv_SQ.dcm"}


def test_native_images_of_the_corpus_fill_their_pixel_data() -> None:
    checked = 0
    for each in objects():
        described = image_of(each)
        if described is None or each.path.name in NO_IMAGE:
            continue
        image, offset, length = described
        table = native_frames(image, offset, length)
        assert len(table) == image.number_of_frames
        (last,) = table[len(table) - 1].fragments
        surplus = offset + length - sum(last)
        assert surplus in {0, 1} or each.path.name in PADDED, each.path
        checked += 1
    assert checked > 50
