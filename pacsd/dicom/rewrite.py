"""A data set from one encoding of headers and numbers into another, as its bytes arrive.

A transformer, not a plan of parts: it needs no second pass and no access to what was or will be,
so the same serves a file, a store that gives buffers, and a data set that is being inflated. What
makes that possible is that every sequence and item that holds something gets undefined length, so
nothing has to be known before it comes; and what the VR of an element depends on comes before it
(but see `reencode`). Kept are at most one header, one value of 4 KiB, and the open sequences.

It tolerates what `walk` does. But where that stops and counts, at the end of a data set that is
cut short, nobody could tell the result from a whole object: this is refused.
"""

from dataclasses import dataclass

from pacsd.dicom.byte_order import Swapper, swap, unit_bytes
from pacsd.dicom.errors import ReencodeError, ScanError
from pacsd.dicom.explicit_vr import DECIDING, Surroundings, explicit_vr, pixel_vr
from pacsd.dicom.header_writer import MAX_SHORT_LENGTH, encode_header, encode_item_header
from pacsd.dicom.headers import (
    DELIMITER_GROUP,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    HEADER_BYTES,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_DELIMITATION,
    SEQUENCE_DELIMITATION,
    UNDEFINED_LENGTH,
    Buffer,
    Header,
    Layout,
    is_explicit_header,
    read_header,
)
from pacsd.dicom.quirks import Quirk, QuirkCounter, QuirkKind
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.vr import VR, has_long_length, padding_byte
from pacsd.dicom.walk import MAX_DEPTH, PIXEL_DATA, first_layout

WHOLE_VALUE_BYTES = 4096
"""Values up to this length are waited for and written at once, longer ones as they come."""

_LENGTH_TO_END = 0x00080001
_VR_END = HEADER_BYTES + 4
_KNOWN_VRS = frozenset(VR)
_SEQUENCE_VRS = frozenset({None, VR.SQ, VR.UN})


@dataclass(slots=True)
class _Open:
    """A data set or item (`sequence` is None), or a sequence, whose end is still to come.

    `end` is that of what stands around where its own length is undefined; None: not known.
    """

    layout: Layout
    end: int | None
    surroundings: Surroundings
    is_undefined: bool
    sequence: Tag | None = None
    is_unknown: bool = False
    holds_fragments: bool = False


@dataclass(slots=True)
class _Value:
    """A long value on its way: `left` bytes of it are still to come."""

    tag: Tag
    left: int
    swapper: Swapper
    padding: bytes
    is_dropped: bool = False


class Rewriter:
    """Rewrites one data set. `surroundings` is what is known of it before its first byte.

    With `keeps_fragments` encapsulated Pixel Data is passed on as it is, else it is refused.
    """

    __slots__ = (
        "_at", "_base", "_buffer", "_depth", "_keeps_fragments", "_out", "_quirks", "_rest",
        "_root", "_size", "_stack", "_target", "_value", "_written",
    )  # fmt: skip

    # Whether sequences and items without content get a delimiter; PS3.5 section 7.5 allows both.
    _delimits_empty = False

    def __init__(
        self,
        source: Layout,
        target: Layout,
        surroundings: Surroundings,
        *,
        keeps_fragments: bool = False,
    ) -> None:
        self._target = target
        self._keeps_fragments = keeps_fragments
        self._root = _Open(source, None, surroundings, is_undefined=False)
        self._stack: list[_Open] = []
        self._depth = 0
        self._quirks = QuirkCounter()
        self._value: _Value | None = None
        self._rest = b""
        self._base = 0
        self._buffer: Buffer = b""
        self._size = self._at = 0
        self._out: list[Buffer] = []
        self._written = bytearray()

    @property
    def quirks(self) -> tuple[Quirk, ...]:
        """What broke the standard so far and was read all the same."""
        return self._quirks.result()

    def feed(self, data: Buffer) -> list[Buffer]:
        """Take the next bytes, give what can be written; it may be views of `data`.

        Raises:
            ScanError: the structure cannot be read, or nests deeper than MAX_DEPTH.
            ReencodeError: Pixel Data is encapsulated, and not kept so.
        """
        self._buffer = memoryview(self._rest + bytes(data) if self._rest else data)
        self._size, self._at = len(self._buffer), 0
        while self._pass_value() and self._step():
            pass
        self._rest = bytes(self._buffer[self._at :])
        self._buffer = b""
        self._base += self._at
        return self.written_before_fault()

    def written_before_fault(self) -> list[Buffer]:
        """What could be written of the bytes in which `feed` met a fault, after it raised."""
        self._flush()
        out, self._out = self._out, []
        return out

    def finish(self) -> None:
        """Nothing more comes.

        Raises:
            ReencodeError: the data set ends within an element, an item or a sequence.
        """
        if self._value is not None:
            where = f"within {format_tag(self._value.tag)}, {self._value.left} bytes too early"
        elif len(self._stack) > 1:
            tags = (each.sequence for each in reversed(self._stack) if each.sequence is not None)
            where = f"within the sequence {format_tag(next(tags))}"
        elif len(self._rest) >= HEADER_BYTES or any(self._rest):
            where = "within an element"
        else:
            if self._rest:
                self._quirks.add(QuirkKind.TRAILING_BYTES, 0)
            return
        raise ReencodeError(
            f"the data set ends {where}, at offset {self._base + len(self._rest)}: cut short, so "
            "not encoded anew (PS3.5 section 7.1)"
        )

    # Headers

    def _step(self) -> bool:
        """Go past one header or end; False when more bytes are needed."""
        if not self._stack:
            return self._begin()
        top = self._stack[-1]
        limit = self._size
        if top.end is not None:
            if self._base + self._at >= top.end:
                self._end_at_limit(top)
                return True
            limit = min(limit, top.end - self._base)
        if top.sequence is not None:
            return self._item(top, limit)
        header = read_header(self._buffer, self._at, top.layout, limit)
        if header is None:
            return self._need(top, limit)
        if header.tag >> 16 == DELIMITER_GROUP:
            self._delimiter(top, header.tag, header.length)
            return True
        return self._element(top, header)

    def _begin(self) -> bool:
        """The first header tells the encoding, whatever the Transfer Syntax says."""
        if self._size < HEADER_BYTES:
            return False
        self._root.layout = first_layout(self._buffer, 0, self._root.layout, self._quirks)
        self._stack.append(self._root)
        return True

    def _element(self, top: _Open, header: Header) -> bool:
        tag, vr, start, length, quirk = header
        is_undefined = length == UNDEFINED_LENGTH
        self._check_end(tag, start, length, top)
        dictionary_vr = None if vr in _KNOWN_VRS else explicit_vr(tag, top.surroundings)
        is_sequence = is_undefined or vr == VR.SQ or (vr is None and dictionary_vr is VR.SQ)
        if not is_sequence and length <= WHOLE_VALUE_BYTES and start + length > self._size:
            return False
        if quirk is not None:
            self._quirks.add(quirk, tag)
        if length % 2 and not is_undefined:
            self._quirks.add(QuirkKind.ODD_LENGTH, tag)
        self._at = start
        if is_sequence:
            self._open_sequence(top, header)
        elif self._is_left_out(header):
            self._value = _Value(tag, length, Swapper(1), b"", is_dropped=True)
        else:
            self._leaf(top, header, dictionary_vr)
        return True

    def _is_left_out(self, header: Header) -> bool:
        """Group lengths are retired (PS3.5 section 7.2), and would be others here."""
        return header.tag & 0xFFFF == 0 or header.tag == _LENGTH_TO_END

    def _open_sequence(self, top: _Open, header: Header) -> None:
        """Go into a sequence; it is SQ now, whatever it was: undefined length says so as well.

        PS3.5 section 6.2.2 would have an unknown one stay in Implicit VR, as UN. But its VR is no
        longer unknown, DCMTK 3.6.7 does the same, and pydicom 3.0 cannot read such in Big Endian.
        """
        tag, vr, start, length, _ = header
        is_undefined = length == UNDEFINED_LENGTH
        holds_fragments = is_undefined and (tag == PIXEL_DATA or vr not in _SEQUENCE_VRS)
        if holds_fragments and not self._keeps_fragments:
            raise ReencodeError(
                f"{format_tag(tag)}: encapsulated, so only decompressing could change its Transfer "
                "Syntax (PS3.5 section A.4)"
            )
        if self._depth >= MAX_DEPTH:
            raise ScanError(
                f"{format_tag(tag)} at offset {self._base + start}: sequences nest deeper than "
                f"{MAX_DEPTH}"
            )
        written_vr = VR.OB if holds_fragments else VR.SQ
        written_length = UNDEFINED_LENGTH if length or self._delimits_empty else 0
        self._written += encode_header(self._target, tag, written_vr, written_length)
        if not written_length:
            return
        self._depth += 1
        # As UN, a sequence is written in Implicit VR Little Endian (PS3.5 section 6.2.2).
        layout = IMPLICIT_LITTLE if vr == VR.UN else top.layout
        end = top.end if is_undefined else self._base + start + length
        opened = _Open(layout, end, top.surroundings, is_undefined, tag)
        opened.is_unknown, opened.holds_fragments = vr == VR.UN, holds_fragments
        self._stack.append(opened)

    def _item(self, top: _Open, limit: int) -> bool:
        if self._at + HEADER_BYTES > limit:
            return self._need(top, limit)
        group, element, length = top.layout.implicit.unpack_from(self._buffer, self._at)
        tag = group << 16 | element
        if tag == ITEM:
            return self._open_item(top, length)
        if tag not in {SEQUENCE_DELIMITATION, ITEM_DELIMITATION}:
            raise ScanError(
                f"{format_tag(top.sequence or 0)}: {format_tag(tag)} at offset "
                f"{self._base + self._at} where an item must stand (PS3.5 section 7.5)"
            )
        self._delimited(tag, length)
        if tag == SEQUENCE_DELIMITATION and top.is_undefined:
            self._close()
        else:
            self._quirks.add(QuirkKind.STRAY_DELIMITER, top.sequence or tag)
        return True

    def _open_item(self, top: _Open, length: int) -> bool:
        if top.holds_fragments:
            return self._fragment(top, length)
        start = self._at + HEADER_BYTES
        layout = top.layout
        if top.is_unknown and length:
            # Some writers of UN keep the items in Explicit VR: their first header shows it.
            if start + HEADER_BYTES > self._size:
                return False
            layout = EXPLICIT_LITTLE if is_explicit_header(self._buffer, start) else layout
        self._check_end(top.sequence or 0, start, length, top)
        self._at = start
        written_length = UNDEFINED_LENGTH if length or self._delimits_empty else 0
        self._written += encode_item_header(self._target, ITEM, written_length)
        if written_length:
            is_undefined = length == UNDEFINED_LENGTH
            end = top.end if is_undefined else self._base + start + length
            inner = Surroundings(top.surroundings)
            self._stack.append(_Open(layout, end, inner, is_undefined))
        return True

    def _fragment(self, top: _Open, length: int) -> bool:
        """An offset table or a fragment of Pixel Data, its length as it is (PS3.5 section A.4)."""
        tag, start = top.sequence or 0, self._at + HEADER_BYTES
        if length == UNDEFINED_LENGTH:
            raise ScanError(
                f"{format_tag(tag)}: fragment of undefined length at offset {self._base + start} "
                "(PS3.5 section A.4)"
            )
        self._check_end(tag, start, length, top)
        self._at = start
        self._written += encode_item_header(self._target, ITEM, length)
        self._flush()
        self._value = _Value(tag, length, Swapper(1), b"")
        return True

    def _delimiter(self, top: _Open, tag: Tag, length: int) -> None:
        """An item's end where an element might stand; tolerates a missing or superfluous one."""
        if tag == ITEM_DELIMITATION and top.is_undefined:
            self._delimited(tag, length)
            self._close()
        elif len(self._stack) > 1 and top.is_undefined:
            # The next item or the sequence's end: it is read again one level further out.
            self._quirks.add(QuirkKind.MISSING_DELIMITER, tag)
            self._close()
        else:
            self._quirks.add(QuirkKind.STRAY_DELIMITER, tag)
            self._delimited(tag, length)

    def _delimited(self, tag: Tag, length: int) -> None:
        if length and tag != ITEM:
            self._quirks.add(QuirkKind.DELIMITER_LENGTH, tag)
        self._at += HEADER_BYTES

    def _close(self) -> None:
        is_item = self._stack.pop().sequence is None
        self._depth -= not is_item
        tag = ITEM_DELIMITATION if is_item else SEQUENCE_DELIMITATION
        self._written += encode_item_header(self._target, tag, 0)

    def _end_at_limit(self, top: _Open) -> None:
        if top.is_undefined:
            self._quirks.add(QuirkKind.MISSING_DELIMITER, top.sequence or 0)
        self._close()

    def _check_end(self, tag: Tag, start: int, length: int, top: _Open) -> None:
        if length == UNDEFINED_LENGTH or top.end is None:
            return
        if self._base + start + length > top.end:
            raise ScanError(
                f"{format_tag(tag)}: length {length} at offset {self._base + start} goes past the "
                f"end of its item or sequence, {top.end}"
            )

    def _need(self, top: _Open, limit: int) -> bool:
        """More bytes, unless what is open has no more of them."""
        if limit < self._size or (top.end is not None and top.end == self._base + limit):
            raise ScanError(
                f"{format_tag(top.sequence or 0)}: {limit - self._at} bytes at offset "
                f"{self._base + self._at} before the end of an item or sequence are no header"
            )
        return False

    # Values

    def _leaf(self, top: _Open, header: Header, dictionary_vr: VR | None) -> None:
        tag, vr, start, length, _ = header
        source_vr = vr if dictionary_vr is None else dictionary_vr
        padding = self._padding(source_vr) if length % 2 else b""
        target_vr = _target_vr(tag, source_vr, length + len(padding), top)
        unit = self._unit(top, header, source_vr, target_vr)
        self._written += encode_header(self._target, tag, target_vr, length + len(padding))
        if length > WHOLE_VALUE_BYTES:
            self._flush()
            self._value = _Value(tag, length, Swapper(unit), padding)
            return
        raw = self._buffer[start : start + length]
        if tag in DECIDING and length >= 2:  # noqa: PLR2004 -- a US has two bytes
            is_big = top.layout is EXPLICIT_BIG and vr != VR.UN
            top.surroundings.learn(tag, int.from_bytes(raw[:2], "big" if is_big else "little"))
        self._written += swap(raw, unit) + padding
        self._at = start + length

    def _padding(self, vr: str | None) -> bytes:
        """What makes an odd length even (PS3.5 section 7.1.1)."""
        return padding_byte(vr or VR.UN)

    def _unit(self, top: _Open, header: Header, source_vr: str | None, target_vr: str) -> int:
        """How many bytes of a value change places; UN is Little Endian in every syntax."""
        is_from_big = top.layout is EXPLICIT_BIG and header.vr != VR.UN
        is_to_big = self._target is EXPLICIT_BIG and target_vr != VR.UN
        if is_from_big == is_to_big:
            return 1
        return unit_bytes(source_vr if is_from_big else target_vr)

    def _pass_value(self) -> bool:
        """Pass on what there is of a long value; False when more of it must come."""
        value = self._value
        if value is None:
            return True
        part = self._buffer[self._at : self._at + value.left]
        self._at += len(part)
        value.left -= len(part)
        if part and not value.is_dropped:
            self._out.append(value.swapper.feed(part))
        if value.left:
            return False
        self._written += value.swapper.finish() + value.padding
        self._value = None
        return True

    def _flush(self) -> None:
        if self._written:
            self._out.append(bytes(self._written))
            self._written.clear()


def _target_vr(tag: Tag, source_vr: str | None, padded_length: int, top: _Open) -> str:
    """The VR to be written; in Implicit VR nobody reads it."""
    vr = pixel_vr(source_vr, top.surroundings) if tag == PIXEL_DATA else source_vr
    is_too_long = padded_length > MAX_SHORT_LENGTH and not has_long_length(vr or VR.UN)
    # PS3.5 section 6.2.2: as UN, where a 16-bit length has no room for it.
    return VR.UN if vr is None or vr == VR.SQ or is_too_long else vr
