"""The attributes of an object as text, decoded when somebody asks for one."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import chain

from pacsd.dicom.charset import CharacterSet, character_set
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.errors import ScanError
from pacsd.dicom.header_stream import DataSetHeader
from pacsd.dicom.headers import EXPLICIT_BIG, Element
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.values import read_values
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import walk
from pacsd.index.attributes import ATTRIBUTES

SPECIFIC_CHARACTER_SET: Tag = 0x00080005


class Attributes(Mapping[Tag, str]):
    """Tag -> text of each element outside sequences that has a value.

    Several values are joined by a backslash, in the order sent. Most objects belong to a series
    that is known: of these only few attributes are asked for, and the others cost nothing. What the
    index wants of a sequence is that of its first item.
    """

    def __init__(self, header: DataSetHeader, syntax: TransferSyntax) -> None:
        self._header = header
        self._syntax = syntax

    def __getitem__(self, tag: Tag) -> str:
        text = self._nested.get(tag, "") if tag in _SEQUENCE_OF else self._text(tag)
        if not text:
            raise KeyError(format_tag(tag))
        return text

    def text(self, tag: Tag, vr: str) -> str:
        """The text of an element outside sequences, '' without one; of this VR if it names none."""
        element = self._header.elements.get(tag)
        return "" if element is None else self._decoded(element, vr)

    def __iter__(self) -> Iterator[Tag]:
        plain = (tag for tag in self._header.elements if tag not in _SEQUENCE_OF)
        return chain((tag for tag in plain if self._text(tag)), self._nested)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _charset(self) -> CharacterSet:
        return character_set(self._header.value(SPECIFIC_CHARACTER_SET) or b"")

    @cached_property
    def _nested(self) -> Mapping[Tag, str]:
        """The attributes within sequences, where any of these is there."""
        if self._header.elements.keys().isdisjoint(_SEQUENCE_OF.values()):
            return {}
        found: dict[Tag, str] = {}
        with suppress(ScanError):  # in a sequence of defined length, which nobody has read yet
            for path, element in walk(self._header.raw, self._syntax):
                if path and path == ((_SEQUENCE_OF.get(element.tag), 0),):
                    found[element.tag] = self._decoded(element)
        return {tag: text for tag, text in found.items() if text}

    def _text(self, tag: Tag) -> str:
        element = self._header.elements.get(tag)
        return "" if element is None else self._decoded(element)

    def _decoded(self, element: Element, otherwise: str | None = None) -> str:
        raw = self._header.raw[element.offset : element.offset + element.length]
        vr = _vr(element) or otherwise
        if not raw or vr is None or vr in _WITHOUT_TEXT:
            return ""
        is_little_endian = self._header.layout is not EXPLICIT_BIG
        values = read_values(raw, vr, self._charset, is_little_endian=is_little_endian)
        form = "{:08X}" if vr == VR.AT else "{}"
        return "\\".join(form.format(value) for value in values if not isinstance(value, bytes))


def _vr(element: Element) -> str | None:
    """As the object has it; where that is no help, as PS3.6 has it; None for private ones."""
    vr = element.vr
    return vr_of(element.tag) if vr is None or vr not in _KNOWN or vr == VR.UN else vr


_SEQUENCE_OF = {
    attribute.tag: attribute.sequence
    for attributes in ATTRIBUTES.values()
    for attribute in attributes
    if attribute.sequence is not None
}
_KNOWN = frozenset(VR)
_WITHOUT_TEXT = frozenset({VR.OB, VR.OD, VR.OF, VR.OL, VR.OV, VR.OW, VR.SQ, VR.UN})
