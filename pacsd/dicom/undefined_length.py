"""Where a sequence of undefined length ends, found as its bytes arrive (PS3.5 section 7.5).

Values, items and sequences of defined length are passed over by their length, nothing is kept.
"""

from dataclasses import dataclass

from pacsd.dicom.errors import ScanError
from pacsd.dicom.headers import (
    DELIMITER_GROUP,
    EXPLICIT_LITTLE,
    HEADER_BYTES,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_DELIMITATION,
    SEQUENCE_DELIMITATION,
    UNDEFINED_LENGTH,
    Header,
    Layout,
    is_explicit_header,
    read_header,
)
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import MAX_DEPTH


@dataclass(slots=True)
class _Open:
    """A sequence, or an item of one, whose delimiter is still to come."""

    is_sequence: bool
    layout: Layout
    is_unknown: bool = False


class UndefinedLength:
    """Goes through one such sequence, header by header; `is_over` behind its delimiter."""

    __slots__ = ("_stack", "_tag", "_value_bytes", "is_over")

    def __init__(self, header: Header, layout: Layout) -> None:
        self._tag = header.tag
        self._stack = [_opened(header.vr, layout)]
        self._value_bytes = 0
        self.is_over = False

    def take_value(self) -> int:
        """How many bytes follow the header that was passed last, before the next one."""
        taken, self._value_bytes = self._value_bytes, 0
        return taken

    def step(self, buffer: bytes, at: int) -> int | None:
        """Where the header at `at` ends; `at` itself if it only closes; None: more is needed.

        Raises:
            ScanError: there is no item where one must stand, or it nests deeper than MAX_DEPTH.
        """
        top = self._stack[-1]
        if at + HEADER_BYTES > len(buffer):
            return None
        return (
            self._in_sequence(top, buffer, at)
            if top.is_sequence
            else self._in_item(top, buffer, at)
        )

    def _in_sequence(self, top: _Open, buffer: bytes, at: int) -> int | None:
        group, element, length = top.layout.implicit.unpack_from(buffer, at)
        tag, end = group << 16 | element, at + HEADER_BYTES
        if tag == ITEM:
            return self._item(top, buffer, end, length)
        if tag == SEQUENCE_DELIMITATION:
            self._close()
        elif tag != ITEM_DELIMITATION:
            raise self._broken(tag)
        return end

    def _item(self, top: _Open, buffer: bytes, end: int, length: int) -> int | None:
        if length != UNDEFINED_LENGTH:
            self._value_bytes = length
            return end
        if top.is_unknown and end + HEADER_BYTES > len(buffer):
            return None
        # Some writers of UN keep the items in Explicit VR: their first header shows it.
        is_explicit = top.is_unknown and is_explicit_header(buffer, end)
        self._stack.append(_Open(False, EXPLICIT_LITTLE if is_explicit else top.layout))
        return end

    def _in_item(self, top: _Open, buffer: bytes, at: int) -> int | None:
        header = read_header(buffer, at, top.layout, len(buffer))
        if header is None:
            return None
        if header.tag >> 16 == DELIMITER_GROUP:
            self._close()
            # A missing delimiter: the next item or the sequence's end is read once more.
            return header.start if header.tag == ITEM_DELIMITATION else at
        if header.length == UNDEFINED_LENGTH:
            if len(self._stack) >= 2 * MAX_DEPTH:
                raise self._broken(header.tag)
            self._stack.append(_opened(header.vr, top.layout))
        else:
            self._value_bytes = header.length
        return header.start

    def _close(self) -> None:
        self._stack.pop()
        self.is_over = not self._stack

    def _broken(self, tag: Tag) -> ScanError:
        return ScanError(
            f"{format_tag(self._tag)}: {format_tag(tag)} where no such element may stand, or too "
            "deep (PS3.5 section 7.5)"
        )


def _opened(vr: str | None, layout: Layout) -> _Open:
    """PS3.5 section 6.2.2: a sequence as UN is written in Implicit VR Little Endian."""
    is_unknown = vr == VR.UN
    return _Open(True, IMPLICIT_LITTLE if is_unknown else layout, is_unknown)
