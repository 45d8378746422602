"""DICOM JSON metadata straight from the bytes of headers (PS3.18 annex F).

What one instance of a series says the others say too, but for a few values: members that were
written once are remembered by the bytes they were written from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pacsd.dicom.charset import DEFAULT_CHARACTER_SET, CharacterSet, character_set
from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET, DataSet, element_vr, read_data_set
from pacsd.dicom.explicit_vr import PIXEL_REPRESENTATION, Surroundings, explicit_vr
from pacsd.dicom.header_stream import DataSetHeader
from pacsd.dicom.header_writer import encode_header, encode_item_header
from pacsd.dicom.headers import (
    DELIMITER_GROUP,
    EXPLICIT_BIG,
    SEQUENCE_DELIMITATION,
    UNDEFINED_LENGTH,
    Buffer,
    Element,
    Layout,
    read_header,
)
from pacsd.dicom.json_text import json_bytes, json_text
from pacsd.dicom.json_values import BULK_VRS, attribute, is_in_model
from pacsd.dicom.outline import PIXELS
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.remembered import Remembered
from pacsd.dicom.scan import Scan, scan
from pacsd.dicom.stored_header import header_syntax
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

MARK = b"\0"
"""Stands for the base of BulkDataURIs until it is known. JSON text never holds it raw."""

MAX_INLINE_BYTES = 1024
MAX_REMEMBERED = 4096
MAX_REMEMBERED_VALUE_BYTES = 8 * 1024

_MAX_ENCODINGS = 8
_Key: TypeAlias = bytes | tuple[Tag, str, bytes]


@dataclass(frozen=True, slots=True)
class _Encoding:
    """How elements are encoded, and the members that were written of such.

    A key is the element's bytes, header and all; in items its tag, VR and value.
    """

    charset: CharacterSet
    layout: Layout
    surroundings: Surroundings
    remembered: Remembered[_Key]

    def vr(self, element: Element) -> str:
        """The VR of an element outside sequences."""
        vr = element_vr(element)
        if vr == VR.US and element.vr is None:
            return explicit_vr(element.tag, self.surroundings)
        return vr


class JsonWriter:
    """Writes attributes as members of JSON objects, with a memory of those written before.

    Args:
        max_inline_bytes: a longer value becomes a BulkDataURI, if its VR permits one (PS3.18
            section F.2.2).
        kept: how many members are remembered, at most.
    """

    def __init__(
        self, *, max_inline_bytes: int = MAX_INLINE_BYTES, kept: int = MAX_REMEMBERED
    ) -> None:
        self._max_inline_bytes = max_inline_bytes
        self._kept = kept
        self._encodings: dict[tuple[CharacterSet, Layout, bool], _Encoding] = {}

    def members(
        self,
        buffer: Buffer,
        written: TransferSyntax | Layout,
        charset: CharacterSet | None = None,
        stop_before: Tag | None = None,
    ) -> dict[Tag, bytes]:
        """The members of all elements outside sequences, such as `"00080060":{"vr":...}`.

        `buffer` holds a data set or a part of one. By a Transfer Syntax its first element decides
        how it is written, a Layout is certain. Its text is in `charset`, else as the bytes say.
        Group lengths and File Meta Information are left out. What is cut short is written as far
        as it goes.

        Raises:
            ScanError: the structure cannot be read.
        """
        is_layout = isinstance(written, Layout)
        syntax = header_syntax(written) if isinstance(written, Layout) else written
        found = scan(buffer, syntax, stop_before=stop_before, is_layout_certain=is_layout)
        data = buffer if isinstance(buffer, bytes) else bytes(buffer)
        declared = _declared(found.elements, data) if charset is None else charset
        is_signed = _is_signed(found.elements, data, found.layout)
        encoding = self._encoding(declared, found.layout, is_signed=is_signed)
        members = self._members(found.elements, data, encoding)
        cut_short = _cut_short(found, data)
        if cut_short is not None:
            members[cut_short.tag] = self._new_member(cut_short, data, encoding)
        return members

    def header_members(self, header: DataSetHeader) -> dict[Tag, bytes]:
        """The same of a header that was read already, but for values that it passed over.

        Raises:
            ScanError: the structure of a sequence cannot be read.
        """
        declared = _declared(header.elements, header.raw)
        is_signed = _is_signed(header.elements, header.raw, header.layout)
        encoding = self._encoding(declared, header.layout, is_signed=is_signed)
        return self._members(header.elements, header.raw, encoding)

    def _members(
        self, elements: Mapping[Tag, Element], data: bytes, encoding: _Encoding
    ) -> dict[Tag, bytes]:
        latest, recall = encoding.remembered.younger.get, encoding.remembered.get
        members: dict[Tag, bytes] = {}
        before = 0
        for element in elements.values():
            tag, _, start, length, _ = element
            end = start + length
            # A duplicate out of order takes the place of the first: it has no such key.
            key = data[before:end]
            member = latest(key) or recall(key) if before <= start else None
            if member is None:
                member = self._new_member(element, data, encoding)
                if before <= start and length <= MAX_REMEMBERED_VALUE_BYTES:
                    encoding.remembered.put(key, member)
            before = end
            if member:
                members[tag] = member
        return members

    def value_member(
        self, tag: Tag, vr: str | None, value: Buffer, layout: Layout, charset: CharacterSet
    ) -> bytes:
        """The member of one element by its value alone: of a long one that lies by itself.

        Raises:
            ScanError: it is a sequence whose structure cannot be read.
        """
        element = Element(tag, vr, 0, len(value), is_undefined_length=False)
        return self._member(element, bytes(value), self._encoding(charset, layout, is_signed=False))

    def is_bulk(self, tag: Tag, vr: str | None, length: int) -> bool:
        """Whether a value of so many bytes is told by a BulkDataURI: its bytes are not needed.

        Who gives it out gives text in UTF-8 then, as Specific Character Set says here.
        """
        if tag in PIXELS:
            return length > 0
        if length <= self._max_inline_bytes:
            return False
        return element_vr(Element(tag, vr, 0, length, is_undefined_length=False)) in BULK_VRS

    def bulk_member(self, tag: Tag, vr: str | None) -> bytes:
        """The member of an element whose value lies elsewhere."""
        element = Element(tag, vr, 0, 0, is_undefined_length=False)
        return _bulk(tag, element_vr(element), "")

    def join(self, members: Mapping[Tag, bytes], bulk_base: str) -> bytes:
        """The members as one JSON object, in the order of their tags (PS3.18 section F.2.2).

        A BulkDataURI (section F.2.6) is `bulk_base`, which ends in `/`, and the tag; for an element
        in items the path to it, with item numbers from 1: `00081140/1/00091010`.
        """
        return with_base(self.without_base(members), bulk_base)

    def without_base(self, members: Mapping[Tag, bytes]) -> bytes:
        """The same for a base that is not known yet; `with_base` puts it in."""
        return b"{%b}" % b",".join([members[tag] for tag in sorted(members)])

    def _encoding(self, charset: CharacterSet, layout: Layout, is_signed: bool) -> _Encoding:
        key = (charset, layout, is_signed)
        found = self._encodings.get(key)
        if found is None:
            if len(self._encodings) >= _MAX_ENCODINGS:
                self._encodings.clear()
            surroundings = Surroundings()
            surroundings.learn(PIXEL_REPRESENTATION, int(is_signed))
            found = _Encoding(charset, layout, surroundings, Remembered(self._kept))
            self._encodings[key] = found
        return found

    def _new_member(self, element: Element, buffer: bytes, encoding: _Encoding) -> bytes:
        """The member, b'' for what is left out."""
        if not is_in_model(element.tag):
            return b""
        raw = buffer[element.offset : element.offset + element.length]
        return self._member(element, raw, encoding)

    def _member(self, element: Element, raw: bytes, encoding: _Encoding) -> bytes:
        vr = encoding.vr(element)
        if vr == VR.SQ:
            return self._sequence(element, raw, encoding)
        if element.is_undefined_length:
            return _of_fragments(element.tag, vr, "", is_empty=not raw)
        if self.is_bulk(element.tag, vr, len(raw)):
            return _bulk(element.tag, vr, "")
        return _inline(element.tag, vr, raw, encoding)

    def _sequence(self, element: Element, raw: bytes, encoding: _Encoding) -> bytes:
        """A sequence by itself, behind a header as it had."""
        layout = encoding.layout
        data_set = read_data_set(
            _sequence_header(element, layout) + raw + _sequence_end(element, layout),
            header_syntax(layout),
            charset=encoding.charset,
            outer=encoding.surroundings,
            is_layout_certain=True,
            keeps_empty_items=True,
        )
        return self._items(data_set, element.tag, "", encoding)

    def _items(self, data_set: DataSet, tag: Tag, path: str, encoding: _Encoding) -> bytes:
        items = [
            self._item(item, f"{path}{tag:08X}/{number}/", encoding)
            for number, item in enumerate(data_set.items(tag), 1)
        ]
        if not items:
            return b'"%08X":{"vr":"SQ"}' % tag
        return b'"%08X":{"vr":"SQ","Value":[%b]}' % (tag, b",".join(items))

    def _item(self, item: DataSet, path: str, outer: _Encoding) -> bytes:
        encoding = outer
        if item.charset is not outer.charset:
            encoding = self._encoding(item.charset, outer.layout, is_signed=False)
        members = [
            self._item_member(item, tag, path, encoding) for tag in sorted(item) if is_in_model(tag)
        ]
        return b"{%b}" % b",".join(members)

    def _item_member(self, item: DataSet, tag: Tag, path: str, encoding: _Encoding) -> bytes:
        vr = item.vr(tag)
        if vr == VR.SQ:
            return self._items(item, tag, path, encoding)
        raw = item.raw(tag)
        if not raw and not item.is_empty(tag):
            return _of_fragments(tag, vr, path, is_empty=False)
        if self.is_bulk(tag, vr, len(raw)):
            return _bulk(tag, vr, path)
        # Frames of a multi-frame image say much the same, too.
        key = (tag, vr, raw)
        member = encoding.remembered.get(key)
        if member is None:
            member = _inline(tag, vr, raw, encoding)
            if len(raw) <= MAX_REMEMBERED_VALUE_BYTES:
                encoding.remembered.put(key, member)
        return member


def with_base(written: bytes, bulk_base: str) -> bytes:
    """A JSON object with its BulkDataURIs below this base."""
    return written.replace(MARK, json_bytes(json_text(bulk_base)[1:-1]))


def _declared(elements: Mapping[Tag, Element], data: bytes) -> CharacterSet:
    element = elements.get(SPECIFIC_CHARACTER_SET)
    if element is None:
        return DEFAULT_CHARACTER_SET
    return character_set(data[element.offset : element.offset + element.length])


def _is_signed(elements: Mapping[Tag, Element], data: bytes, layout: Layout) -> bool:
    """Whether pixels are, and so what is `US or SS` in Implicit VR (PS3.3 section C.7.6.3)."""
    element = elements.get(PIXEL_REPRESENTATION)
    if element is None:
        return False
    raw = data[element.offset : element.offset + element.length]
    order: Literal["little", "big"] = "big" if layout is EXPLICIT_BIG else "little"
    return int.from_bytes(raw, order) == 1


def _cut_short(found: Scan, buffer: bytes) -> Element | None:
    """The sequence within which a data set ends, as far as it is there."""
    if found.is_complete:
        return None
    header = read_header(buffer, found.end_offset, found.layout, len(buffer))
    if header is None or header.tag >> 16 == DELIMITER_GROUP:
        return None
    rest = len(buffer) - header.start
    element = Element(header.tag, header.vr, header.start, rest, is_undefined_length=False)
    return element if element_vr(element) == VR.SQ else None


def _inline(tag: Tag, vr: str, raw: bytes, encoding: _Encoding) -> bytes:
    is_little_endian = encoding.layout is not EXPLICIT_BIG
    said = attribute(tag, vr, raw, encoding.charset, is_little_endian=is_little_endian)
    values = said.get("Value")
    if values is None:
        return json_bytes(f'"{tag:08X}":{json_text(said)}')
    # Most have values: those are all that is still to be written.
    return json_bytes(f'"{tag:08X}":{{"vr":"{vr}","Value":{json_text(values)}}}')


def _bulk(tag: Tag, vr: str, path: str) -> bytes:
    return b'"%08X":{"vr":"%b","BulkDataURI":"%b%b%08X"}' % (
        tag, vr.encode(), MARK, path.encode(), tag,
    )  # fmt: skip


def _of_fragments(tag: Tag, vr: str, path: str, *, is_empty: bool) -> bytes:
    """A value of undefined length that is no sequence (PS3.5 section A.4)."""
    if is_empty or vr not in BULK_VRS:
        return b'"%08X":{"vr":"%b"}' % (tag, vr.encode())
    return _bulk(tag, vr, path)


def _sequence_header(element: Element, layout: Layout) -> bytes:
    size = UNDEFINED_LENGTH if element.is_undefined_length else element.length
    # PS3.5 section 6.2.2: as UN its items are in Implicit VR Little Endian.
    vr = VR.UN if element.vr == VR.UN else VR.SQ
    return encode_header(layout, element.tag, vr, size)


def _sequence_end(element: Element, layout: Layout) -> bytes:
    if not element.is_undefined_length:
        return b""
    return encode_item_header(layout, SEQUENCE_DELIMITATION, 0)
