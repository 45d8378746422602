"""A data set as a tree that can be changed: elements by tag, sequences as lists of items.

What is not changed keeps its bytes. Long values, such as pixel data, stay in the file they came in
and are copied from there, so that an object of any size takes little memory. Lengths of sequences
and items are written anew, group lengths (PS3.5 section 7.2) are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, TypeAlias

from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.header_writer import MAX_SHORT_LENGTH, encode_header, encode_item_header
from pacsd.dicom.headers import (
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_DELIMITATION,
    SEQUENCE_DELIMITATION,
    UNDEFINED_LENGTH,
    Header,
    Layout,
    is_explicit_header,
    read_header,
)
from pacsd.dicom.nesting import holds_items
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.vr import VR, has_long_length, is_text, padding_byte
from pacsd_coerce.errors import NotCoerced

MAX_DEPTH = 64
MAX_ELEMENTS = 1_000_000
LONG_BYTES = 64 * 1024
"""A longer value stays in the file, unless it is text."""

MAX_HELD_BYTES = 256 * 1024 * 1024
"""Of all other values together."""

_HEADER_BYTES = 12
_CHUNK_BYTES = 1024 * 1024
_SEQUENCE_VRS = frozenset({None, VR.SQ, VR.UN})
_KNOWN_VRS = frozenset(VR)
_END_OF_SEQUENCE = encode_item_header(EXPLICIT_LITTLE, SEQUENCE_DELIMITATION, 0)


@dataclass(frozen=True, slots=True)
class Span:
    """A value that stays in the file; fragments, without their delimiter, if it is undefined."""

    file: BinaryIO
    offset: int
    length: int
    is_undefined: bool = False


@dataclass(slots=True)
class Sequence:
    """Items, and how they are written: those of VR UN in Implicit VR Little Endian."""

    layout: Layout
    items: "list[DataSet]" = field(default_factory=list)


Value: TypeAlias = bytes | Span | Sequence


@dataclass(slots=True)
class Element:
    """An element; its VR is None in Implicit VR."""

    vr: str | None
    value: Value


DataSet: TypeAlias = dict[Tag, Element]


def read_data_set(file: BinaryIO, start: int, end: int, layout: Layout) -> DataSet:
    """The data set between two offsets of a file.

    Raises:
        NotCoerced: its structure cannot be read (PS3.5 section 7), or is beyond a bound.
    """
    return _Reader(file).data_set(start, end, layout, 0)[0]


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._elements = 0
        self._held_bytes = 0

    def data_set(
        self, start: int, end: int, layout: Layout, depth: int, *, is_open: bool = False
    ) -> tuple[DataSet, int]:
        """Elements up to `end`, or to the delimiter of an item that `is_open`; and where."""
        if depth > MAX_DEPTH:
            raise NotCoerced(f"sequences nest deeper than {MAX_DEPTH}")
        found: DataSet = {}
        at = start
        while at < end:
            header = self._header(at, end, layout)
            if header.tag == ITEM_DELIMITATION and is_open:
                return found, header.start
            if header.tag in {ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION}:
                raise NotCoerced(f"{format_tag(header.tag)} where an element must be")
            value, at = self._value(header, end, layout, depth)
            if header.tag & 0xFFFF:
                found[header.tag] = Element(header.vr, value)
        if is_open:
            raise NotCoerced("an item has no end (PS3.5 section 7.5)")
        return found, end

    def _header(self, at: int, end: int, layout: Layout) -> Header:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise NotCoerced(f"more than {MAX_ELEMENTS} elements")
        self._file.seek(at)
        raw = self._file.read(min(_HEADER_BYTES, end - at))
        header = read_header(raw, 0, layout, len(raw))
        if header is None:
            raise NotCoerced("the data set ends within the header of an element")
        start = at + header.start
        if header.length != UNDEFINED_LENGTH and start + header.length > end:
            raise NotCoerced(f"{format_tag(header.tag)}: its value ends behind what it is in")
        return header._replace(start=start)

    def _value(self, header: Header, end: int, layout: Layout, depth: int) -> tuple[Value, int]:
        start, length = header.start, header.length
        if length == UNDEFINED_LENGTH:
            if header.vr in _SEQUENCE_VRS and header.tag >> 16 != 0x7FE0:  # noqa: PLR2004
                return self._items(header, end, layout, depth)
            stop = self._fragments_end(start, end)
            return Span(self._file, start, stop - start, is_undefined=True), stop + 8
        if holds_items(header.tag, header.vr):
            return self._items(header, start + length, layout, depth)
        if length > LONG_BYTES and not _is_text(header):
            return Span(self._file, start, length), start + length
        self._held_bytes += length
        if self._held_bytes > MAX_HELD_BYTES:
            raise NotCoerced(f"more than {MAX_HELD_BYTES} bytes of short values")
        self._file.seek(start)
        return self._file.read(length), start + length

    def _items(self, header: Header, end: int, layout: Layout, depth: int) -> tuple[Sequence, int]:
        # PS3.5 section 6.2.2: a sequence as UN is written in Implicit VR Little Endian.
        is_unknown = header.vr == VR.UN
        sequence = Sequence(IMPLICIT_LITTLE if is_unknown else layout)
        at = header.start
        while at < end:
            item = self._header(at, end, sequence.layout)
            if item.tag == SEQUENCE_DELIMITATION and header.length == UNDEFINED_LENGTH:
                return sequence, item.start
            if item.tag != ITEM:
                raise NotCoerced(f"{format_tag(item.tag)} where an item must be")
            is_open = item.length == UNDEFINED_LENGTH
            if is_unknown and self._is_explicit(item.start):
                sequence.layout = EXPLICIT_LITTLE
            item_end = end if is_open else item.start + item.length
            found, at = self.data_set(
                item.start, item_end, sequence.layout, depth + 1, is_open=is_open
            )
            sequence.items.append(found)
        if header.length == UNDEFINED_LENGTH:
            raise NotCoerced(f"{format_tag(header.tag)}: the sequence has no end")
        return sequence, end

    def _is_explicit(self, at: int) -> bool:
        """Some writers of UN leave the items as they were in Explicit VR."""
        self._file.seek(at)
        return is_explicit_header(self._file.read(_HEADER_BYTES), 0)

    def _fragments_end(self, at: int, end: int) -> int:
        """Where the delimiter of fragments stands (PS3.5 section A.4)."""
        while at < end:
            item = self._header(at, end, EXPLICIT_LITTLE)
            if item.tag == SEQUENCE_DELIMITATION:
                return at
            if item.tag != ITEM or item.length == UNDEFINED_LENGTH:
                break
            at = item.start + item.length
        raise NotCoerced("fragments of pixel data have no end (PS3.5 section A.4)")


def _is_text(header: Header) -> bool:
    vr = vr_of(header.tag) if header.vr in {None, VR.UN} else header.vr
    return vr is not None and is_text(vr)


def pieces(data_set: DataSet, layout: Layout) -> Iterator[bytes]:
    """The data set as bytes, in the order of tags, in bounded pieces.

    Raises:
        OSError: a value that stayed in its file cannot be read.
    """
    for tag in sorted(data_set):
        yield from _element_pieces(tag, data_set[tag], layout)


def encoded(data_set: DataSet, layout: Layout) -> bytes:
    """All of it."""
    return b"".join(pieces(data_set, layout))


def _element_pieces(tag: Tag, element: Element, layout: Layout) -> Iterator[bytes]:
    value = element.value
    vr = element.vr or (VR.SQ if isinstance(value, Sequence) else VR.UN)
    if isinstance(value, Span):
        length = UNDEFINED_LENGTH if value.is_undefined else value.length
        yield encode_header(layout, tag, vr, length)
        yield from _span_pieces(value)
        if value.is_undefined:
            yield _END_OF_SEQUENCE
        return
    if isinstance(value, Sequence):
        raw = b"".join(_item(each, value.layout) for each in value.items)
        if value.layout is not layout and not layout.is_implicit_vr:
            vr = VR.UN
    else:
        raw = value + padding_byte(vr) if len(value) & 1 else value
    is_long = len(raw) > MAX_SHORT_LENGTH
    if vr not in _KNOWN_VRS or (is_long and not has_long_length(vr)):
        vr = VR.UN  # PS3.5 section 6.2.2
    yield encode_header(layout, tag, vr, len(raw))
    yield raw


def _item(item: DataSet, layout: Layout) -> bytes:
    raw = encoded(item, layout)
    return encode_item_header(layout, ITEM, len(raw)) + raw


def _span_pieces(span: Span) -> Iterator[bytes]:
    at, end = span.offset, span.offset + span.length
    while at < end:
        span.file.seek(at)
        piece = span.file.read(min(_CHUNK_BYTES, end - at))
        if not piece:
            raise OSError("the file has become shorter")
        at += len(piece)
        yield piece
    if span.length & 1 and not span.is_undefined:
        yield b"\0"
