"""Text of a data set that is changed (the port Texts), and its character sets (PS3.5 section 6.1).

New text goes into the character sets that are declared, or into those with others behind them;
where they cannot be added to, all text of the data set is written anew in Unicode.
"""

from collections.abc import Iterator

from pacsd.dicom.charset import CharacterSet, character_set, decode_text
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import IN_CHARACTER_SET, read_texts
from pacsd.dicom.vr import VR, is_text
from pacsd.dicom.widened_charset import Text, WidenedCharset, widened
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.text_steps import name_of
from pacsd_coerce.tree import DataSet, Element, Sequence

SPECIFIC_CHARACTER_SET: Tag = 0x00080005
UNICODE = b"ISO_IR 192"
_ESC = b"\x1b"
_LOST = frozenset({QuirkKind.UNDECODABLE_TEXT})


class ObjectText:
    """The text of one data set outside sequences. What was there is kept in `old`, by tag."""

    def __init__(self, data_set: DataSet) -> None:
        self.data_set = data_set
        self.old: dict[Tag, Element | None] = {}

    def text(self, tag: Tag, /) -> str:
        """The value of an attribute, '' for none."""
        element = self.data_set.get(tag)
        if element is None or not isinstance(element.value, bytes):
            return ""
        vr = _text_vr(tag, element.vr)
        return "\\".join(read_texts(element.value, vr, _declared(self.data_set).charset))

    def put(self, tag: Tag, value: str, /) -> None:
        """Give an attribute another value; one that says it already is left alone."""
        if tag in self.data_set and self.text(tag) == value:
            return
        self.note(tag)
        vr = _text_vr(tag, None)
        raw = self._encoded(Text(value, vr))
        self.data_set[tag] = Element(vr, raw)

    def remove(self, tag: Tag, /) -> None:
        """Leave an attribute out."""
        self.note(tag)
        self.data_set.pop(tag, None)

    def note(self, tag: Tag) -> None:
        """Remember what stands there now, if nothing was before."""
        self.old.setdefault(tag, self.data_set.get(tag))

    def _encoded(self, text: Text) -> bytes:
        declared = _declared(self.data_set)
        raw = declared.encode(text)
        if raw is None:
            raw = self._widened(declared, text)
        return raw

    def _widened(self, declared: WidenedCharset, text: Text) -> bytes:
        """In character sets with more behind them, or in Unicode if there are none."""
        self.note(SPECIFIC_CHARACTER_SET)
        wider = widened(declared.declared, [text])
        raw = wider.encode(text)
        if raw is not None:
            self.data_set[SPECIFIC_CHARACTER_SET] = Element(VR.CS, wider.declared)
            return raw
        rewrite(self.data_set, UNICODE)
        return text.value.encode()


def rewrite(data_set: DataSet, declared: bytes) -> None:
    """Write all text anew in other character sets, that of sequences, too.

    Raises:
        NotCoerced: some of it is no text in its own character sets, or not in these ones. Then
            nothing is changed.
    """
    target = WidenedCharset(declared, character_set(declared))
    found = list(_rewritten(data_set, character_set(b""), target))
    for element, raw in found:
        element.value = raw
    _declare(data_set, declared)


def _rewritten(
    data_set: DataSet, outer: CharacterSet, target: WidenedCharset
) -> Iterator[tuple[Element, bytes]]:
    """Elements, and what they become."""
    own = data_set.get(SPECIFIC_CHARACTER_SET)
    charset = outer
    if own is not None and isinstance(own.value, bytes):
        charset = character_set(own.value)
    for tag, element in data_set.items():
        if isinstance(element.value, Sequence):
            for item in element.value.items:
                yield from _rewritten(item, charset, target)
        elif isinstance(element.value, bytes):
            vr = _own_vr(tag, element.vr)
            if vr in IN_CHARACTER_SET and (not element.value.isascii() or _ESC in element.value):
                yield element, _again(tag, element.value, vr, charset, target)


def _again(tag: Tag, raw: bytes, vr: str, charset: CharacterSet, target: WidenedCharset) -> bytes:
    text, quirks = decode_text(raw, charset, vr)
    if _LOST & {*quirks}:
        raise NotCoerced(f"{name_of(tag)}: is no text in the character sets of the object")
    made = target.encode(Text(text, vr))
    if made is None:
        rule = f"has characters that are not in {target.declared.decode('ascii', 'replace')}"
        raise NotCoerced(f"{name_of(tag)}: {rule}")
    return made


def _declare(data_set: DataSet, declared: bytes) -> None:
    """Say it once, outside sequences; items without one have that (PS3.3 section C.12.1.1.2)."""
    for element in data_set.values():
        if isinstance(element.value, Sequence):
            for item in element.value.items:
                _undeclare(item)
    data_set[SPECIFIC_CHARACTER_SET] = Element(VR.CS, declared)


def _undeclare(data_set: DataSet) -> None:
    data_set.pop(SPECIFIC_CHARACTER_SET, None)
    for element in data_set.values():
        if isinstance(element.value, Sequence):
            for item in element.value.items:
                _undeclare(item)


def _declared(data_set: DataSet) -> WidenedCharset:
    element = data_set.get(SPECIFIC_CHARACTER_SET)
    raw = element.value if element is not None and isinstance(element.value, bytes) else b""
    return WidenedCharset(raw, character_set(raw))


def _own_vr(tag: Tag, vr: str | None) -> str:
    return vr if vr is not None and vr != VR.UN else vr_of(tag) or VR.UN


def _text_vr(tag: Tag, vr: str | None) -> str:
    """That of the element if it is one of text, else that of PS3.6."""
    return vr if vr is not None and is_text(vr) else vr_of(tag) or VR.UN
