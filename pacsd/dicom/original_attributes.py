"""Items of Original Attributes Sequence (0400,0561): what a data set said before it was corrected.

PS3.3 section C.12.1.1.9: an item for each time at which attributes were modified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pacsd.dicom.header_writer import MAX_SHORT_LENGTH, encode_header, encode_item_header
from pacsd.dicom.headers import ITEM, Layout
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR, has_long_length, padding_byte

ORIGINAL_ATTRIBUTES_SEQUENCE: Tag = 0x04000561

_MODIFIED_ATTRIBUTES_SEQUENCE: Tag = 0x04000550
_ATTRIBUTE_MODIFICATION_DATE_TIME: Tag = 0x04000562
_MODIFYING_SYSTEM: Tag = 0x04000563
_SOURCE_OF_PREVIOUS_VALUES: Tag = 0x04000564
_REASON_FOR_THE_ATTRIBUTE_MODIFICATION: Tag = 0x04000565
_CORRECT = b"CORRECT"
_KNOWN_VRS = frozenset(VR)


class OldValue(NamedTuple):
    """A value as it was written; of none there are no bytes. The VR is None in Implicit VR."""

    vr: str | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class Modification:
    """What was modified at a time, a value of VR DT in ASCII, and by which system."""

    moment: str
    system: str
    old_values: Mapping[Tag, OldValue]


def by_moment(
    system: str,
    moments: Mapping[Tag, str],
    old_values: Mapping[Tag, OldValue],
    common: Mapping[Tag, OldValue],
) -> list[Modification]:
    """The modifications of each moment, the earliest first; `common` was modified with all."""
    modifications: list[Modification] = []
    for moment in sorted({*moments.values()}):
        theirs = {tag: old for tag, old in old_values.items() if moments[tag] == moment}
        modifications.append(Modification(moment, system, {**common, **theirs}))
    return modifications


def encode_items(layout: Layout, modifications: Sequence[Modification]) -> bytes:
    """The items, as they stand in a sequence."""
    return b"".join(_item(layout, _attributes(layout, each)) for each in modifications)


def encode_element(layout: Layout, tag: Tag, vr: str, raw: bytes) -> bytes:
    """An element with its value padded to even length (PS3.5 section 7.1.1)."""
    padded = raw + padding_byte(vr) if len(raw) & 1 else raw
    return encode_header(layout, tag, vr, len(padded)) + padded


def _attributes(layout: Layout, modification: Modification) -> bytes:
    old = [
        encode_element(layout, tag, _vr(value), value.raw)
        for tag, value in sorted(modification.old_values.items())
    ]
    modified = _item(layout, b"".join(old))
    attributes: tuple[tuple[Tag, VR, bytes], ...] = (
        (_MODIFIED_ATTRIBUTES_SEQUENCE, VR.SQ, modified),
        (_ATTRIBUTE_MODIFICATION_DATE_TIME, VR.DT, modification.moment.encode("ascii")),
        (_MODIFYING_SYSTEM, VR.LO, modification.system.encode("ascii")),
        # Of type 2, and empty: the values were those of the object itself.
        (_SOURCE_OF_PREVIOUS_VALUES, VR.LO, b""),
        (_REASON_FOR_THE_ATTRIBUTE_MODIFICATION, VR.CS, _CORRECT),
    )
    return b"".join(encode_element(layout, *each) for each in attributes)


def _item(layout: Layout, content: bytes) -> bytes:
    return encode_item_header(layout, ITEM, len(content)) + content


def _vr(value: OldValue) -> str:
    """That of the data set; UN where no length field of it has room, or nobody knows it."""
    vr = value.vr
    if vr not in _KNOWN_VRS or vr is None:
        return VR.UN
    return vr if has_long_length(vr) or len(value.raw) < MAX_SHORT_LENGTH else VR.UN
