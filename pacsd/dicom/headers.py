"""Data Element headers: tag, VR and length in the three uncompressed encodings (PS3.5 section 7.1).

Readers of data sets (`scan`, `walk`) stand on it.
"""

from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple, TypeAlias

from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR, has_long_length

Buffer: TypeAlias = bytes | bytearray | memoryview

UNDEFINED_LENGTH = 0xFFFFFFFF
HEADER_BYTES = 8
"""A header in Implicit VR, of a short VR, or of an item; PS3.5 section 7.1.2 has 4 more."""

ITEM = 0xFFFEE000
ITEM_DELIMITATION = 0xFFFEE00D
SEQUENCE_DELIMITATION = 0xFFFEE0DD
DELIMITER_GROUP = 0xFFFE

SHORT_VRS = {vr.encode(): vr for vr in VR if not has_long_length(vr)}
LONG_VRS = {vr.encode(): vr for vr in VR if has_long_length(vr)}
_KNOWN_VRS = frozenset(SHORT_VRS) | frozenset(LONG_VRS)


@dataclass(frozen=True, slots=True)
class Layout:
    """How headers are written: group, element, then VR or not, then the length."""

    is_implicit_vr: bool
    implicit: Struct
    short: Struct
    length: Struct


def _layout(order: str, is_implicit_vr: bool) -> Layout:
    return Layout(
        is_implicit_vr, Struct(order + "HHI"), Struct(order + "HH2sH"), Struct(order + "I")
    )


IMPLICIT_LITTLE = _layout("<", is_implicit_vr=True)
EXPLICIT_LITTLE = _layout("<", is_implicit_vr=False)
EXPLICIT_BIG = _layout(">", is_implicit_vr=False)


class Element(NamedTuple):
    """Where one Data Element's value lies.

    A tuple, not a dataclass: hundreds are made for every object received. `vr` is None in
    Implicit VR, and text that is no `VR` where a device wrote such. `length` is UNDEFINED_LENGTH
    where the value's end was not looked for.
    """

    tag: Tag
    vr: str | None
    offset: int
    length: int
    is_undefined_length: bool


class Header(NamedTuple):
    """A header as read: `start` is the value's offset, `length` the field as it stands."""

    tag: Tag
    vr: str | None
    start: int
    length: int
    quirk: QuirkKind | None


def layout_of(syntax: TransferSyntax) -> Layout:
    """The layout of a Transfer Syntax; of a deflated one, that of the inflated bytes."""
    if syntax.is_implicit_vr:
        return IMPLICIT_LITTLE
    return EXPLICIT_LITTLE if syntax.is_little_endian else EXPLICIT_BIG


def is_explicit_header(buffer: Buffer, offset: int) -> bool:
    """Whether the bytes of a VR stand where Explicit VR has them."""
    return bytes(buffer[offset + 4 : offset + 6]) in _KNOWN_VRS


def read_header(buffer: Buffer, offset: int, layout: Layout, limit: int) -> Header | None:
    """The header at `offset`, or None where `limit` comes before its end.

    Items and delimiters have no VR in any encoding (PS3.5 section 7.5).
    """
    start = offset + HEADER_BYTES
    if start > limit:
        return None
    if layout.is_implicit_vr:
        return _without_vr(buffer, offset, layout, None)
    group, element, code, length = layout.short.unpack_from(buffer, offset)
    tag = group << 16 | element
    vr = SHORT_VRS.get(code)
    if vr is not None:
        return Header(tag, vr, start, length, None)
    if group == DELIMITER_GROUP:
        return _without_vr(buffer, offset, layout, None)
    if code in LONG_VRS:
        return _long(buffer, Header(tag, LONG_VRS[code], start, length, None), layout, limit)
    return _of_unknown_vr(buffer, offset, code, layout, limit)


def _without_vr(buffer: Buffer, offset: int, layout: Layout, quirk: QuirkKind | None) -> Header:
    group, element, length = layout.implicit.unpack_from(buffer, offset)
    return Header(group << 16 | element, None, offset + HEADER_BYTES, length, quirk)


def _long(buffer: Buffer, header: Header, layout: Layout, limit: int) -> Header | None:
    """The same header with the 32-bit length after the reserved bytes (PS3.5 table 7.1-1)."""
    if header.start + layout.length.size > limit:
        return None
    (length,) = layout.length.unpack_from(buffer, header.start)
    return header._replace(start=header.start + layout.length.size, length=length)


def _of_unknown_vr(
    buffer: Buffer, offset: int, code: bytes, layout: Layout, limit: int
) -> Header | None:
    """The header of a VR that is none of the standard's.

    Letters: a VR that may still come has the 32-bit form (PS3.5 section 7.1.2), of which the two
    reserved bytes are 0; where they are not, they can only be a 16-bit length. `??` is known from
    devices that write it with a 16-bit length. Anything else was no VR: writers of Explicit VR
    fall back to Implicit VR here and there, most of all in items.
    """
    is_letters = code.isalpha() and code.isupper()
    if not is_letters and code != b"??":
        return _without_vr(buffer, offset, layout, QuirkKind.NO_VR)
    group, element, _, length = layout.short.unpack_from(buffer, offset)
    vr = code.decode("ascii")
    quirk = QuirkKind.UNKNOWN_VR
    header = Header(group << 16 | element, vr, offset + HEADER_BYTES, length, quirk)
    return _long(buffer, header, layout, limit) if is_letters and not length else header
