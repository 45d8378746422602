"""How deep sequences nest in what is otherwise passed over unread, told as its bytes pass.

It looks for one thing only: what it cannot read it takes for shallow, since devices get lengths
wrong. Sequences and items in which so many levels have no room, or that hold too few items for
them, are passed over. These are all of an ordinary object.
"""

from dataclasses import dataclass

from pacsd.dicom.dictionary import vr_of
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
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

_LEVEL_BYTES = 2 * HEADER_BYTES
"""The least that a level takes: an item's header, and that of the sequence in it."""

_ITEM_LITTLE = b"\xfe\xff\x00\xe0"
_ITEM_BIG = b"\xff\xfe\xe0\x00"
_PIXEL_DATA = 0x7FE00010
_SEQUENCE_VRS = frozenset({None, VR.SQ, VR.UN})


def least_bytes(levels: int) -> int:
    """How long a sequence is at least in which more than `levels` stand in one another."""
    return _LEVEL_BYTES * (levels + 1)


def holds_few_items(data: bytes, layout: Layout, levels: int) -> bool:
    """Whether there are too few items for more than `levels` sequences to stand in one another."""
    items = data.count(_ITEM_LITTLE)
    return items < levels and (layout is not EXPLICIT_BIG or items + data.count(_ITEM_BIG) < levels)


def holds_items(tag: Tag, vr: str | None) -> bool:
    """Whether a value of defined length holds items: by VR, or by the dictionary without one."""
    return vr_of(tag) == VR.SQ if vr in {None, VR.UN} else vr == VR.SQ


@dataclass(slots=True)
class _Open:
    """A sequence or an item whose end is still to come; of undefined length, at `end` at last."""

    is_sequence: bool
    layout: Layout
    end: int
    is_undefined: bool
    is_unknown: bool = False
    holds_fragments: bool = False


class Nesting:
    """Reads one sequence, or item, of defined length.

    `levels` is how many sequences may stand in one another within it. No more than `max_headers`
    items and elements are looked at: they take time, beside other peers.
    """

    __slots__ = ("_at", "_base", "_buffer", "_levels", "_rest", "_size", "_stack", "headers_left")

    def __init__(
        self,
        layout: Layout,
        length: int,
        levels: int,
        max_headers: int,
        *,
        is_item: bool = False,
        is_unknown: bool = False,
    ) -> None:
        self._stack = [_Open(not is_item, layout, length, is_undefined=False)]
        self._stack[0].is_unknown = is_unknown
        self._levels = levels
        self.headers_left = max_headers
        # The buffer begins at `_base` in the value; `_at` may lie behind its end.
        self._buffer = b""
        self._base = self._size = self._at = 0
        self._rest = b""

    def feed(self, data: Buffer) -> bool:
        """Take the next bytes of the value; True once it nests too deep."""
        if self._at >= len(data) or not self._stack:
            self._at -= len(data)
            self._base += len(data)
            return self._levels < 0
        self._buffer = self._rest + bytes(data)
        self._size = len(self._buffer)
        if not self._base and self._is_shallow(self._stack[0].layout, self._stack[0].end, 0):
            self._stack.clear()
        while self._stack and self._step(self._stack[-1]):
            pass
        self._rest = self._buffer[self._at :]
        self._base += self._size - len(self._rest)
        self._at = max(self._at - self._size, 0)
        return self._levels < 0

    def _step(self, top: _Open) -> bool:
        """Go past one header or end; False when more bytes are needed, or no more."""
        left = top.end - self._base - self._at
        if left < 0 or self.headers_left <= 0:
            return self._give_up()
        if left < least_bytes(self._levels) - HEADER_BYTES:
            self._at += left
            return self._close()
        if self._at + HEADER_BYTES > self._size:
            return False
        return self._item(top) if top.is_sequence else self._element(top)

    def _element(self, top: _Open) -> bool:
        header = read_header(self._buffer, self._at, top.layout, self._size)
        if header is None:
            return False
        self.headers_left -= 1
        if header.tag >> 16 == DELIMITER_GROUP:
            return self._delimiter(top, header.tag)
        self._at = header.start
        is_undefined = header.length == UNDEFINED_LENGTH
        if is_undefined or holds_items(header.tag, header.vr):
            return self._open_sequence(top, header, is_undefined=is_undefined)
        self._at += header.length
        return True

    def _open_sequence(self, top: _Open, header: Header, *, is_undefined: bool) -> bool:
        if not self._levels:
            self._levels = -1
            return self._give_up()
        if self._is_shallow(top.layout, header.length, least_bytes(self._levels - 1)):
            self._at += header.length
            return True
        self._levels -= 1
        # PS3.5 section 6.2.2: a sequence as UN is written in Implicit VR Little Endian.
        is_unknown = header.vr == VR.UN
        layout = IMPLICIT_LITTLE if is_unknown else top.layout
        end = min(top.end, self._base + self._at + header.length)
        is_bulk = header.tag == _PIXEL_DATA or header.vr not in _SEQUENCE_VRS
        opened = _Open(True, layout, end, is_undefined, is_unknown, is_undefined and is_bulk)
        self._stack.append(opened)
        return True

    def _item(self, top: _Open) -> bool:
        group, element, length = top.layout.implicit.unpack_from(self._buffer, self._at)
        tag = group << 16 | element
        if tag == ITEM and top.is_unknown and self._at + _LEVEL_BYTES > self._size:
            return False
        self.headers_left -= 1
        self._at += HEADER_BYTES
        if tag == ITEM:
            return self._open_item(top, length)
        if tag == SEQUENCE_DELIMITATION and top.is_undefined:
            return self._close()
        return tag in {SEQUENCE_DELIMITATION, ITEM_DELIMITATION} or self._give_up()

    def _open_item(self, top: _Open, length: int) -> bool:
        least = least_bytes(self._levels) - HEADER_BYTES
        if top.holds_fragments or self._is_shallow(top.layout, length, least):
            self._at += length
            return True
        is_explicit = top.is_unknown and is_explicit_header(self._buffer, self._at)
        layout = EXPLICIT_LITTLE if is_explicit else top.layout
        end = min(top.end, self._base + self._at + length)
        self._stack.append(_Open(False, layout, end, length == UNDEFINED_LENGTH))
        return True

    def _is_shallow(self, layout: Layout, length: int, least: int) -> bool:
        """Whether a value cannot nest too deep: it is too short, or all here with too few items."""
        if length < least:
            return True
        end = self._at + length
        if end > self._size:
            return False
        return holds_few_items(self._buffer[self._at : end], layout, self._levels)

    def _delimiter(self, top: _Open, tag: Tag) -> bool:
        """An item's end where an element might stand; tolerates what `walk` does."""
        if tag != ITEM_DELIMITATION and top.is_undefined:
            return self._close()  # the next item or the sequence's end: read once more
        self._at += HEADER_BYTES
        return self._close() if top.is_undefined else True

    def _close(self) -> bool:
        self._levels += self._stack.pop().is_sequence
        return True

    def _give_up(self) -> bool:
        """Look no further."""
        self._stack.clear()
        return False
