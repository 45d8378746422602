import pytest

from pacsd.dicom.errors import FrameError
from pacsd.dicom.frame_table import frame_table, image_pixel
from pacsd.dicom.frames import Frame, ImagePixel
from pacsd.dicom.outline import Outline, OutlineStream
from tests.dicom.corpus import objects
from tests.dicom.test_outline import NAME, syntax_of
from tests.dicom.written import EXPLICIT, UNDEFINED, element, item

END = b"\xfe\xff\xdd\xe0\0\0\0\0"


def outline(data: bytes) -> Outline:
    stream = OutlineStream(EXPLICIT)
    stream.feed(data)
    stream.end()
    return stream.outline()


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of values it does not like
def test_of_every_image_the_size_is_what_pydicom_says() -> None:
    compared = 0
    for each in objects():
        ds = each.as_pydicom_reads()
        if "PixelData" not in ds or "Rows" not in ds:
            continue
        stream = OutlineStream(syntax_of(each))
        stream.feed(each.inflated)
        stream.end()
        found = image_pixel(stream.outline().header)
        if ds.get("NumberOfFrames") == "1A":
            assert found.number_of_frames == 0  # no number at all
            continue
        assert found == ImagePixel(
            ds.Rows,
            ds.Columns,
            ds.get("SamplesPerPixel", 1),
            ds.BitsAllocated,
            int(ds.get("NumberOfFrames") or 1),
            ds.get("PhotometricInterpretation", ""),
        ), each.path
        compared += 1
    assert compared > 50


def test_a_data_set_without_pixel_data_has_no_table() -> None:
    assert frame_table(outline(NAME)) is None


def test_an_extended_offset_table_tells_frames_apart() -> None:
    offsets = b"".join(each.to_bytes(8, "little") for each in (0, 12))
    lengths = b"".join(each.to_bytes(8, "little") for each in (3, 4))
    fragments = item(b"") + item(b"abc\0") + item(b"defg") + END
    data = (
        element(0x00280008, "IS", b"2 ")
        + element(0x7FE00001, "OV", offsets)
        + element(0x7FE00002, "OV", lengths)
        + element(0x7FE00010, "OB", fragments, length=UNDEFINED)
    )
    table = frame_table(outline(data))
    assert table is not None
    first = data.index(b"abc")
    assert [table[0], table[1]] == [Frame(((first, 3),)), Frame(((first + 12, 4),))]


@pytest.mark.parametrize(
    "data",
    [
        NAME + element(0x7FE00010, "OB", NAME, length=UNDEFINED),
        NAME + element(0x7FE00010, "OW", bytes(4)),
        element(0x00280008, "IS", b"x ") + element(0x7FE00010, "OW", bytes(4)),
        NAME + b"\x20",
    ],
)
def test_frames_that_nobody_can_tell_apart(data: bytes) -> None:
    with pytest.raises(FrameError):
        frame_table(outline(data))
