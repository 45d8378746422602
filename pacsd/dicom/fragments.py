"""Encapsulated Pixel Data: its fragments, and which of them make a frame (PS3.5 section A.4).

`FragmentCollector` reads items as bytes pass by; `fragmented_frames` makes the frame table.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct

from pacsd.dicom.errors import FrameError
from pacsd.dicom.frames import FragmentedFrames
from pacsd.dicom.headers import (
    HEADER_BYTES,
    ITEM,
    SEQUENCE_DELIMITATION,
    UNDEFINED_LENGTH,
    Buffer,
)
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.tag import format_tag

MAX_FRAGMENTS = 4_000_000
_MAX_TABLE_BYTES = 4 * MAX_FRAGMENTS

_ITEM_HEADER = Struct("<HHI")
# JPEG and JPEG-LS start of image, JPEG 2000 start of codestream; all three end alike.
_STARTS = (b"\xff\xd8", b"\xff\x4f")
_END = b"\xff\xd9"
_START_BYTES = 2
# An end marker may be followed by padding to even length; some writers pad further.
_TAIL_BYTES = 10
_IS_START = 1
_IS_END = 2


@dataclass(frozen=True, slots=True)
class ExtendedOffsetTable:
    """The values of (7FE0,0001) and (7FE0,0002) (PS3.3 section C.7.6.3.1.8)."""

    offsets: tuple[int, ...]
    lengths: tuple[int, ...]

    @classmethod
    def decode(cls, offsets: bytes, lengths: bytes) -> "ExtendedOffsetTable":
        """From the two value fields; bytes behind the last whole number are left out."""
        return cls(_table(offsets, "Q"), _table(lengths, "Q"))


class FragmentCollector:
    """Finds fragments in Pixel Data as its bytes arrive; keeps no pixels.

    `offset` is that of the value in the data set: of the Basic Offset Table's item tag.
    """

    __slots__ = (
        "_basic_offset_table", "_head", "_header", "_is_table", "_left", "_marks", "_offset",
        "_tail", "first_item_offset", "is_complete", "lengths", "offsets",
    )  # fmt: skip

    def __init__(self, offset: int) -> None:
        self._offset = offset
        self._header = b""
        self._left = 0
        self._is_table = True
        self._basic_offset_table = bytearray()
        self._head = self._tail = b""
        self._marks = bytearray()
        self.first_item_offset = offset
        self.offsets = array("Q")
        self.lengths = array("Q")
        self.is_complete = False

    @property
    def basic_offset_table(self) -> tuple[int, ...]:
        """Its offsets, from `first_item_offset` on; none when its item is empty."""
        return _table(bytes(self._basic_offset_table), "I")

    @property
    def end_offset(self) -> int:
        """How far the bytes were read: once complete, behind the Sequence Delimitation Item."""
        return self._offset

    def feed(self, data: Buffer) -> None:
        """Take the next bytes; those behind the Sequence Delimitation Item are left alone.

        Raises:
            FrameError: something else than an item, a fragment of undefined length, too many.
        """
        at = 0
        while at < len(data) and not self.is_complete:
            if self._left:
                part = min(self._left, len(data) - at)
                self._pass(data[at : at + part])
            else:
                part = min(HEADER_BYTES - len(self._header), len(data) - at)
                self._header += bytes(data[at : at + part])
            self._offset += part
            at += part
            if len(self._header) == HEADER_BYTES:
                self._open(self._header)
                self._header = b""

    @property
    def skippable_bytes(self) -> int:
        """How many of the next bytes nothing is looked for in: a fragment between its ends."""
        if self._is_table or len(self._head) < _START_BYTES:
            return 0
        return max(0, self._left - _TAIL_BYTES)

    def skip(self, count: int) -> None:
        """Go past so many bytes, `skippable_bytes` at most, that were not read."""
        self._left -= count
        self._offset += count

    def starts(self, fragment: int) -> bool:
        """Whether the fragment begins as a JPEG image does."""
        return bool(self._marks[fragment] & _IS_START)

    def ends(self, fragment: int) -> bool:
        """Whether the fragment ends as a JPEG image does."""
        return bool(self._marks[fragment] & _IS_END)

    def _open(self, header: bytes) -> None:
        group, element, length = _ITEM_HEADER.unpack(header)
        tag = group << 16 | element
        where = f"Pixel Data: {format_tag(tag)} at offset {self._offset - HEADER_BYTES}"
        if tag == SEQUENCE_DELIMITATION:
            self.is_complete = True
        elif tag != ITEM:
            raise FrameError(f"{where} where a fragment must stand (PS3.5 section A.4)")
        elif length == UNDEFINED_LENGTH:
            raise FrameError(f"{where} has undefined length (PS3.5 section A.4)")
        elif self._is_table:
            self._open_table(where, length)
        elif len(self.offsets) >= MAX_FRAGMENTS:
            raise FrameError(f"{where} is more than {MAX_FRAGMENTS} fragments")
        else:
            self.offsets.append(self._offset)
            self.lengths.append(length)
            self._marks.append(0)
            self._head = self._tail = b""
            self._left = length

    def _open_table(self, where: str, length: int) -> None:
        if length > _MAX_TABLE_BYTES:
            raise FrameError(
                f"{where}: a Basic Offset Table of {length} bytes is more than {_MAX_TABLE_BYTES}"
            )
        self._left = length
        self.first_item_offset = self._offset + length
        self._is_table = bool(length)

    def _pass(self, part: Buffer) -> None:
        """Bytes of an item: the table's are kept, of a fragment both ends are looked at."""
        self._left -= len(part)
        if self._is_table:
            self._basic_offset_table += part
            self._is_table = bool(self._left)
            return
        if len(self._head) < _START_BYTES:
            self._head += bytes(part[: _START_BYTES - len(self._head)])
        if self._left < _TAIL_BYTES:
            self._tail = (self._tail + bytes(part[-_TAIL_BYTES:]))[-_TAIL_BYTES:]
        if not self._left:
            self._marks[-1] = _IS_START * (self._head in _STARTS) | _IS_END * (_END in self._tail)


def collect_fragments(buffer: Buffer, offset: int) -> FragmentCollector:
    """The fragments of Pixel Data whose value starts at `offset` of a data set in memory.

    Raises:
        FrameError: something else than an item, a fragment of undefined length, too many.
    """
    collector = FragmentCollector(offset)
    with memoryview(buffer) as view:
        collector.feed(view[offset:])
    return collector


def fragmented_frames(
    collected: FragmentCollector,
    number_of_frames: int = 1,
    extended: ExtendedOffsetTable | None = None,
) -> tuple[FragmentedFrames, tuple[QuirkKind, ...]]:
    """The frame table of encapsulated Pixel Data, and what was wrong with its offset tables.

    A table that does not meet the fragments, or not as many frames as there are, is put aside and
    the frames are told by number or, as far as there are JPEG markers, by these; only when that
    fails too, a Basic Offset Table that meets fragments is believed before Number of Frames.

    Raises:
        FrameError: fewer fragments than frames, more that cannot be told apart, or none at all;
            or a fragment whose end is not there.
    """
    _check_collected(collected, number_of_frames)
    quirks: list[QuirkKind] = []
    if extended is not None:
        by_extended = _by_extended_table(collected, number_of_frames, extended)
        if by_extended is not None:
            return by_extended, ()
        quirks.append(QuirkKind.EXTENDED_OFFSET_TABLE)
    by_basic: tuple[int, ...] | None = None
    if collected.basic_offset_table:
        by_basic = _by_basic_table(collected)
        if by_basic is not None and len(by_basic) == number_of_frames:
            return _frames(collected, by_basic), tuple(quirks)
        quirks.append(QuirkKind.BASIC_OFFSET_TABLE)
    counted = _by_number(collected, number_of_frames)
    if counted is not None:
        return _frames(collected, counted), tuple(quirks)
    marked = _by_marker(collected, number_of_frames)
    if marked is not None:
        return _frames(collected, marked), (*quirks, QuirkKind.FRAMES_BY_MARKER)
    if by_basic is not None:
        return _frames(collected, by_basic), tuple(quirks)
    raise FrameError(
        f"Pixel Data: {len(collected.offsets)} fragments cannot be divided into {number_of_frames} "
        "frames (PS3.5 section A.4)"
    )


def _check_collected(collected: FragmentCollector, number_of_frames: int) -> None:
    if not collected.offsets:
        raise FrameError("Pixel Data: no fragments (PS3.5 section A.4)")
    if number_of_frames < 1:
        raise FrameError(
            f"Number of Frames: {number_of_frames} is not positive (PS3.3 section C.7.6.6.1)"
        )
    end = collected.offsets[-1] + collected.lengths[-1]
    if end > collected.end_offset:
        raise FrameError(
            f"Pixel Data: the last fragment ends at offset {end}, the data set at "
            f"{collected.end_offset}"
        )


def _by_extended_table(
    collected: FragmentCollector, number_of_frames: int, table: ExtendedOffsetTable
) -> FragmentedFrames | None:
    """One fragment for each frame, in any order, its length without padding."""
    items = {offset - HEADER_BYTES: at for at, offset in enumerate(collected.offsets)}
    starts = [items.get(collected.first_item_offset + offset) for offset in table.offsets]
    is_sound = len(starts) == len(set(starts)) == len(table.lengths) == number_of_frames
    known = [start for start in starts if start is not None]
    if not is_sound or len(known) != len(starts):
        return None
    if any(
        length > collected.lengths[start]
        for start, length in zip(known, table.lengths, strict=True)
    ):
        return None
    offsets = (collected.offsets[start] for start in known)
    return FragmentedFrames.of(offsets, table.lengths, range(number_of_frames))


def _by_basic_table(collected: FragmentCollector) -> tuple[int, ...] | None:
    """The first fragment of each frame; None when the table does not meet fragments in order."""
    table = collected.basic_offset_table
    items = {
        offset - HEADER_BYTES - collected.first_item_offset: at
        for at, offset in enumerate(collected.offsets)
    }
    firsts = tuple(items[offset] for offset in table if offset in items)
    is_rising = all(first < second for first, second in pairwise(firsts))
    return firsts if len(firsts) == len(table) and firsts[0] == 0 and is_rising else None


def _by_number(collected: FragmentCollector, number_of_frames: int) -> Sequence[int] | None:
    if number_of_frames == 1:
        return (0,)
    count = len(collected.offsets)
    return range(count) if count == number_of_frames else None


def _by_marker(collected: FragmentCollector, number_of_frames: int) -> Sequence[int] | None:
    """The first fragment of each frame, where images start or else where they have ended."""
    fragments = range(len(collected.offsets))
    starting = [fragment for fragment in fragments if collected.starts(fragment)]
    ended = [0, *(fragment + 1 for fragment in fragments[:-1] if collected.ends(fragment))]
    for firsts in (starting, ended):
        if len(firsts) == number_of_frames and firsts[0] == 0:
            return firsts
    return None


def _frames(collected: FragmentCollector, firsts: Sequence[int]) -> FragmentedFrames:
    return FragmentedFrames.of(collected.offsets, collected.lengths, firsts)


def _table(raw: bytes, code: str) -> tuple[int, ...]:
    number = Struct("<" + code)
    whole = len(raw) - len(raw) % number.size
    return tuple(value for (value,) in number.iter_unpack(raw[:whole]))
