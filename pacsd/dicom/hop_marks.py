"""Marks in Contributing Equipment Sequence (0018,A001): by whom copies of an object were made.

Each is an item for a Modifying Equipment (PS3.3 section C.12.1.1.5), whose Device UID (0018,1002)
is the mark, one made of a UUID (PS3.5 section B.2). It says nothing else, neither when nor where:
the same copy, made twice, has the same bytes, and with a de-identified one nothing leaves that was
not meant to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pacsd.dicom.errors import ScanError
from pacsd.dicom.header_writer import encode_item_header
from pacsd.dicom.headers import IMPLICIT_LITTLE, ITEM, Buffer, Layout
from pacsd.dicom.original_attributes import encode_element
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.scan import Scan, scan
from pacsd.dicom.stored_header import header_syntax
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.uid import decode_uid, encode_uid, is_valid_uid
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import walk

CONTRIBUTING_EQUIPMENT_SEQUENCE: Tag = 0x0018A001
MAX_HEADERS = 65_536
"""Items and elements of that sequence which are looked at; a bound on time."""

_PURPOSE_OF_REFERENCE_CODE_SEQUENCE: Tag = 0x0040A170
_MANUFACTURER: Tag = 0x00080070
_DEVICE_UID: Tag = 0x00181002
_CODE_VALUE: Tag = 0x00080100
_CODING_SCHEME_DESIGNATOR: Tag = 0x00080102
_CODE_MEANING: Tag = 0x00080104
_ITEM_HEADER_BYTES = 8
_OF_UUIDS = "2.25."

_Place: TypeAlias = tuple[Tag, ...]
"""An element by its tag, with the sequences inside the item that it stands in before it."""

_PURPOSE: _Place = (_PURPOSE_OF_REFERENCE_CODE_SEQUENCE, _CODE_VALUE)
_SCHEME: _Place = (_PURPOSE_OF_REFERENCE_CODE_SEQUENCE, _CODING_SCHEME_DESIGNATOR)
_OURS = {(_MANUFACTURER,): b"pacsd", _PURPOSE: b"109103", _SCHEME: b"DCM"}
_WANTED = frozenset({*_OURS, (_DEVICE_UID,)})


@dataclass(frozen=True, slots=True)
class Trail:
    """The marks of a data set, the oldest first, and what stands beside them.

    The sequence stands from `start` to `end`, or would stand at both. `others` are the items that
    are no marks, as they are written; `vr` is that of the sequence, `layout` that of the data set.
    """

    marks: tuple[str, ...]
    start: int
    end: int
    others: bytes
    vr: str
    layout: Layout


def read_trail(first: Buffer, syntax: TransferSyntax, *, is_whole: bool) -> Trail:
    """The marks of the data set of which these are the first bytes, inflated if it is deflated.

    Raises:
        ScanError: its structure cannot be read, or the place of the sequence is not among them.
    """
    none: frozenset[Tag] = frozenset()
    tag = CONTRIBUTING_EQUIPMENT_SEQUENCE
    before = scan(first, syntax, stop_before=tag, wanted=none, is_whole=is_whole)
    _check(before, first)
    start = before.end_offset
    if before.stopped_at is None or before.stopped_at.tag != tag:
        return Trail((), start, start, b"", VR.SQ, before.layout)
    through = scan(first, syntax, stop_before=tag + 1, after=before, is_whole=is_whole)
    _check(through, first)
    element = through.elements[tag]
    items = _items(first[start : through.end_offset], before.layout)
    end = element.offset + element.length - start
    stops = [*(each.start for each in items[1:]), end]
    others = [
        bytes(first[start + each.start : start + stop])
        for each, stop in zip(items, stops, strict=False)
        if each.mark is None
    ]
    marks = tuple(each.mark for each in items if each.mark is not None)
    vr = VR.UN if element.vr == VR.UN else VR.SQ
    return Trail(marks, start, through.end_offset, b"".join(others), vr, before.layout)


def encode_trail(trail: Trail, marks: Sequence[str]) -> bytes:
    """The sequence with these marks behind the items of others."""
    # PS3.5 section 6.2.2: a sequence as UN is written in Implicit VR Little Endian.
    layout = IMPLICIT_LITTLE if trail.vr == VR.UN else trail.layout
    items = trail.others + b"".join(_item(layout, _mark(layout, mark)) for mark in marks)
    return encode_element(trail.layout, CONTRIBUTING_EQUIPMENT_SEQUENCE, trail.vr, items)


@dataclass(slots=True)
class _Item:
    """An item: where its header stands, and what it says in the places that tell a mark."""

    start: int
    values: dict[_Place, bytes] = field(default_factory=dict)

    @property
    def mark(self) -> str | None:
        """Its Device UID, if it is a mark."""
        if any(self.values.get(place) != value for place, value in _OURS.items()):
            return None
        uid = decode_uid(self.values.get((_DEVICE_UID,), b""))
        return uid if uid.startswith(_OF_UUIDS) and is_valid_uid(uid) else None


def _check(found: Scan, first: Buffer) -> None:
    if not found.is_complete:
        where = f"not within the first {len(first)} bytes of the data set"
        raise ScanError(f"the place of {format_tag(CONTRIBUTING_EQUIPMENT_SEQUENCE)} is {where}")


def _items(written: Buffer, layout: Layout) -> list[_Item]:
    """The items of the sequence that these bytes are."""
    items: list[_Item] = []
    walked = walk(
        written,
        header_syntax(layout),
        max_headers=MAX_HEADERS,
        is_layout_certain=True,
        tells_items=True,
    )
    for path, element in walked:
        if len(path) == 1 and element.tag == ITEM:
            items.append(_Item(element.offset - _ITEM_HEADER_BYTES))
        place = (*(tag for tag, _ in path[1:]), element.tag)
        if place in _WANTED and items:
            value = bytes(written[element.offset : element.offset + element.length])
            items[-1].values[place] = value.strip(b" \0")
    return items


def _mark(layout: Layout, mark: str) -> bytes:
    code = (
        encode_element(layout, _CODE_VALUE, VR.SH, _OURS[_PURPOSE])
        + encode_element(layout, _CODING_SCHEME_DESIGNATOR, VR.SH, _OURS[_SCHEME])
        + encode_element(layout, _CODE_MEANING, VR.LO, b"Modifying Equipment")
    )
    purpose = _item(layout, code)
    return (
        encode_element(layout, _MANUFACTURER, VR.LO, _OURS[(_MANUFACTURER,)])
        + encode_element(layout, _DEVICE_UID, VR.UI, encode_uid(mark))
        + encode_element(layout, _PURPOSE_OF_REFERENCE_CODE_SEQUENCE, VR.SQ, purpose)
    )


def _item(layout: Layout, content: bytes) -> bytes:
    return encode_item_header(layout, ITEM, len(content)) + content
