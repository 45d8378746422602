"""Items of Original Attributes Sequence (0400,0561): what a copy said before.

PS3.3 section C.12.1.1.9 has an item for each time at which attributes were modified.
"""

from collections.abc import Mapping
from datetime import datetime

from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.headers import Layout
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd_coerce.tree import DataSet, Element, Sequence

_MODIFIED_ATTRIBUTES_SEQUENCE: Tag = 0x04000550
_ATTRIBUTE_MODIFICATION_DATE_TIME: Tag = 0x04000562
_MODIFYING_SYSTEM: Tag = 0x04000563
_SOURCE_OF_PREVIOUS_VALUES: Tag = 0x04000564
_REASON_FOR_THE_ATTRIBUTE_MODIFICATION: Tag = 0x04000565


def item_of(old: Mapping[Tag, Element | None], layout: Layout, moment: datetime) -> DataSet:
    """The item for these old values; what was not there stands in it without a value."""
    before = {tag: each or Element(vr_of(tag), b"") for tag, each in old.items()}
    at = f"{moment:%Y%m%d%H%M%S.%f%z}".encode("ascii")
    return {
        _SOURCE_OF_PREVIOUS_VALUES: Element(VR.LO, b""),
        _ATTRIBUTE_MODIFICATION_DATE_TIME: Element(VR.DT, at),
        _MODIFYING_SYSTEM: Element(VR.LO, b"pacsd"),
        _REASON_FOR_THE_ATTRIBUTE_MODIFICATION: Element(VR.CS, b"COERCE"),
        _MODIFIED_ATTRIBUTES_SEQUENCE: Element(VR.SQ, Sequence(layout, [before])),
    }
