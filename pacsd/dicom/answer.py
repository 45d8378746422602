"""Identifiers of responses: what was found, as a data set (PS3.4 section C.4.1.1.3.2)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is one
from typing import NamedTuple, TypeAlias

from pacsd.dicom.byte_order import swap, unit_bytes
from pacsd.dicom.charset import DEFAULT_CHARACTER_SET, CharacterSet, character_set, encode_text
from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET, DataSet
from pacsd.dicom.header_writer import MAX_SHORT_LENGTH, encode_header, encode_item_header
from pacsd.dicom.headers import EXPLICIT_BIG, ITEM, Layout
from pacsd.dicom.query import ReturnKey
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import IN_CHARACTER_SET, NUMBER_CODES
from pacsd.dicom.vr import VR, has_long_length, is_text, padding_byte

_UNICODE = b"ISO_IR 192"
_WHOLE_NUMBERS = frozenset({VR.SS, VR.US, VR.SL, VR.UL, VR.SV, VR.UV})


class Field(NamedTuple):
    """A value with its VR: text, bytes in Little Endian, or the items of a sequence.

    Text stands for numbers as well; several values are joined by backslashes.
    """

    vr: str
    content: "str | bytes | tuple[Mapping[Tag, Field], ...]"


Fields: TypeAlias = Mapping[Tag, Field]


def field_of(data_set: DataSet, tag: Tag, keys: Sequence[ReturnKey] = ()) -> Field | None:
    """The value of an attribute; of items only what `keys` ask for, if they do. None without it."""
    if tag not in data_set:
        return None
    vr = data_set.vr(tag)
    if vr == VR.SQ:
        return Field(vr, tuple(_item(item, keys) for item in data_set.items(tag)))
    if is_text(vr) or vr in NUMBER_CODES or vr == VR.AT:
        return Field(vr, "\\".join(data_set.texts(tag)))
    raw = data_set.raw(tag)
    return Field(vr, raw if data_set.is_little_endian else swap(raw, unit_bytes(vr)))


def _item(item: DataSet, keys: Sequence[ReturnKey]) -> Fields:
    wanted = [(key.tag, key.keys) for key in keys] if keys else [(tag, ()) for tag in sorted(item)]
    found = ((tag, field_of(item, tag, inner)) for tag, inner in wanted)
    return {tag: field for tag, field in found if field is not None}


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one attribute is written: all of its header but the length, when that is short."""

    tag: Tag
    vr: str
    head: bytes
    length: Struct
    padding: bytes
    is_plain_text: bool
    is_in_charset: bool


class AnswerWriter:
    """Writes the answers to one query.

    Args:
        keys: what was asked for, and what is answered whether asked for or not.
        charset: the Specific Character Set of the request, as written; answers are in that if it
            can hold them, else in Unicode.
    """

    def __init__(self, keys: Sequence[ReturnKey], layout: Layout, charset: bytes = b"") -> None:
        self._layout = layout
        self._asked = charset if _is_known(charset) else b""
        self._charset = character_set(self._asked) if self._asked else DEFAULT_CHARACTER_SET
        tags = {key.tag: key.vr for key in keys if key.tag != SPECIFIC_CHARACTER_SET}
        self._plans = [_plan(tag, tags[tag], layout) for tag in sorted(tags)]

    def write(self, values: Mapping[Tag, "str | Field"]) -> bytes:
        """The data set of an entity; what is not among its values is left out."""
        written = self._written(values, self._charset)
        if written is not None:
            return self._declaration(self._asked) + written
        unicode = character_set(_UNICODE)
        return self._declaration(_UNICODE) + (self._written(values, unicode) or b"")

    def _declaration(self, charset: bytes) -> bytes:
        if not charset:
            return b""
        return _element(self._layout, SPECIFIC_CHARACTER_SET, VR.CS, charset)

    def _written(self, values: Mapping[Tag, "str | Field"], charset: CharacterSet) -> bytes | None:
        """None when a character is not in the character sets."""
        parts: list[bytes] = []
        for plan in self._plans:
            value = values.get(plan.tag)
            if value is None:
                continue
            if plan.is_plain_text and isinstance(value, str):
                raw = _text(value, plan, charset)
                if raw is None:
                    return None
                if len(raw) & 1:
                    raw += plan.padding
                parts += (plan.head, plan.length.pack(len(raw)), raw)
                continue
            field = value if isinstance(value, Field) else Field(plan.vr, value)
            written = _field(self._layout, plan.tag, field, charset)
            if written is None:
                return None
            parts.append(written)
        return b"".join(parts)


@lru_cache(maxsize=1_024)
def _plan(tag: Tag, vr: str, layout: Layout) -> _Plan:
    header = encode_header(layout, tag, vr, 0)
    is_wide = layout.is_implicit_vr or has_long_length(vr)
    length = layout.length if is_wide else _SHORT_LENGTHS[layout is EXPLICIT_BIG]
    return _Plan(
        tag,
        vr,
        header[: -length.size],
        length,
        padding_byte(vr),
        is_plain_text=is_text(vr),
        is_in_charset=vr in IN_CHARACTER_SET,
    )


def _text(value: str, plan: _Plan, charset: CharacterSet) -> bytes | None:
    if value.isascii():
        return value.encode("ascii")
    if not plan.is_in_charset:
        return value.encode("latin-1", errors="replace")
    return encode_text(value, charset, plan.vr)


def _field(layout: Layout, tag: Tag, field: Field, charset: CharacterSet) -> bytes | None:
    raw = _raw(layout, field, charset)
    if raw is None:
        return None
    vr = field.vr
    if len(raw) > MAX_SHORT_LENGTH and not layout.is_implicit_vr and not has_long_length(vr):
        return b""  # no room for it in Explicit VR: PS3.5 section 6.2.2 would make it UN
    return _element(layout, tag, vr, raw)


def _element(layout: Layout, tag: Tag, vr: str, raw: bytes) -> bytes:
    padded = raw + padding_byte(vr) if len(raw) & 1 else raw
    return encode_header(layout, tag, vr, len(padded)) + padded


def _raw(layout: Layout, field: Field, charset: CharacterSet) -> bytes | None:
    vr, content = field
    if isinstance(content, bytes):
        return swap(content, unit_bytes(vr)) if layout is EXPLICIT_BIG else content
    if isinstance(content, tuple):
        return _items(layout, content, charset)
    if vr in NUMBER_CODES:
        return b"".join(_numbers(layout, vr, content))
    if vr == VR.AT:
        tags = (int(each, 16) for each in content.split("\\") if each)
        return b"".join(layout.implicit.pack(tag >> 16, tag & 0xFFFF, 0)[:4] for tag in tags)
    if content.isascii():
        return content.encode("ascii")
    if vr not in IN_CHARACTER_SET:
        return content.encode("latin-1", errors="replace")
    return encode_text(content, charset, vr)


def _items(layout: Layout, items: Sequence[Fields], charset: CharacterSet) -> bytes | None:
    parts: list[bytes] = []
    for item in items:
        written = [_field(layout, tag, item[tag], charset) for tag in sorted(item)]
        if any(each is None for each in written):
            return None
        body = b"".join(each for each in written if each is not None)
        parts += (encode_item_header(layout, ITEM, len(body)), body)
    return b"".join(parts)


def _numbers(layout: Layout, vr: str, content: str) -> Iterator[bytes]:
    order = ">" if layout is EXPLICIT_BIG else "<"
    each = Struct(order + NUMBER_CODES[VR(vr)])
    for text in filter(None, content.split("\\")):
        # An object may have had another VR than its dictionary, with numbers that do not fit here.
        with suppress(ValueError, StructError, OverflowError):
            yield each.pack(int(text) if vr in _WHOLE_NUMBERS else float(text))


def _is_known(charset: bytes) -> bool:
    return bool(charset) and QuirkKind.UNKNOWN_CHARACTER_SET not in character_set(charset).quirks


_SHORT_LENGTHS = {False: Struct("<H"), True: Struct(">H")}
