"""The frame table of a data set, as its outline has it (PS3.5 section 8, PS3.3 section C.7.6.3)."""

from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.errors import FrameError
from pacsd.dicom.fragments import ExtendedOffsetTable, fragmented_frames
from pacsd.dicom.frames import FragmentedFrames, ImagePixel, NativeFrames, native_frames
from pacsd.dicom.header_stream import DataSetHeader
from pacsd.dicom.headers import EXPLICIT_BIG, Layout
from pacsd.dicom.outline import Outline
from pacsd.dicom.stored_header import header_syntax
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import parse_integer, read_values
from pacsd.dicom.vr import VR

_SAMPLES_PER_PIXEL: Tag = 0x00280002
_PHOTOMETRIC_INTERPRETATION: Tag = 0x00280004
_NUMBER_OF_FRAMES: Tag = 0x00280008
_ROWS: Tag = 0x00280010
_COLUMNS: Tag = 0x00280011
_BITS_ALLOCATED: Tag = 0x00280100
_EXTENDED_OFFSETS: Tag = 0x7FE00001
_EXTENDED_LENGTHS: Tag = 0x7FE00002


def frame_table(outline: Outline) -> NativeFrames | FragmentedFrames | None:
    """Where each frame lies; None without Pixel Data.

    Raises:
        FrameError: that cannot be told.
    """
    if outline.pixels is None:
        if outline.fault:
            raise FrameError(outline.fault)
        return None
    if outline.fragments is not None:
        count = _whole(outline.header, _NUMBER_OF_FRAMES, 1)
        return fragmented_frames(outline.fragments, count, _extended_table(outline))[0]
    if outline.fault:
        raise FrameError(outline.fault)
    pixels = outline.pixels
    return native_frames(image_pixel(outline.header), pixels.offset, pixels.length)


def image_pixel(header: DataSetHeader) -> ImagePixel:
    """What says how large a native frame is; a missing Number of Frames is 1."""
    photometric = header.value(_PHOTOMETRIC_INTERPRETATION) or b""
    return ImagePixel(
        _whole(header, _ROWS),
        _whole(header, _COLUMNS),
        _whole(header, _SAMPLES_PER_PIXEL, 1),
        _whole(header, _BITS_ALLOCATED),
        _whole(header, _NUMBER_OF_FRAMES, 1),
        photometric.decode("ascii", "replace").strip(" \0"),
    )


def _whole(header: DataSetHeader, tag: Tag, missing: int = 0) -> int:
    raw = header.value(tag)
    if not raw:
        return missing
    vr = VR.IS if tag == _NUMBER_OF_FRAMES else VR.US
    values = read_values(raw, vr, is_little_endian=header.layout is not EXPLICIT_BIG)
    value = values[0] if values else missing
    number = parse_integer(value) if isinstance(value, str) else value
    return number if isinstance(number, int) else 0


def _extended_table(outline: Outline) -> ExtendedOffsetTable | None:
    tables = _tables(outline.tables, outline.header.layout)
    offsets, lengths = tables.raw(_EXTENDED_OFFSETS), tables.raw(_EXTENDED_LENGTHS)
    return ExtendedOffsetTable.decode(offsets, lengths) if offsets else None


def _tables(raw: bytes, layout: Layout) -> DataSet:
    return read_data_set(raw, header_syntax(layout))
