"""The header of a data set, read while its bytes arrive.

What stands before Pixel Data is kept, but no long value: of that only its place is. So the header
of an object of any length has a bound, and is known before the object is whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from pacsd.dicom.errors import InflateError, ScanError
from pacsd.dicom.headers import (
    UNDEFINED_LENGTH,
    Buffer,
    Element,
    Header,
    Layout,
    layout_of,
    read_header,
)
from pacsd.dicom.inflate import Inflater
from pacsd.dicom.nesting import Nesting, holds_items
from pacsd.dicom.quirks import Quirk, QuirkCounter, QuirkKind
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax, transfer_syntax
from pacsd.dicom.scan import Scan, scan
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import nesting_of, too_deep

MAX_HEADER_BYTES = 1024 * 1024
"""Of the elements kept; what stands behind them is not looked at."""

LONG_VALUE_BYTES = 64 * 1024
"""A value of more bytes, of defined length, is passed over where it is not all there yet."""

BULK_GROUP = 0x7FE00000
"""Pixel Data and what belongs to it: the header ends before (PS3.3 section C.7.6.3)."""

MAX_ELEMENTS = 16_384
"""So many are kept, a sequence counted as one: each takes 20 times what the least one is long."""

MAX_NESTED_HEADERS = 65_536
"""Of items and elements in one sequence that are looked at: they take time, beside other peers.

In all that are passed over, no more are looked at for how deep they nest.
"""

AHEAD_BYTES = 4096
"""A header that came in small pieces is known only when more has come than it."""

_ENDS_WITHIN = "the data set ends within its header"

_GROWTH = 2
"""A header that comes in small pieces is looked at anew when it has grown by so much."""


@dataclass(frozen=True, slots=True)
class PassedValue:
    """A long value that was passed over: where it lies in the (inflated) data set."""

    tag: Tag
    vr: str | None
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class DataSetHeader:
    """What stands before Pixel Data.

    Offsets of `elements` are those in `raw`, of `passed` those in the data set; `segments` say what
    is where: (offset in `raw`, offset in the data set) of each part without a gap. `is_whole` is
    false where the header is longer than may be kept, or ends early: `fault` says how. It
    `is_broken` where its structure cannot be read. `layout` says how `raw` is written, which may be
    other than the Transfer Syntax has it.
    """

    raw: bytes
    elements: Mapping[Tag, Element]
    passed: tuple[PassedValue, ...]
    segments: tuple[tuple[int, int], ...]
    layout: Layout
    quirks: tuple[Quirk, ...]
    is_whole: bool
    is_broken: bool = False
    fault: str = ""

    @property
    def end_offset(self) -> int:
        """Where in the data set it ends: how far `raw` goes."""
        raw_start, start = self.segments[-1] if self.segments else (0, 0)
        return start + len(self.raw) - raw_start

    def value(self, tag: Tag) -> bytes | None:
        """The bytes of a value; None when the element is not there, or was passed over."""
        element = self.elements.get(tag)
        if element is None:
            return None
        return self.raw[element.offset : element.offset + element.length]

    def place(self, element: Element) -> PassedValue:
        """Where an element's value lies in the data set."""
        raw_start, start = max(each for each in self.segments if each[0] <= element.offset)
        offset = element.offset - raw_start + start
        return PassedValue(element.tag, element.vr, offset, element.length)


def known_syntax(uid: str) -> TransferSyntax:
    """How a data set of this Transfer Syntax is written; a private one as PS3.5 section A.4 has it.

    Explicit VR Little Endian is what every encapsulated syntax uses, and so what a private one does
    that did not think of something else.
    """
    syntax = transfer_syntax(uid) or transfer_syntax(EXPLICIT_VR_LITTLE_ENDIAN)
    if syntax is None:
        raise AssertionError("the registry has no Explicit VR Little Endian")
    return syntax


class HeaderStream:
    """Reads one header: `feed` until `is_over`, `end` where the data set ends, then `header`.

    Never raises: what cannot be read ends the header with a fault. `stopped_at` is the element
    that the header ends before, where its value lies in the data set; None where there is none.
    `ahead` are the last AHEAD_BYTES that came of that value, and behind it, when this was known.
    """

    __slots__ = (
        "_buffer", "_elements", "_fault", "_inflater", "_kept", "_max_bytes", "_nested_left",
        "_nesting", "_offset", "_passed", "_scan", "_segments", "_skip_bytes", "_syntax",
        "_wanted_bytes", "ahead", "is_broken", "is_over", "is_whole", "stopped_at",
    )  # fmt: skip

    def __init__(self, syntax: TransferSyntax, max_bytes: int = MAX_HEADER_BYTES) -> None:
        self._syntax = syntax
        self._max_bytes = max_bytes
        self._inflater = Inflater(max_bytes, is_prefix=True) if syntax.is_deflated else None
        # What was not scanned to its end: a segment of the data set, from `_offset` on.
        self._buffer = bytearray()
        self._offset = 0
        self._scan: Scan | None = None
        self._wanted_bytes = 0
        self._skip_bytes = 0
        self._nesting: tuple[Element, Nesting] | None = None
        self._nested_left = MAX_NESTED_HEADERS
        self._kept = bytearray()
        self._segments: list[tuple[int, int]] = []
        self._elements: dict[Tag, Element] = {}
        self._passed: list[PassedValue] = []
        self._fault = ""
        self.stopped_at: PassedValue | None = None
        self.ahead = b""
        self.is_over = False
        self.is_whole = False
        self.is_broken = False

    def feed(self, data: Buffer) -> None:
        """Take more of the data set; the buffer is free again afterwards."""
        if self.is_over:
            return
        if self._inflater is None:
            self._take(memoryview(data))
        else:
            self._take_deflated(self._inflater, data)

    @property
    def is_passing(self) -> bool:
        """Whether the next bytes are those of a long value that is left out."""
        return bool(self._skip_bytes)

    @property
    def skippable_bytes(self) -> int:
        """How many of the next bytes nothing is looked for in: those of a long value."""
        return 0 if self.is_over or self._nesting or self._inflater else self._skip_bytes

    def skip(self, count: int) -> None:
        """Go past so many bytes, `skippable_bytes` at most, that were not read."""
        self._skip_bytes -= count

    def end(self) -> None:
        """The data set has no more bytes."""
        if self.is_over:
            return
        if self._skip_bytes:
            self._stop_within_passed()
            return
        self._read(bytes(self._buffer), is_last=True)

    def header(self) -> DataSetHeader:
        """What was read."""
        inflating = () if self._inflater is None else self._inflater.quirks
        scanning = () if self._scan is None else self._scan.quirks
        return DataSetHeader(
            raw=bytes(self._kept),
            elements=MappingProxyType(self._elements),
            passed=tuple(self._passed),
            segments=tuple(self._segments),
            layout=layout_of(self._syntax) if self._scan is None else self._scan.layout,
            quirks=(*inflating, *scanning),
            is_whole=self.is_whole,
            is_broken=self.is_broken,
            fault=self._fault,
        )

    def _take_deflated(self, inflater: Inflater, data: Buffer) -> None:
        try:
            inflated = inflater.inflate(data)
        except InflateError as error:
            self._stop(self._buffer, str(error))
            return
        self._take(memoryview(inflated))
        if inflater.is_full and not self.is_over:
            self._stop_within(self._buffer, self._too_long())

    def _take(self, data: memoryview) -> None:
        skipped = min(self._skip_bytes, len(data))
        self._skip_bytes -= skipped
        if self._nesting is not None:
            self._look_into(*self._nesting, data[:skipped])
        data = data[skipped:]
        if not data or self.is_over:
            return
        if not self._buffer:
            # As a rule the first fragment holds the whole header, which is read where it lies.
            self._read(data, is_last=False)
            return
        self._buffer += data
        if len(self._buffer) >= self._wanted_bytes:
            self._read(bytes(self._buffer), is_last=False)

    def _read(self, segment: Buffer, *, is_last: bool) -> None:
        """Scan a segment as far as it goes; what must be looked at again stays in the buffer."""
        try:
            found = scan(
                segment,
                self._syntax,
                stop_before=BULK_GROUP,
                is_whole=is_last,
                after=self._scan,
                max_nested_headers=MAX_NESTED_HEADERS,
            )
        except ScanError as error:
            self.is_broken = True
            self._stop(segment, str(error))
            return
        self._scan = found
        left = MAX_ELEMENTS - len(self._elements)
        if len(found.elements) > left:
            self._scan = found.first(left)
            self._stop(segment, f"the header has more than {MAX_ELEMENTS} elements")
        elif found.is_complete:
            self.is_whole = True
            if found.stopped_at is not None:
                self._stop_before(segment, found.stopped_at)
            self._stop(segment, "")
        elif is_last:
            self._stop_within(segment, _ENDS_WITHIN)
        elif not self._passes_long_value(segment, found):
            self._wait(segment, found)

    def _passes_long_value(self, segment: Buffer, found: Scan) -> bool:
        """Leave a value out that is long and not all here; go on behind it, in a new segment."""
        header = read_header(segment, found.end_offset, found.layout, len(segment))
        if header is None or not LONG_VALUE_BYTES < header.length < UNDEFINED_LENGTH:
            return False
        self._keep(segment, found)
        self._passed.append(
            PassedValue(header.tag, header.vr, self._offset + header.start, header.length)
        )
        end = header.start + header.length
        self._skip_bytes = end - len(segment)
        self._offset += end
        self._scan = found.moved(header.tag)
        self._buffer.clear()
        self._wanted_bytes = 0
        if holds_items(header.tag, header.vr):
            self._begin_look(header, found.layout, segment)
        return True

    def _begin_look(self, header: Header, layout: Layout, segment: Buffer) -> None:
        element = Element(*header[:4], is_undefined_length=False)
        nesting = nesting_of(element, layout, self._nested_left)
        self._nesting = element, nesting
        self._look_into(element, nesting, memoryview(segment)[header.start :])

    def _look_into(self, element: Element, nesting: Nesting, data: Buffer) -> None:
        """See how deep a sequence nests that is passed over."""
        if nesting.feed(data):
            self.is_broken = True
            self._stop(b"", str(too_deep(element)))
        if not self._skip_bytes or self.is_broken:
            self._nested_left = nesting.headers_left
            self._nesting = None

    def _wait(self, segment: Buffer, found: Scan) -> None:
        if len(self._kept) + len(segment) > self._max_bytes:
            self._stop_within(segment, self._too_long())
            return
        if not self._buffer:
            self._buffer += segment
        self._wanted_bytes = max(found.needed_bytes, len(segment) * _GROWTH)

    def _stop_before(self, segment: Buffer, element: Element) -> None:
        """Say where the element lies, and keep what came of it: it will not be fed again."""
        offset = self._offset + element.offset
        self.stopped_at = PassedValue(element.tag, element.vr, offset, element.length)
        self.ahead = bytes(segment[max(element.offset, len(segment) - AHEAD_BYTES) :])

    def _stop_within_passed(self) -> None:
        """Say that a value that was passed over is shorter than its length."""
        if self._scan is not None:
            quirks = QuirkCounter(self._scan.quirks)
            quirks.add(QuirkKind.TRUNCATED, self._passed[-1].tag)
            self._scan = replace(self._scan, quirks=quirks.result())
        self._stop(b"", _ENDS_WITHIN)

    def _stop_within(self, segment: Buffer, fault: str) -> None:
        """Look once into a sequence whose end has not come, since nobody will again."""
        found = self._scan
        start = 0 if found is None else found.end_offset
        layout = layout_of(self._syntax) if found is None else found.layout
        header = read_header(segment, start, layout, len(segment))
        if header is not None and _may_hold_items(header):
            element = Element(*header[:4], is_undefined_length=False)
            if nesting_of(element, layout, self._nested_left).feed(segment[header.start :]):
                self.is_broken, fault = True, str(too_deep(element))
        self._stop(segment, fault)

    def _stop(self, segment: Buffer, fault: str) -> None:
        if self._scan is not None:
            self._keep(segment, self._scan)
        self._fault = fault
        self.is_over = True
        self._buffer.clear()

    def _keep(self, segment: Buffer, found: Scan) -> None:
        """Keep what was scanned; its elements lie behind those of earlier segments now."""
        shift = len(self._kept)
        self._segments.append((shift, self._offset))
        self._kept += segment[: found.end_offset]
        if not shift:
            self._elements.update(found.elements)
            return
        for tag, element in found.elements.items():
            self._elements.pop(tag, None)
            self._elements[tag] = element._replace(offset=element.offset + shift)

    def _too_long(self) -> str:
        return f"the header is longer than {self._max_bytes} bytes"


def _may_hold_items(header: Header) -> bool:
    if header.length == UNDEFINED_LENGTH:
        return header.vr in {None, VR.SQ, VR.UN}
    return holds_items(header.tag, header.vr)
