"""The elements of a data set before Original Attributes Sequence, some with other values.

See `corrector`. What passes is given out at once. Only this is kept: elements of which the value
must be known, a header that is not whole yet, and of what was modified the old values.

Behind Original Attributes Sequence headers are still looked at, up to Pixel Data, since devices
write elements out of order: one that ought to have been corrected would say the old value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.errors import ScanError
from pacsd.dicom.header_writer import encode_header
from pacsd.dicom.headers import (
    DELIMITER_GROUP,
    HEADER_BYTES,
    IMPLICIT_LITTLE,
    UNDEFINED_LENGTH,
    Buffer,
    Header,
    Layout,
    layout_of,
    read_header,
)
from pacsd.dicom.original_attributes import (
    ORIGINAL_ATTRIBUTES_SEQUENCE,
    OldValue,
    by_moment,
    encode_element,
    encode_items,
)
from pacsd.dicom.quirks import QuirkCounter
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.undefined_length import UndefinedLength
from pacsd.dicom.values import read_texts
from pacsd.dicom.vr import VR, is_text, padding_byte
from pacsd.dicom.walk import first_layout
from pacsd.dicom.widened_charset import Text, WidenedCharset, widened

MAX_HELD_BYTES = 1024 * 1024
"""Of one value that is corrected, and of all that stands before Specific Character Set together."""

_SPECIFIC_CHARACTER_SET: Tag = 0x00080005
_LENGTH_TO_END: Tag = 0x00080001
_IDENTIFYING_GROUP = 0x0008
_BEFORE_TEXT = range(_IDENTIFYING_GROUP << 16, _SPECIFIC_CHARACTER_SET + 1)
_ORIGINAL_ATTRIBUTES_GROUP = 0x0400
# Float, Double Float and Pixel Data (PS3.3 sections C.7.6.24, C.7.6.25 and C.7.6.3).
_PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})


@dataclass(frozen=True, slots=True)
class NewValue:
    """The value that an attribute of text is to have, '' for none, and since when, as VR DT."""

    tag: Tag
    value: str
    moment: str


class _Held(NamedTuple):
    """An element that waits for what comes behind it, as it was written."""

    tag: Tag
    written: bytes
    value: bytes


class PlainCorrector:
    """Corrects one data set that is not deflated; see `corrector.Corrector`.

    When it `is_over`, whatever still comes passes as it is.
    """

    def __init__(self, syntax: TransferSyntax, values: Sequence[NewValue], system: str) -> None:
        self.left: list[Tag] = []
        self._layout = layout_of(syntax)
        self._system = system
        self._asked = {each.tag: each for each in values}
        self._groups = {tag >> 16 for tag in self._asked} | {_ORIGINAL_ATTRIBUTES_GROUP}
        # Tags whose place has not come yet, the next one last.
        self._waiting = sorted(self._asked, reverse=True)
        self._held: list[_Held] = []
        self._held_bytes = 0
        self._charset: WidenedCharset | None = None
        self._old_charset: OldValue | None = None
        self._old_values: dict[Tag, OldValue] = {}
        self.is_over = False
        # Of the place of Original Attributes Sequence: that it is passed, and something was told.
        self._is_begun = self._is_behind = self._is_told = False
        # What is on its way: bytes of a value, then of a sequence, then what is added to that.
        self._passing = 0
        self._undefined: UndefinedLength | None = None
        self._added = b""
        self._rest = b""
        self._out: list[Buffer] = []

    def feed(self, data: Buffer) -> bytes:
        """Take the next bytes, give what they become."""
        if self.is_over:
            return bytes(data)
        buffer, at = self._rest + data, 0
        reached = self._begin(buffer)
        while reached is not None:
            at = reached
            reached = self._step(buffer, at)
        self._rest = buffer[at:]
        return self._written()

    def finish(self) -> bytes:
        """What is left."""
        is_within = self._passing or self._undefined is not None or len(self._rest) >= HEADER_BYTES
        if is_within and (self._added or not self._is_behind):
            raise ScanError("the data set ends within an element, so it cannot be corrected")
        if not self._is_behind:
            self._end_corrections()
        self._out += [self._added, self._rest]
        return self._written()

    def _written(self) -> bytes:
        written = b"".join(self._out)
        self._out.clear()
        return written

    def _begin(self, buffer: bytes) -> int | None:
        """The first header tells the encoding, whatever the Transfer Syntax says."""
        if not self._is_begun:
            if len(buffer) < HEADER_BYTES:
                return None
            self._layout = first_layout(buffer, 0, self._layout, QuirkCounter())
            self._is_begun = True
        return 0

    def _step(self, buffer: bytes, at: int) -> int | None:
        """Go past one header, or what there is of a value; None when more bytes are needed."""
        if self._passing:
            part = buffer[at : at + self._passing]
            self._out.append(part)
            self._passing -= len(part)
            return at + len(part) if part else None
        if self._undefined is not None:
            return self._pass_undefined(self._undefined, buffer, at)
        if self._added:
            self._out.append(self._added)
            self._added = b""
        header = read_header(buffer, at, self._layout, len(buffer))
        return None if header is None else self._element(buffer, at, header)

    def _pass_undefined(self, undefined: UndefinedLength, buffer: bytes, at: int) -> int | None:
        """Pass a header inside a sequence; what is added to it stands before its end."""
        end = undefined.step(buffer, at)
        if end is None:
            return None
        if undefined.is_over:
            self._undefined = None
            self._out.append(self._added)
            self._added = b""
        self._out.append(buffer[at:end])
        self._passing = undefined.take_value()
        return end

    def _element(self, buffer: bytes, at: int, header: Header) -> int | None:
        tag = header.tag
        if tag >> 16 == DELIMITER_GROUP:
            # One that ends nothing. Other readers, and `scan`, go on behind it, too.
            self._out.append(buffer[at : header.start])
            return header.start
        if tag > ORIGINAL_ATTRIBUTES_SEQUENCE and not self._is_behind:
            self._end_corrections()
        if self._is_behind:
            return self._pass_behind(buffer, at, header)
        if tag in _BEFORE_TEXT or tag in self._asked:
            return self._whole(buffer, at, header)
        if tag > _SPECIFIC_CHARACTER_SET:
            self._insert_before(tag)
        if tag == ORIGINAL_ATTRIBUTES_SEQUENCE:
            return self._add_to_sequence(buffer, at, header)
        if tag & 0xFFFF or tag >> 16 not in self._groups:
            self._out.append(buffer[at : header.start])
            self._pass_value(header)
            return header.start
        end = _end_of(header)  # a group length (PS3.5 section 7.2) that is another one now
        return end if end <= len(buffer) else None

    def _pass_behind(self, buffer: bytes, at: int, header: Header) -> int:
        """Pass what comes when nothing is corrected any more."""
        tag = header.tag
        if tag in _PIXELS:
            self._out.append(buffer[at:])
            self.is_over = True
            return len(buffer)
        is_second = tag == ORIGINAL_ATTRIBUTES_SEQUENCE and self._is_told
        if tag in self._asked or is_second or tag == _SPECIFIC_CHARACTER_SET:
            raise _out_of_place(tag)
        self._out.append(buffer[at : header.start])
        self._pass_value(header)
        return header.start

    def _pass_value(self, header: Header) -> None:
        if header.length == UNDEFINED_LENGTH:
            self._undefined = UndefinedLength(header, self._layout)
        else:
            self._passing = header.length

    def _whole(self, buffer: bytes, at: int, header: Header) -> int | None:
        """An element of which the value must be known."""
        end = _end_of(header)
        if end > len(buffer):
            return None
        held = _Held(header.tag, buffer[at:end], buffer[header.start : end])
        if header.tag in _BEFORE_TEXT and self._charset is None:
            self._hold(held)
        elif header.tag in _BEFORE_TEXT:
            self._pass_late(held)
        else:
            self._insert_before(header.tag)
            self._correct(header, held)
        return end

    def _hold(self, held: _Held) -> None:
        self._held_bytes += len(held.written)
        if self._held_bytes > MAX_HELD_BYTES:
            raise ScanError(
                f"{format_tag(held.tag)}: more than {MAX_HELD_BYTES} bytes before Specific "
                "Character Set (0008,0005), so it cannot be corrected"
            )
        self._held.append(held)

    def _pass_late(self, held: _Held) -> None:
        """Pass what ought to have come before any text: in which sets that is, is decided."""
        if held.tag == _SPECIFIC_CHARACTER_SET and held.value != self._declared().declared:
            raise _out_of_place(held.tag)
        self._out.append(held.written)

    def _correct(self, header: Header, held: _Held) -> None:
        """Write an element anew, unless it says what it should; the last of its kind counts."""
        tag, raw = held.tag, held.value
        asked = self._asked.get(tag)
        if asked is None or _text(header, raw, self._declared()) == asked.value:
            self._out.append(held.written)
        else:
            if tag not in self._old_values:
                self._out.append(self._new_element(asked, is_odd=bool(len(raw) & 1)))
            self._old_values[tag] = OldValue(header.vr, raw)
        if self._waiting and self._waiting[-1] == tag:
            self._waiting.pop()

    def _insert_before(self, tag: Tag) -> None:
        """Write what is missing up to there."""
        self._declared()
        while self._waiting and self._waiting[-1] < tag:
            asked = self._asked[self._waiting.pop()]
            if asked.value:
                self._old_values[asked.tag] = OldValue(_vr(asked.tag), b"")
                self._out.append(self._new_element(asked, is_odd=False))

    def _new_element(self, asked: NewValue, *, is_odd: bool) -> bytes:
        """Of even length; of odd length where such stood there: whoever sends it minds the sum."""
        vr = _vr(asked.tag)
        raw = self._declared().encode(Text(asked.value, vr)) or b""
        if len(raw) % 2 != is_odd:
            raw += padding_byte(vr)
        return encode_header(self._layout, asked.tag, vr, len(raw)) + raw

    def _declared(self) -> WidenedCharset:
        """The character sets from here on: what was held back is written now."""
        if self._charset is None:
            self._charset = self._declare()
        return self._charset

    def _declare(self) -> WidenedCharset:
        # Of several the last one counts, as it does for those who read it.
        old = [held.value for held in self._held if held.tag == _SPECIFIC_CHARACTER_SET]
        old_raw = old[-1] if old else b""
        texts = {tag: Text(each.value, _vr(tag)) for tag, each in self._asked.items()}
        charset = widened(old_raw, [*texts.values()])
        self.left = [tag for tag, text in texts.items() if not charset.holds(text)]
        for tag in self.left:
            del self._asked[tag]
            self._waiting.remove(tag)
        is_changed = charset.declared != old_raw
        left_out = {_LENGTH_TO_END, _SPECIFIC_CHARACTER_SET} if is_changed else {_LENGTH_TO_END}
        if is_changed or _IDENTIFYING_GROUP in self._groups:
            left_out.add(_IDENTIFYING_GROUP << 16)
        self._out += [held.written for held in self._held if held.tag not in left_out]
        if is_changed:
            self._old_charset = OldValue(VR.CS, old_raw)
            facts = _SPECIFIC_CHARACTER_SET, VR.CS, charset.declared
            self._out.append(encode_element(self._layout, *facts))
        return charset

    def _add_to_sequence(self, buffer: bytes, at: int, header: Header) -> int:
        """Earlier items stay (PS3.3 section C.12.1.1.9); ours comes last."""
        # PS3.5 section 6.2.2: a sequence as UN is written in Implicit VR Little Endian.
        layout = IMPLICIT_LITTLE if header.vr == VR.UN else self._layout
        self._added = self._items(layout)
        self._is_behind, self._is_told = True, bool(self._added)
        if header.length == UNDEFINED_LENGTH:
            self._out.append(buffer[at : header.start])
        else:
            length = header.length + len(self._added)
            self._out.append(encode_header(self._layout, header.tag, header.vr or VR.SQ, length))
        self._pass_value(header)
        return header.start

    def _end_corrections(self) -> None:
        """There is no Original Attributes Sequence where it would stand; what is told makes one."""
        self._insert_before(ORIGINAL_ATTRIBUTES_SEQUENCE)
        items = self._items(self._layout)
        self._is_behind, self._is_told = True, bool(items)
        if items:
            tag = ORIGINAL_ATTRIBUTES_SEQUENCE
            self._out.append(encode_element(self._layout, tag, VR.SQ, items))

    def _items(self, layout: Layout) -> bytes:
        """What was modified, as it is told; with it the character sets of the old values."""
        moments = {tag: self._asked[tag].moment for tag in self._old_values}
        if self._old_charset is not None and not moments:
            moments = {tag: each.moment for tag, each in self._asked.items()}
        common = {_SPECIFIC_CHARACTER_SET: self._old_charset} if self._old_charset else {}
        return encode_items(layout, by_moment(self._system, moments, self._old_values, common))


def _end_of(header: Header) -> int:
    if header.length > MAX_HELD_BYTES:
        raise ScanError(
            f"{format_tag(header.tag)}: a value of more than {MAX_HELD_BYTES} bytes, or of "
            "undefined length, cannot be corrected"
        )
    return header.start + header.length


def _out_of_place(tag: Tag) -> ScanError:
    rule = "out of order (PS3.5 section 7.1), so the data set cannot be corrected"
    return ScanError(f"{format_tag(tag)}: {rule}")


def _vr(tag: Tag) -> VR:
    return vr_of(tag) or VR.UN


def _text(header: Header, raw: bytes, declared: WidenedCharset) -> str:
    """What an element says, as it is corrected: its values joined by backslashes."""
    vr = header.vr if header.vr is not None and is_text(header.vr) else _vr(header.tag)
    return "\\".join(read_texts(raw, vr, declared.charset))
