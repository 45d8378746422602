"""The VR with which an element is written in Explicit VR, when it came without one.

Where the dictionary names several, other attributes decide (PS3.5 sections A.1 and A.2, PS3.6).
"""

from pacsd.dicom.dictionary import DataElement, data_element, vr_of
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

BITS_ALLOCATED = 0x00280100
PIXEL_REPRESENTATION = 0x00280103
WAVEFORM_BITS_ALLOCATED = 0x54001004
DECIDING = frozenset({BITS_ALLOCATED, PIXEL_REPRESENTATION, WAVEFORM_BITS_ALLOCATED})
"""Attributes of VR US on which the VRs of others depend."""

# By the upper half of the group: Waveform Data, Pixel Data. Overlay Data is always words.
_BITS_OF = {0x54: WAVEFORM_BITS_ALLOCATED, 0x7F: BITS_ALLOCATED}
_BYTE_BITS = 8
_TWOS_COMPLEMENT = 1


class Surroundings:
    """The deciding attributes of a data set or item; what it lacks is that of the one around it.

    An icon image has its own, the items of a Modality LUT Sequence those of their image.
    """

    __slots__ = ("_known", "_outer")

    def __init__(self, outer: "Surroundings | None" = None) -> None:
        self._outer = outer
        self._known: dict[Tag, int] = {}

    def learn(self, tag: Tag, value: int) -> None:
        """The value of a deciding attribute has come."""
        self._known[tag] = value

    def get(self, tag: Tag) -> int | None:
        """The value that holds here, None as long as it has not come."""
        value = self._known.get(tag)
        return self._outer.get(tag) if value is None and self._outer is not None else value


def explicit_vr(tag: Tag, surroundings: Surroundings) -> VR:
    """The VR of an element that has none: UN for private and unknown ones (PS3.5 section 6.2.2).

    `OB or OW` of which nothing is known is OW, as it is in Implicit VR (PS3.5 section A.1).
    """
    row = data_element(tag)
    if row is None:
        return vr_of(tag) or VR.UN
    return row.vrs[0] if len(row.vrs) == 1 else _decided(row, tag, surroundings)


def pixel_vr(vr: str | None, surroundings: Surroundings) -> str | None:
    """The VR of native Pixel Data: OW where a pixel has more than 8 bits (PS3.5 section A.2)."""
    bits = surroundings.get(BITS_ALLOCATED)
    return VR.OW if vr == VR.OB and bits is not None and bits > _BYTE_BITS else vr


def _decided(row: DataElement, tag: Tag, surroundings: Surroundings) -> VR:
    if VR.SS in row.vrs and VR.OW not in row.vrs:
        is_signed = surroundings.get(PIXEL_REPRESENTATION) == _TWOS_COMPLEMENT
        return VR.SS if is_signed else VR.US
    bits_tag = _BITS_OF.get(tag >> 24) if VR.OB in row.vrs else None
    bits = None if bits_tag is None else surroundings.get(bits_tag)
    # LUT Data, US or OW: the numbers are the same, and only OW has room for 65,536 of them.
    return VR.OB if bits is not None and bits <= _BYTE_BITS else VR.OW
