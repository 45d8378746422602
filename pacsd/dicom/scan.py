"""The elements of a data set outside its sequences, from as many bytes as there are.

This is how ingest reads a header: as the first bytes of an object arrive, without an object model.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from pacsd.dicom.errors import ScanError
from pacsd.dicom.headers import (
    DELIMITER_GROUP,
    HEADER_BYTES,
    ITEM,
    LONG_VRS,
    SHORT_VRS,
    UNDEFINED_LENGTH,
    Buffer,
    Element,
    Header,
    Layout,
    layout_of,
    read_header,
)
from pacsd.dicom.nesting import least_bytes
from pacsd.dicom.quirks import Quirk, QuirkCounter, QuirkKind
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import (
    MAX_DEPTH,
    MAX_NESTED_HEADERS,
    check_nesting,
    first_layout,
    skip_value,
)

MAX_ODD_HEADERS = 16_384
"""Outside sequences, of elements not plainly written: out of order, odd, with room to nest."""

_NESTING_BYTES = least_bytes(MAX_DEPTH - 1)
_NESTING_VRS = frozenset({VR.SQ, VR.UN})
_NO_TAG = 1 << 32
_BEFORE_ALL_TAGS = -1
_FIRST_DELIMITER = DELIMITER_GROUP << 16
_DELIMITER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found, and where another one may go on.

    `elements`: by tag, in the order of the bytes; of duplicates the last. Of a value of undefined
    length, `length` counts the bytes before its Sequence Delimitation Item.
    `stopped_at`: the element that the scan was to stop before, its value not looked at.
    `end_offset`: where the first header stands that was not passed.
    `needed_bytes`: how long the buffer must be at least to get further; 0 when `is_complete`.
    """

    elements: Mapping[Tag, Element]
    stopped_at: Element | None
    end_offset: int
    needed_bytes: int
    quirks: tuple[Quirk, ...]
    layout: Layout
    last_tag: int

    @property
    def is_complete(self) -> bool:
        """Whether the end of the data set or the stop tag was reached."""
        return not self.needed_bytes

    def value(self, buffer: Buffer, tag: Tag) -> bytes | None:
        """The bytes of a value of the scanned buffer; None when the element is not there."""
        element = self.elements.get(tag)
        if element is None:
            return None
        return bytes(buffer[element.offset : element.offset + element.length])

    def first(self, count: int) -> "Scan":
        """The same with so many of its elements, the first ones."""
        return replace(self, elements=dict(islice(self.elements.items(), count)))

    def moved(self, last_tag: Tag) -> "Scan":
        """For going on in a buffer of its own that begins behind the element `last_tag`."""
        return replace(
            self, elements={}, stopped_at=None, end_offset=0, needed_bytes=0, last_tag=last_tag
        )


def scan(
    buffer: Buffer,
    syntax: TransferSyntax,
    *,
    stop_before: Tag | None = None,
    wanted: AbstractSet[Tag] | None = None,
    is_whole: bool = True,
    after: Scan | None = None,
    is_layout_certain: bool = False,
    max_nested_headers: int = MAX_NESTED_HEADERS,
) -> Scan:
    """Find the elements outside sequences, up to the first tag at or past `stop_before`.

    `buffer` starts with the data set; of a deflated syntax it holds inflated bytes. With `wanted`
    only these tags are recorded. When `is_whole` is false more may follow: what is missing is
    asked for in `needed_bytes`; else it is the quirk `truncated`, and `needed_bytes` says what the
    data set should have had. `after` is an earlier scan, with the same arguments, of a shorter
    buffer with the same beginning: its elements are kept. `Scan.moved` lets it be a buffer that
    begins later. With `is_layout_certain` the elements are written as the Transfer Syntax says;
    else the first one decides.

    Raises:
        ScanError: sequences nest too deep; those of undefined length cannot be read, or one holds
            more than `max_nested_headers` items and elements; or more than MAX_ODD_HEADERS
            elements are out of order or odd.
    """
    quirks = QuirkCounter(after.quirks if after is not None else ())
    layout = after.layout if after is not None else layout_of(syntax)
    is_start = after is None or after.last_tag == _BEFORE_ALL_TAGS
    if is_start and not is_layout_certain and len(buffer) >= HEADER_BYTES:
        layout = first_layout(buffer, 0, layout, quirks)
    stop = _NO_TAG if stop_before is None else stop_before
    scanner = _Scanner(buffer, layout, quirks, stop, wanted, max_nested_headers)
    if after is not None:
        scanner.elements.update(after.elements)
        scanner.offset, scanner.last_tag = after.end_offset, after.last_tag
    return scanner.run(is_whole=is_whole)


class _Passed(NamedTuple):
    """An element whose end is known."""

    element: Element
    end: int


class _Scanner:
    """One scan: two loops over what is plain, and `_step` for everything else."""

    __slots__ = (
        "buffer", "elements", "last_tag", "layout", "max_nested_headers", "needed_bytes",
        "nested_left", "offset", "quirks", "size", "stop", "stopped_at", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        buffer: Buffer,
        layout: Layout,
        quirks: QuirkCounter,
        stop: int,
        wanted: AbstractSet[Tag] | None,
        max_nested_headers: int,
    ) -> None:
        self.buffer = buffer
        self.size = len(buffer)
        self.layout = layout
        self.quirks = quirks
        self.stop = stop
        self.wanted = wanted
        self.max_nested_headers = self.nested_left = max_nested_headers
        self.elements: dict[Tag, Element] = {}
        self.stopped_at: Element | None = None
        self.offset = 0
        self.needed_bytes = 0
        self.last_tag: int = _BEFORE_ALL_TAGS

    def run(self, *, is_whole: bool) -> Scan:
        pass_plain = self._pass_implicit if self.layout.is_implicit_vr else self._pass_explicit
        pass_plain()
        odd_headers = 0
        while self._step():
            odd_headers += 1
            if odd_headers > MAX_ODD_HEADERS:
                raise ScanError(f"more than {MAX_ODD_HEADERS} elements out of order (our bound)")
            pass_plain()
        if not is_whole and self.stopped_at is None and not self.needed_bytes:
            self.needed_bytes = self.offset + HEADER_BYTES
        elif is_whole and self.needed_bytes:
            self._count_rest()
        return Scan(
            MappingProxyType(self.elements),
            self.stopped_at,
            self.offset,
            self.needed_bytes,
            self.quirks.result(),
            self.layout,
            self.last_tag,
        )

    def _pass_explicit(self) -> None:
        """Go on while elements have a known VR, an even length, rising tags, an end, no room."""
        buffer, size, wanted, elements = self.buffer, self.size, self.wanted, self.elements
        unpack, unpack_length = self.layout.short.unpack_from, self.layout.length.unpack_from
        short_vr, long_vr, new = SHORT_VRS.get, LONG_VRS.get, tuple.__new__
        stop = min(self.stop, _FIRST_DELIMITER)
        offset, last_tag, last_start = self.offset, self.last_tag, size - HEADER_BYTES
        while offset <= last_start:
            group, number, code, length = unpack(buffer, offset)
            start = offset + 8
            vr = short_vr(code)
            if vr is None:
                vr = long_vr(code)
                if vr is None or start + 4 > size:
                    break
                (length,) = unpack_length(buffer, start)
                start += 4
                if length >= _NESTING_BYTES and vr in _NESTING_VRS:
                    break
            tag = group << 16 | number
            end = start + length
            if not last_tag < tag < stop or length & 1 or end > size:
                break
            if wanted is None or tag in wanted:
                elements[tag] = new(Element, (tag, vr, start, length, False))
            offset, last_tag = end, tag
        self.offset, self.last_tag = offset, last_tag

    def _pass_implicit(self) -> None:
        """The same for Implicit VR."""
        buffer, size, wanted, elements = self.buffer, self.size, self.wanted, self.elements
        unpack, new = self.layout.implicit.unpack_from, tuple.__new__
        stop = min(self.stop, _FIRST_DELIMITER)
        offset, last_tag, last_start = self.offset, self.last_tag, size - HEADER_BYTES
        while offset <= last_start:
            group, number, length = unpack(buffer, offset)
            tag = group << 16 | number
            start = offset + 8
            end = start + length
            if not last_tag < tag < stop or length & 1 or end > size or length >= _NESTING_BYTES:
                break
            if wanted is None or tag in wanted:
                elements[tag] = new(Element, (tag, None, start, length, False))
            offset, last_tag = end, tag
        self.offset, self.last_tag = offset, last_tag

    def _step(self) -> bool:
        """Go past one element, whatever it is; False at the end, before the stop or for more."""
        if self.offset >= self.size:
            return False
        header = read_header(self.buffer, self.offset, self.layout, self.size)
        if header is None:
            is_long = self.offset + HEADER_BYTES <= self.size
            self.needed_bytes = self.offset + HEADER_BYTES + 4 * is_long
            return False
        if header.tag >> 16 == DELIMITER_GROUP:
            return self._delimiter(header)
        is_undefined = header.length == UNDEFINED_LENGTH
        element = Element(header.tag, header.vr, header.start, header.length, is_undefined)
        if header.tag >= self.stop:
            self.stopped_at = element
            return False
        passed = self._passed(element)
        if passed is None:
            return False
        self._count(header)
        if self.wanted is None or element.tag in self.wanted:
            self.elements.pop(element.tag, None)
            self.elements[element.tag] = passed.element
        self.offset, self.last_tag = passed.end, element.tag
        return True

    def _passed(self, element: Element) -> _Passed | None:
        """The element with its real length and its end; None, and what is needed, without one."""
        end, is_there = element.offset + element.length, True
        if element.is_undefined_length:
            trial = QuirkCounter(self.quirks.result())
            end, is_there = skip_value(
                self.buffer, element, self.layout, trial, self.max_nested_headers
            )
            if is_there:
                self.quirks = trial
                length = end - _DELIMITER_BYTES - element.offset
                return _Passed(element._replace(length=length), end)
        if not is_there or end > self.size:
            self.needed_bytes = end
            return None
        self.nested_left -= check_nesting(self.buffer, element, self.layout, self.nested_left)
        return _Passed(element, end)

    def _count(self, header: Header) -> None:
        if header.quirk is not None:
            self.quirks.add(header.quirk, header.tag)
        if header.length % 2 and header.length != UNDEFINED_LENGTH:
            self.quirks.add(QuirkKind.ODD_LENGTH, header.tag)
        if header.tag <= self.last_tag:
            is_again = header.tag == self.last_tag or header.tag in self.elements
            kind = QuirkKind.DUPLICATE if is_again else QuirkKind.OUT_OF_ORDER
            self.quirks.add(kind, header.tag)

    def _delimiter(self, header: Header) -> bool:
        """Past what belongs into sequences only: nothing hangs on a superfluous delimiter.

        After an item's header come elements: those of an item that its sequence, by a wrong length,
        does not hold. They are taken for elements of the data set, as other readers do.
        """
        self.quirks.add(QuirkKind.STRAY_DELIMITER, header.tag)
        if header.length and header.tag != ITEM:
            self.quirks.add(QuirkKind.DELIMITER_LENGTH, header.tag)
        self.offset += HEADER_BYTES
        return True

    def _count_rest(self) -> None:
        """Say of a whole data set why its last bytes were not read."""
        is_header = self.offset + HEADER_BYTES <= self.size
        kind = QuirkKind.TRUNCATED if is_header else QuirkKind.TRAILING_BYTES
        self.quirks.add(kind, max(self.last_tag, 0))
