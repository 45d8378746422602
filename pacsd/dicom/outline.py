"""The outline of a data set: its header, where Pixel Data lies, and what stands behind that.

Read as bytes arrive. Who can read from anywhere leaves out what `skippable_bytes` says, and so
reads a few KiB of a slice of a CT.
"""

from dataclasses import dataclass

from pacsd.dicom.errors import FrameError
from pacsd.dicom.fragments import FragmentCollector
from pacsd.dicom.header_stream import BULK_GROUP, DataSetHeader, HeaderStream, PassedValue
from pacsd.dicom.headers import UNDEFINED_LENGTH, Buffer, Header, layout_of, read_header
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag
from pacsd.dicom.walk import PIXEL_DATA

PIXELS: frozenset[Tag] = frozenset({PIXEL_DATA, 0x7FE00008, 0x7FE00009})
"""Pixel Data, Float Pixel Data, Double Float Pixel Data (PS3.3 section C.7.6.3)."""

MAX_TABLES_BYTES = 64 * 1024 * 1024
"""Of Extended Offset Tables: 4 million frames."""

MAX_TAIL_BYTES = 1024 * 1024

_HEADER_BYTES = 12


@dataclass(frozen=True, slots=True)
class Outline:
    """What is where in a data set, which has `size_bytes`.

    `pixels` is the place of Pixel Data, its length UNDEFINED_LENGTH where it is encapsulated; then
    `fragments` are its. `tables` are the elements of its group before it, `tail` all behind it,
    both in the layout of the header. Where that could not be read to its end, `fault` says why, and
    the rest is as far as it goes.
    """

    header: DataSetHeader
    size_bytes: int
    pixels: PassedValue | None = None
    fragments: FragmentCollector | None = None
    tables: bytes = b""
    tail: bytes = b""
    fault: str = ""


class OutlineStream:
    """Reads one outline: `feed` until `is_over`, `end` where the data set ends, then `outline`.

    Of a deflated data set it is fed what that inflates to, and `syntax` is that of the inflated
    one. Never raises: what cannot be read is a fault of the outline.
    """

    def __init__(self, syntax: TransferSyntax) -> None:
        self._header = HeaderStream(syntax)
        self._read: DataSetHeader | None = None
        # Bytes from `_at` on that are to be looked at still, or again.
        self._pending = bytearray()
        self._at = 0
        self._offset = 0
        self._layout = layout_of(syntax)
        self._left = 0
        self._pixels: PassedValue | None = None
        self._fragments: FragmentCollector | None = None
        self._tables = bytearray()
        self._tail = bytearray()
        self._is_behind = False
        self._fault = ""
        self.is_over = False

    @property
    def has_header(self) -> bool:
        """Whether the header is read: what comes now stands behind it."""
        return self._read is not None

    @property
    def offset(self) -> int:
        """How many bytes were fed or skipped."""
        return self._offset

    @property
    def skippable_bytes(self) -> int:
        """How many of the next bytes need not be fed: they are `skip`ped."""
        if self.is_over:
            return 0
        if self._read is None:
            return self._header.skippable_bytes
        if self._fragments is not None and not self._fragments.is_complete:
            return self._fragments.skippable_bytes
        return self._left

    def skip(self, count: int) -> None:
        """Go past so many bytes, `skippable_bytes` at most, that were not read."""
        self._offset += count
        if self._read is None:
            self._header.skip(count)
        elif self._left:
            self._left -= count
        elif self._fragments is not None:
            self._fragments.skip(count)

    def feed(self, data: Buffer) -> None:
        """Take more of the data set; the buffer is free again afterwards."""
        if self.is_over:
            return
        self._offset += len(data)
        if self._read is None:
            self._take_header(data)
        else:
            self._take(memoryview(data))

    def end(self) -> None:
        """The data set has no more bytes."""
        if self._read is None:
            self._header.end()
            self._look_behind()
        if not self.is_over and (self._left or self._pending or self._is_within_fragments()):
            self._stop("the data set ends within its Pixel Data, or an element beside it")
        self.is_over = True

    def outline(self) -> Outline:
        """What was read."""
        header = self._header.header() if self._read is None else self._read
        return Outline(
            header,
            self._offset,
            self._pixels,
            self._fragments,
            bytes(self._tables),
            bytes(self._tail),
            self._fault,
        )

    def _take_header(self, data: Buffer) -> None:
        if self._header.is_passing:
            self._pending.clear()
        self._pending += data
        self._at = self._offset - len(self._pending)
        self._header.feed(data)
        if self._header.is_over:
            self._look_behind()

    def _look_behind(self) -> None:
        """The header is read: go on where it ends."""
        self._read = self._header.header()
        if not self._read.is_whole:
            self._stop(self._read.fault)
            return
        rest = bytes(self._pending[self._read.end_offset - self._at :])
        self._pending.clear()
        self._at = self._read.end_offset
        self._layout = self._read.layout
        self._take(memoryview(rest))

    def _take(self, data: memoryview) -> None:
        passed = min(self._left, len(data))
        self._left -= passed
        data = data[passed:]
        if self._is_within_fragments():
            data = self._take_fragments(data)
        if not data or self.is_over:
            return
        if self._is_behind:
            self._take_tail(data)
            return
        self._pending += data
        while self._pending and self._pass_table():
            pass

    def _is_within_fragments(self) -> bool:
        return self._fragments is not None and not self._fragments.is_complete

    def _take_fragments(self, data: memoryview) -> memoryview:
        fragments = self._fragments
        if fragments is None:
            return data
        try:
            fragments.feed(data)
        except FrameError as error:
            self._fragments = None
            self._stop(str(error))
            return data[:0]
        return data[len(data) - (self._offset - fragments.end_offset) :]

    def _pass_table(self) -> bool:
        """Go past one element before Pixel Data, or into that; False if more bytes are needed."""
        beginning = bytes(self._pending[:_HEADER_BYTES])
        header = read_header(beginning, 0, self._layout, len(beginning))
        if header is None:
            return False
        if header.tag in PIXELS:
            self._open_pixels(header)
        elif not BULK_GROUP <= header.tag < PIXEL_DATA:
            self._go_behind()
        elif header.length > MAX_TABLES_BYTES:
            self._stop(f"an element of {header.length} bytes before Pixel Data")
        else:
            return self._pass_value(header)
        return True

    def _pass_value(self, header: Header) -> bool:
        end = header.start + header.length
        if end > len(self._pending):
            return False
        self._tables += self._pending[:end]
        del self._pending[:end]
        self._at += end
        return True

    def _open_pixels(self, header: Header) -> None:
        start = self._at + header.start
        self._pixels = PassedValue(header.tag, header.vr, start, header.length)
        if header.length == UNDEFINED_LENGTH:
            self._fragments = FragmentCollector(start)
        else:
            self._left = header.length
        self._go_behind(header.start)

    def _go_behind(self, start: int = 0) -> None:
        """What stands from there on in what waits is in Pixel Data, or behind it."""
        self._is_behind = True
        rest = bytes(self._pending[start:])
        self._pending.clear()
        self._take(memoryview(rest))

    def _take_tail(self, data: memoryview) -> None:
        if len(self._tail) + len(data) > MAX_TAIL_BYTES:
            self._stop(f"more than {MAX_TAIL_BYTES} bytes stand behind Pixel Data")
            return
        self._tail += data

    def _stop(self, fault: str) -> None:
        self._fault = fault
        self.is_over = True
        self._pending.clear()
