"""Frame tables as bytes, to be kept: 4 bytes a frame as a rule, 2 where frames are short.

    kind, tag, VR, offset and length of Pixel Data; then
    native      offset, bits of a frame, number of frames
    fragmented  lengths, offsets, first fragments: each a list

Fragments are items one behind the other (PS3.5 section A.4): of their offsets the first one is
written, where the others follow from the lengths. Of first fragments nothing is, where each is a
frame. A list says how wide its numbers are, and how many; all is in little endian.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import eq
from struct import Struct, pack, unpack_from
from struct import error as StructError  # noqa: N812 - it is one

from pacsd.dicom.errors import FrameError
from pacsd.dicom.frames import FragmentedFrames, NativeFrames
from pacsd.dicom.header_stream import PassedValue
from pacsd.dicom.headers import HEADER_BYTES

_NATIVE, _FRAGMENTED = range(2)
_HEAD = Struct("<BI2sQI")
_NATIVE_FRAMES = Struct("<QQI")
_LIST_HEAD = Struct("<BI")
_CODES = {2: "H", 4: "I", 8: "Q"}
_NO_VR = b"\0\0"


@dataclass(frozen=True, slots=True)
class PlacedFrames:
    """Where the frames of a data set lie: its Pixel Data, and in that each frame."""

    pixels: PassedValue
    table: NativeFrames | FragmentedFrames


def encode_frames(frames: PlacedFrames) -> bytes:
    """The table as one piece of bytes."""
    pixels, table = frames.pixels, frames.table
    is_native = isinstance(table, NativeFrames)
    head = _HEAD.pack(
        _NATIVE if is_native else _FRAGMENTED,
        pixels.tag,
        _NO_VR if pixels.vr is None else pixels.vr.encode("ascii"),
        pixels.offset,
        pixels.length,
    )
    if isinstance(table, NativeFrames):
        return head + _NATIVE_FRAMES.pack(table.offset, table.frame_bits, table.number_of_frames)
    return head + _encode_fragmented(table)


def decode_frames(data: bytes) -> PlacedFrames:
    """The table from those bytes; what it takes in memory has a bound by their length.

    Raises:
        FrameError: they are none.
    """
    try:
        kind, tag, vr, offset, length = _HEAD.unpack_from(data)
        name = None if vr == _NO_VR else vr.decode("ascii")
        table = _decode_table(kind, data)
    except (StructError, OverflowError, UnicodeDecodeError) as error:
        raise FrameError(f"kept frame table: {error}") from None
    return PlacedFrames(PassedValue(tag, name, offset, length), table)


def _decode_table(kind: int, data: bytes) -> NativeFrames | FragmentedFrames:
    if kind == _NATIVE:
        return _decode_native(data)
    if kind == _FRAGMENTED:
        return _decode_fragmented(data)
    raise FrameError(f"kept frame table: kind {kind} is neither native nor fragmented")


def _encode_fragmented(table: FragmentedFrames) -> bytes:
    offsets, firsts = table.offsets, table.first_fragments
    if len(offsets) > 1 and all(map(eq, offsets, _behind_each_other(offsets[0], table.lengths))):
        offsets = offsets[:1]
    if firsts == _one_each(len(table.lengths)):
        firsts = firsts[:0]
    return b"".join(map(_encode_list, (table.lengths, offsets, firsts)))


def _decode_native(data: bytes) -> NativeFrames:
    _check_end(data, _HEAD.size + _NATIVE_FRAMES.size)
    return NativeFrames(*_NATIVE_FRAMES.unpack_from(data, _HEAD.size))


def _decode_fragmented(data: bytes) -> FragmentedFrames:
    lengths, end = _decode_list(data, _HEAD.size)
    offsets, end = _decode_list(data, end)
    firsts, end = _decode_list(data, end)
    _check_end(data, end)
    if len(offsets) == 1 < len(lengths):
        offsets = array("Q", _behind_each_other(offsets[0], lengths))
    firsts = firsts or _one_each(len(lengths))
    if len(offsets) != len(lengths):
        raise FrameError(f"kept frame table: {len(offsets)} offsets of {len(lengths)} fragments")
    if firsts[-1] > len(lengths) or any(first > second for first, second in pairwise(firsts)):
        raise FrameError(f"kept frame table: frames are not of its {len(lengths)} fragments")
    return FragmentedFrames(offsets, lengths, firsts)


def _behind_each_other(first: int, lengths: "array[int]") -> Iterator[int]:
    """The offsets of fragments in items without a gap; an item is padded to even length."""
    items = (length + length % 2 + HEADER_BYTES for length in lengths[:-1])
    return accumulate(items, initial=first)


def _one_each(fragments: int) -> "array[int]":
    return array("Q", range(fragments + 1))


def _encode_list(numbers: "array[int]") -> bytes:
    largest = max(numbers, default=0)
    width = next(each for each in _CODES if not largest >> 8 * each)
    return _LIST_HEAD.pack(width, len(numbers)) + pack(f"<{len(numbers)}{_CODES[width]}", *numbers)


def _decode_list(data: bytes, start: int) -> tuple["array[int]", int]:
    """A list, and where it ends."""
    width, count = _LIST_HEAD.unpack_from(data, start)
    begin = start + _LIST_HEAD.size
    end = begin + width * count
    if width not in _CODES or end > len(data):
        raise FrameError(
            f"kept frame table: {count} numbers of {width} bytes at {begin} of {len(data)} bytes"
        )
    return array("Q", unpack_from(f"<{count}{_CODES[width]}", data, begin)), end


def _check_end(data: bytes, end: int) -> None:
    if len(data) != end:
        raise FrameError(f"kept frame table: {len(data)} bytes, but it ends at {end}")
