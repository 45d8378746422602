"""Values in the DICOM JSON model: the rules by VR (PS3.18 sections F.2.2 to F.2.7).

One set of rules for what is read from data sets and what is answered to queries.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import TypeAlias

from pacsd.dicom.byte_order import swap, unit_bytes
from pacsd.dicom.charset import CharacterSet
from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET
from pacsd.dicom.person_name import parse_person_name
from pacsd.dicom.tag import Tag
from pacsd.dicom.values import (
    NUMBER_CODES,
    parse_decimal,
    parse_integer,
    read_numbers,
    read_tags,
    read_texts,
)
from pacsd.dicom.vr import VR, is_text

JsonValue: TypeAlias = "str | int | float | Mapping[str, JsonValue] | list[JsonValue] | None"
JsonObject: TypeAlias = Mapping[str, JsonValue]

UNICODE = "ISO_IR 192"
"""What Specific Character Set says of JSON and XML, whatever the text was in."""

NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")

# PS3.18 section F.2.2.
BINARY_VRS = frozenset({VR.OB, VR.OD, VR.OF, VR.OL, VR.OV, VR.OW, VR.UN})
"""Those whose values are InlineBinary, not Value."""
BULK_VRS = BINARY_VRS | {
    VR.DS, VR.FL, VR.FD, VR.IS, VR.LT, VR.SL, VR.SS, VR.ST, VR.SV, VR.UC, VR.UL, VR.US, VR.UT,
    VR.UV,
}  # fmt: skip
"""Those whose values may be told by a BulkDataURI."""

_FILE_META_GROUP = 0x0002
_EXACT_IN_JSON = 1 << 53
"""Beyond it a reader that knows only doubles would change a whole number."""

_PLAIN_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)", re.ASCII)
_EXACT_DIGITS = 15
"""So many digits come through a double and back as they were."""


def is_in_model(tag: Tag) -> bool:
    """Whether an element is told: neither a group length nor File Meta Information."""
    # Asked of every attribute of every answer: the calls that say it in words cost more than it.
    return tag & 0xFFFF != 0 and tag >> 16 != _FILE_META_GROUP


def attribute(
    tag: Tag, vr: str, raw: bytes, charset: CharacterSet, *, is_little_endian: bool
) -> JsonObject:
    """An attribute that is no sequence, from the bytes of its value."""
    if tag == SPECIFIC_CHARACTER_SET:
        return of_values(vr, [UNICODE])
    if is_text(vr):
        return of_values(vr, of_texts(vr, read_texts(raw, vr, charset)))
    if vr in NUMBER_CODES:
        numbers = read_numbers(raw, vr, is_little_endian=is_little_endian)
        return of_values(vr, [of_number(each) for each in numbers])
    if vr == VR.AT:
        tags = read_tags(raw, is_little_endian=is_little_endian)
        return of_values(vr, [f"{each:08X}" for each in tags])
    return of_bytes(vr, raw if is_little_endian else swap(raw, unit_bytes(vr)))


def of_values(vr: str, values: list[JsonValue]) -> JsonObject:
    """An attribute by its values; an empty one has none (PS3.18 section F.2.5)."""
    return {"vr": vr, "Value": values} if values else {"vr": vr}


def of_bytes(vr: str, raw: bytes) -> JsonObject:
    """An attribute by its bytes, which are Little Endian (PS3.18 section F.2.7)."""
    if not raw:
        return {"vr": vr}
    return {"vr": vr, "InlineBinary": b64encode(raw).decode("ascii")}


def of_texts(vr: str, texts: Iterable[str]) -> list[JsonValue]:
    """Values written as text; an empty one keeps its place among others as null (F.2.5)."""
    value = _OF_TEXT.get(vr)
    if value is None:
        return [text or None for text in texts]
    return [value(text) if text else None for text in texts]


def has_text_rule(vr: str) -> bool:
    """Whether a value written as text may be something else in JSON."""
    return vr in _OF_TEXT


def of_number(number: float) -> JsonValue:
    """A number; as text what a double cannot hold, and what JSON has no word for."""
    if isinstance(number, int):
        return str(number) if abs(number) > _EXACT_IN_JSON else number
    if isfinite(number):
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"  # noqa: PLR0124


def _whole(text: str) -> JsonValue:
    """A whole number; as text what is none."""
    number = parse_integer(text)
    return text if number is None or abs(number) > _EXACT_IN_JSON else number


def _decimal(text: str) -> JsonValue:
    """A number if JSON says the same by it, else the text: PS3.18 table F.2.3-1 lets both be."""
    if len(text) <= _EXACT_DIGITS and _PLAIN_DECIMAL.fullmatch(text):
        return float(text)
    exact = parse_decimal(text)
    if exact is None:
        return text
    number = float(exact)
    return number if isfinite(number) and parse_decimal(repr(number)) == exact else text


def _float(text: str) -> JsonValue:
    """What an answer says of a binary floating point number."""
    try:
        return of_number(float(text))
    except ValueError:
        return text


def _name(text: str) -> JsonValue:
    """A Person Name by component groups (PS3.18 section F.2.2)."""
    name = parse_person_name(text)
    groups = zip(NAME_GROUPS, (name.alphabetic, name.ideographic, name.phonetic), strict=True)
    return {key: value for key, value in groups if value} or None


_OF_TEXT: Mapping[str, Callable[[str], JsonValue]] = {
    VR.IS: _whole, VR.SS: _whole, VR.US: _whole, VR.SL: _whole, VR.UL: _whole, VR.SV: _whole,
    VR.UV: _whole, VR.DS: _decimal, VR.FL: _float, VR.FD: _float, VR.PN: _name,
}  # fmt: skip
