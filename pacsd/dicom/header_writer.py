"""Headers of elements and items as bytes (PS3.5 sections 7.1 and 7.5)."""

from pacsd.dicom.headers import Layout
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import has_long_length

MAX_SHORT_LENGTH = 0xFFFE
"""The longest value of a VR with a 16-bit length: lengths are even (PS3.5 section 7.1.2)."""


def encode_header(layout: Layout, tag: Tag, vr: str, length: int) -> bytes:
    """The header of an element; its VR goes into Explicit VR only."""
    group, element = tag >> 16, tag & 0xFFFF
    if layout.is_implicit_vr:
        return layout.implicit.pack(group, element, length)
    if has_long_length(vr):
        return layout.short.pack(group, element, vr.encode(), 0) + layout.length.pack(length)
    return layout.short.pack(group, element, vr.encode(), length)


def encode_item_header(layout: Layout, tag: Tag, length: int) -> bytes:
    """The header of an item or a delimiter, which never has a VR (PS3.5 section 7.5)."""
    return layout.implicit.pack(tag >> 16, tag & 0xFFFF, length)
