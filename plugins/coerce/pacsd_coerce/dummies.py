"""Dummy values: of no meaning, but such as the VR has them (PS3.15 table E.1-1a, action D)."""

from collections.abc import Mapping
from types import MappingProxyType

from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd_coerce.keyed import Keyed
from pacsd_coerce.tree import DataSet, Element, Sequence
from pacsd_coerce.uids import remapped

_TEXT = b"ANON"
_DUMMIES: Mapping[str, bytes] = MappingProxyType(
    {
        VR.AS: b"000D",
        VR.DA: b"19000101",
        VR.DT: b"19000101000000",
        VR.TM: b"000000",
        VR.DS: b"0",
        VR.IS: b"0",
        VR.UR: b"http://anon.invalid",
        VR.US: bytes(2),
        VR.SS: bytes(2),
        VR.UL: bytes(4),
        VR.SL: bytes(4),
        VR.FL: bytes(4),
        VR.AT: bytes(4),
        VR.OF: bytes(4),
        VR.OL: bytes(4),
        VR.UV: bytes(8),
        VR.SV: bytes(8),
        VR.FD: bytes(8),
        VR.OD: bytes(8),
        VR.OV: bytes(8),
        VR.OB: bytes(2),
        VR.OW: bytes(2),
        VR.UN: bytes(2),
    }
)
# What says how content items hang together, not what they say (PS3.3 section C.17.3): Value Type,
# Relationship Type and Continuity of Content.
_STRUCTURE = frozenset({0x0040A040, 0x0040A010, 0x0040A050})
_TERMS = frozenset(
    {
        b"TEXT", b"NUM", b"CODE", b"DATETIME", b"DATE", b"TIME", b"UIDREF", b"PNAME", b"COMPOSITE",
        b"IMAGE", b"WAVEFORM", b"SCOORD", b"SCOORD3D", b"TCOORD", b"CONTAINER", b"TABLE",
        b"CONTAINS", b"HAS OBS CONTEXT", b"HAS ACQ CONTEXT", b"HAS CONCEPT MOD",
        b"HAS PROPERTIES", b"INFERRED FROM", b"SELECTED FROM", b"SEPARATE", b"CONTINUOUS",
    }
)  # fmt: skip


def dummy(tag: Tag, element: Element, keyed: Keyed) -> Element:
    """The element with a value that says nothing; of a sequence, with such in its items."""
    if isinstance(element.value, Sequence):
        items = [dummy_item(each, keyed) for each in element.value.items]
        return Element(element.vr, Sequence(element.value.layout, items))
    vr = _vr(tag, element)
    if vr == VR.UI and isinstance(element.value, bytes):
        return Element(element.vr, remapped(tag, element, keyed))
    return Element(element.vr, _DUMMIES.get(vr, _TEXT))


def dummy_item(item: DataSet, keyed: Keyed) -> DataSet:
    """An item with the same attributes of PS3.6, of which none says anything."""
    return {
        tag: element if _is_structure(tag, element) else dummy(tag, element, keyed)
        for tag, element in item.items()
        if vr_of(tag) is not None
    }


def _is_structure(tag: Tag, element: Element) -> bool:
    value = element.value
    return tag in _STRUCTURE and isinstance(value, bytes) and value.strip() in _TERMS


def _vr(tag: Tag, element: Element) -> str:
    vr = element.vr
    return vr if vr is not None and vr != VR.UN else vr_of(tag) or VR.UN
