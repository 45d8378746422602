"""Nested Data Elements: into sequences and items, without recursion (PS3.5 section 7.5).

`walk` yields every element of a data set with its path; `skip_value` finds where a value of
undefined length ends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from pacsd.dicom.errors import ScanError
from pacsd.dicom.headers import (
    DELIMITER_GROUP,
    EXPLICIT_LITTLE,
    HEADER_BYTES,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_DELIMITATION,
    SEQUENCE_DELIMITATION,
    UNDEFINED_LENGTH,
    Buffer,
    Element,
    Layout,
    is_explicit_header,
    layout_of,
    read_header,
)
from pacsd.dicom.nesting import Nesting, holds_few_items, holds_items, least_bytes
from pacsd.dicom.quirks import QuirkCounter, QuirkKind
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.vr import VR

MAX_DEPTH = 64
"""How deep sequences may nest: the deepest of known IODs, SR trees, stay far below."""
MAX_NESTED_HEADERS = 1_000_000
"""How many items and elements are looked at within sequences; a bound on time."""

Path: TypeAlias = tuple[tuple[Tag, int], ...]
"""From the outermost sequence inwards: its tag and the item's number, counted from 0."""

PIXEL_DATA = 0x7FE00010

_NO_TAG = 1 << 32
_SEQUENCE_VRS = frozenset({None, VR.SQ, VR.UN})


class Walked(NamedTuple):
    """A Data Element and the items it stands in."""

    path: Path
    element: Element


@dataclass(slots=True)
class _Open:
    """A data set or item (`sequence` is None), or a sequence, whose end is still to come."""

    layout: Layout
    limit: int
    path: Path
    is_undefined: bool
    sequence: Tag | None = None
    items: int = 0
    holds_fragments: bool = False
    is_unknown: bool = False


def walk(
    buffer: Buffer,
    syntax: TransferSyntax,
    *,
    stop_before: Tag | None = None,
    quirks: QuirkCounter | None = None,
    max_headers: int = MAX_NESTED_HEADERS,
    is_layout_certain: bool = False,
    tells_items: bool = False,
) -> Iterator[Walked]:
    """Every Data Element in the order of the bytes, a sequence before what is in its items.

    Stops at the first tag at or past `stop_before` outside sequences. `length` of an element of
    undefined length is UNDEFINED_LENGTH; fragments of Pixel Data are passed over. A data set that
    ends early is walked as far as it goes and counted in `quirks`. With `is_layout_certain` the
    elements are written as the Transfer Syntax says; else the first one decides. With `tells_items`
    an item comes as an element ITEM with its own path, before what is in it.

    Raises:
        ScanError: the structure cannot be read, nests deeper than MAX_DEPTH, or holds more than
            `max_headers` items and elements.
    """
    counter = QuirkCounter() if quirks is None else quirks
    stop = _NO_TAG if stop_before is None else stop_before
    layout = layout_of(syntax)
    if not is_layout_certain:
        layout = first_layout(buffer, 0, layout, counter)
    walker = _Walker(buffer, counter, max_headers, descends=True, stop=stop)
    walker.tells_items = tells_items
    walker.open(_Open(layout, len(buffer), (), is_undefined=False))
    while walker.stack:
        walked = walker.step()
        if walked is not None:
            yield walked
        if walker.needed_bytes:
            counter.add(QuirkKind.TRUNCATED, walker.last_tag)
            return


def first_layout(buffer: Buffer, offset: int, layout: Layout, quirks: QuirkCounter) -> Layout:
    """The layout in which the first header is really written, whatever the Transfer Syntax says.

    An Implicit VR length that reads as a VR would be one of 16 KiB or more, and the first
    elements of a data set are short. Big Endian has no Implicit VR to be taken for.
    """
    code = bytes(buffer[offset + 4 : offset + 6])
    found = layout
    if layout is IMPLICIT_LITTLE and is_explicit_header(buffer, offset):
        found = EXPLICIT_LITTLE
    elif layout is EXPLICIT_LITTLE and len(code) == len("VR") and code != b"??":
        found = layout if code.isalpha() and code.isupper() else IMPLICIT_LITTLE
    if found is not layout:
        group, element, _ = layout.implicit.unpack_from(bytes(buffer[offset : offset + 8]).ljust(8))
        quirks.add(QuirkKind.OTHER_VR_ENCODING, group << 16 | element)
    return found


def skip_value(
    buffer: Buffer, element: Element, layout: Layout, quirks: QuirkCounter, max_headers: int
) -> tuple[int, bool]:
    """Where a value of undefined length ends, its Sequence Delimitation Item included, and True.

    With False, the number of bytes that the buffer has to hold at least before it can be told.
    Items of defined length are passed over: of these it is seen only that they nest no deeper.
    """
    walker = _Walker(buffer, quirks, max_headers, descends=False)
    walker.open_sequence(element, layout, len(buffer), ())
    while walker.stack and not walker.needed_bytes:
        walker.step()
    return (walker.needed_bytes, False) if walker.needed_bytes else (walker.offset, True)


def check_nesting(
    buffer: Buffer, element: Element, layout: Layout, max_headers: int, depth: int = 1
) -> int:
    """See that a sequence of defined length, the `depth`-th inwards, nests no deeper than it may.

    Returns:
        How many of its items and elements had to be looked at, `max_headers` at most.

    Raises:
        ScanError: it does.
    """
    levels = MAX_DEPTH - depth
    if element.length < least_bytes(levels) or not holds_items(element.tag, element.vr):
        return 0
    if levels < 0:
        raise too_deep(element)
    nesting = nesting_of(element, layout, max_headers, levels)
    if nesting.feed(buffer[element.offset : element.offset + element.length]):
        raise too_deep(element)
    return max_headers - nesting.headers_left


def nesting_of(
    element: Element, layout: Layout, max_headers: int, levels: int = MAX_DEPTH - 1
) -> Nesting:
    """What sees how deep a sequence of defined length nests, as its bytes come."""
    # PS3.5 section 6.2.2: a sequence as UN is written in Implicit VR Little Endian.
    is_unknown = element.vr == VR.UN
    written = IMPLICIT_LITTLE if is_unknown else layout
    return Nesting(written, element.length, levels, max_headers, is_unknown=is_unknown)


def too_deep(element: Element) -> ScanError:
    """What is said of a sequence in which too many stand in one another."""
    return ScanError(
        f"{format_tag(element.tag)} at offset {element.offset}: sequences nest deeper than "
        f"{MAX_DEPTH}"
    )


class _Walker:
    """The open sequences and items as a stack, and the offset of the next header."""

    __slots__ = (
        "buffer", "depth", "descends", "headers_left", "last_tag", "needed_bytes", "nested_left",
        "offset", "quirks", "size", "stack", "stop", "tells_items",
    )  # fmt: skip

    def __init__(
        self,
        buffer: Buffer,
        quirks: QuirkCounter,
        max_headers: int,
        *,
        descends: bool,
        stop: int = _NO_TAG,
    ) -> None:
        self.buffer = buffer
        self.size = len(buffer)
        self.quirks = quirks
        self.headers_left = max_headers
        # Of what is passed over, and only looked at for how deep it nests.
        self.nested_left = max_headers
        self.descends = descends
        self.tells_items = False
        self.stop = stop
        self.stack: list[_Open] = []
        self.depth = 0
        self.offset = 0
        self.needed_bytes = 0
        self.last_tag: Tag = 0

    def open(self, opened: _Open) -> None:
        self.stack.append(opened)

    def open_sequence(self, element: Element, layout: Layout, limit: int, path: Path) -> None:
        """Go in behind the header of a sequence, or of Pixel Data in fragments."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_deep(element)
        # PS3.5 section 6.2.2: a sequence as UN is written in Implicit VR Little Endian.
        is_unknown = element.vr == VR.UN
        self.offset = element.offset
        self.stack.append(
            _Open(
                IMPLICIT_LITTLE if is_unknown else layout,
                self._end(element.tag, element.offset, element.length, limit, opens=True),
                path,
                element.is_undefined_length,
                element.tag,
                holds_fragments=element.tag == PIXEL_DATA or element.vr not in _SEQUENCE_VRS,
                is_unknown=is_unknown,
            )
        )

    def step(self) -> Walked | None:
        """Go past one header; the element it begins, if it begins one."""
        top = self.stack[-1]
        if self.offset >= top.limit:
            self._end_at_limit(top)
            return None
        if self.offset + HEADER_BYTES > top.limit:
            self._need(top, self.offset + HEADER_BYTES)
            return None
        self.headers_left -= 1
        if self.headers_left < 0:
            raise ScanError(
                f"{format_tag(self.last_tag)} at offset {self.offset}: more items and elements in "
                "sequences than are looked at"
            )
        if top.sequence is None:
            return self._element(top)
        return self._item(top)

    def _element(self, top: _Open) -> Walked | None:
        header = read_header(self.buffer, self.offset, top.layout, top.limit)
        if header is None:
            self._need(top, self.offset + HEADER_BYTES + top.layout.length.size)
            return None
        tag, vr, start, length, quirk = header
        if tag >> 16 == DELIMITER_GROUP:
            self._delimiter(top, tag, length)
            return None
        if tag >= self.stop and not top.path:
            self.stack.clear()
            return None
        self._count(tag, length, quirk)
        is_undefined = length == UNDEFINED_LENGTH
        element = Element(tag, vr, start, length, is_undefined)
        if is_undefined or (self.descends and holds_items(tag, vr)):
            self.open_sequence(element, top.layout, top.limit, top.path)
            return Walked(top.path, element)
        self.offset = self._end(tag, start, length, top.limit)
        if self.needed_bytes:
            return None
        if not self.descends and length >= least_bytes(MAX_DEPTH - self.depth - 1):
            looked_at = check_nesting(
                self.buffer, element, top.layout, self.nested_left, self.depth + 1
            )
            self.nested_left -= looked_at
        return Walked(top.path, element)

    def _count(self, tag: Tag, length: int, quirk: QuirkKind | None) -> None:
        self.last_tag = tag
        if quirk is not None:
            self.quirks.add(quirk, tag)
        if length % 2 and length != UNDEFINED_LENGTH:
            self.quirks.add(QuirkKind.ODD_LENGTH, tag)

    def _item(self, top: _Open) -> Walked | None:
        group, element, length = top.layout.implicit.unpack_from(self.buffer, self.offset)
        tag = group << 16 | element
        if tag == ITEM:
            return self._open_item(top, length)
        if tag == SEQUENCE_DELIMITATION and top.is_undefined:
            self._delimited(tag, length)
            self._close()
        elif tag in {SEQUENCE_DELIMITATION, ITEM_DELIMITATION}:
            self.quirks.add(QuirkKind.STRAY_DELIMITER, top.sequence or tag)
            self._delimited(tag, length)
        else:
            raise ScanError(
                f"{format_tag(top.sequence or 0)}: {format_tag(tag)} at offset {self.offset} where "
                "an item must stand (PS3.5 section 7.5)"
            )
        return None

    def _open_item(self, top: _Open, length: int) -> Walked | None:
        sequence = top.sequence or 0
        start = self.offset + HEADER_BYTES
        is_undefined = length == UNDEFINED_LENGTH
        if is_undefined and top.holds_fragments:
            raise ScanError(
                f"{format_tag(sequence)}: fragment of undefined length at offset {self.offset} "
                "(PS3.5 section A.4)"
            )
        if top.holds_fragments or not (is_undefined or self.descends):
            self.offset = self._end(sequence, start, length, top.limit)
            if not top.holds_fragments:
                self._check_item(top, start, length)
            return None
        limit = self._end(sequence, start, length, top.limit, opens=True)
        path = (*top.path, (sequence, top.items)) if self.descends else ()
        is_explicit = top.is_unknown and is_explicit_header(self.buffer, start)
        layout = EXPLICIT_LITTLE if is_explicit else top.layout
        top.items += 1
        self.offset = start
        self.stack.append(_Open(layout, limit, path, is_undefined))
        return self._told(path, Element(ITEM, None, start, length, is_undefined))

    def _told(self, path: Path, item: Element) -> Walked | None:
        return Walked(path, item) if self.tells_items else None

    def _check_item(self, top: _Open, start: int, length: int) -> None:
        """See that an item that is passed over nests no deeper than it may."""
        levels = MAX_DEPTH - self.depth
        if self.needed_bytes or length < least_bytes(levels) - HEADER_BYTES:
            return
        is_explicit = top.is_unknown and is_explicit_header(self.buffer, start)
        layout = EXPLICIT_LITTLE if is_explicit else top.layout
        item = bytes(self.buffer[start : start + length])
        if holds_few_items(item, layout, levels):
            return
        nesting = Nesting(layout, length, levels, self.nested_left, is_item=True)
        if nesting.feed(item):
            raise too_deep(Element(top.sequence or 0, None, start, length, False))
        self.nested_left = nesting.headers_left

    def _delimiter(self, top: _Open, tag: Tag, length: int) -> None:
        """An item's end where an element might stand; tolerates a missing or superfluous one."""
        is_in_item = len(self.stack) > 1
        if tag == ITEM_DELIMITATION and top.is_undefined:
            self._delimited(tag, length)
            self._close()
        elif is_in_item and top.is_undefined:
            # The next item or the sequence's end: it is read again one level further out.
            self.quirks.add(QuirkKind.MISSING_DELIMITER, self.last_tag)
            self._close()
        else:
            self.quirks.add(QuirkKind.STRAY_DELIMITER, self.last_tag)
            self._delimited(tag, length)

    def _delimited(self, tag: Tag, length: int) -> None:
        if length and tag != ITEM:
            self.quirks.add(QuirkKind.DELIMITER_LENGTH, tag)
        self.offset += HEADER_BYTES

    def _close(self) -> None:
        if self.stack.pop().sequence is not None:
            self.depth -= 1

    def _end_at_limit(self, top: _Open) -> None:
        if top.is_undefined:
            if top.limit == self.size:
                self.needed_bytes = self.offset + HEADER_BYTES
                return
            self.quirks.add(QuirkKind.MISSING_DELIMITER, self.last_tag)
        self._close()

    def _end(self, tag: Tag, start: int, length: int, limit: int, *, opens: bool = False) -> int:
        """Where a value ends; at the latest at `limit` when what it holds is read by itself."""
        if opens and length == UNDEFINED_LENGTH:
            return limit
        end = start + length
        if end <= limit:
            return end
        if limit < self.size:
            raise ScanError(
                f"{format_tag(tag)}: length {length} at offset {start} goes past the end of its "
                f"item or sequence, {limit}"
            )
        if opens:
            self.quirks.add(QuirkKind.TRUNCATED, tag)
            return limit
        self.needed_bytes = end
        return end

    def _need(self, top: _Open, end: int) -> None:
        if top.limit < self.size:
            raise ScanError(
                f"{format_tag(self.last_tag)}: {top.limit - self.offset} bytes at offset "
                f"{self.offset} before the end of an item or sequence are no header"
            )
        self.needed_bytes = end
