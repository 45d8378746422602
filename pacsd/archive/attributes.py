"""The attributes of an object as text, decoded when somebody asks for one."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from pacsd.dicom.charset import CharacterSet, character_set
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.header_stream import DataSetHeader
from pacsd.dicom.headers import EXPLICIT_BIG
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.values import read_values
from pacsd.dicom.vr import VR

SPECIFIC_CHARACTER_SET: Tag = 0x00080005


class Attributes(Mapping[Tag, str]):
    """Tag -> text of each element outside sequences that has a value.

    Several values are joined by a backslash, in the order sent. Most objects belong to a series
    that is known: of these only few attributes are asked for, and the others cost nothing.
    """

    def __init__(self, header: DataSetHeader) -> None:
        self._header = header

    def __getitem__(self, tag: Tag) -> str:
        text = self._text(tag)
        if not text:
            raise KeyError(format_tag(tag))
        return text

    def __iter__(self) -> Iterator[Tag]:
        return (tag for tag in self._header.elements if self._text(tag))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _charset(self) -> CharacterSet:
        return character_set(self._header.value(SPECIFIC_CHARACTER_SET) or b"")

    def _text(self, tag: Tag) -> str:
        raw = self._header.value(tag)
        if not raw:
            return ""
        vr = self._vr(tag)
        if vr is None or vr in _WITHOUT_TEXT:
            return ""
        is_little_endian = self._header.layout is not EXPLICIT_BIG
        values = read_values(raw, vr, self._charset, is_little_endian=is_little_endian)
        form = "{:08X}" if vr == VR.AT else "{}"
        return "\\".join(form.format(value) for value in values if not isinstance(value, bytes))

    def _vr(self, tag: Tag) -> str | None:
        """As the object has it; where that is no help, as PS3.6 has it."""
        vr = self._header.elements[tag].vr
        return vr_of(tag) if vr is None or vr not in _KNOWN or vr == VR.UN else vr


_KNOWN = frozenset(VR)
_WITHOUT_TEXT = frozenset({VR.OB, VR.OD, VR.OF, VR.OL, VR.OV, VR.OW, VR.SQ, VR.UN})
