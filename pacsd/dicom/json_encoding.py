"""Values of the DICOM JSON model to bytes, by VR (PS3.18 section F.2.3, PS3.5 section 6.2)."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is one

from pacsd.dicom.byte_order import unit_bytes
from pacsd.dicom.errors import JsonModelError
from pacsd.dicom.json_values import NAME_GROUPS
from pacsd.dicom.text import printable
from pacsd.dicom.values import (
    IN_CHARACTER_SET,
    NUMBER_CODES,
    SINGLE_VALUED,
    parse_decimal,
    parse_integer,
)
from pacsd.dicom.vr import VR, max_length

_TAG = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_NO_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_INTEGER_STRINGS = range(-(2**31), 2**31)
_MAX_DECIMAL = max_length(VR.DS) or 0
_FLOATS = frozenset({VR.FL, VR.FD})
_WRITTEN_AS_TEXT = frozenset({VR.SV, VR.UV})
_UNIT = Struct("<HH")


@dataclass(frozen=True, slots=True)
class Place:
    """An attribute that is read, and how it is named in a refusal: by its path and tag."""

    name: str
    vr: str

    def refused(self, value: object, rule: str) -> JsonModelError:
        """The refusal of one of its values."""
        shown = str(value) if isinstance(value, (int, Decimal)) else repr(value)
        return JsonModelError(f"{self.name} {self.vr}: value {printable(shown)} {rule}")


def encode_values(place: Place, values: list[object]) -> bytes:
    """The value field of an attribute that is no sequence and not binary, unpadded.

    Text is in UTF-8, numbers are Little Endian.

    Raises:
        JsonModelError: a value is none of the VR, or cannot be written.
    """
    vr = place.vr
    if vr in NUMBER_CODES:
        return b"".join([_number(place, each) for each in values])
    if vr == VR.AT:
        return b"".join([_tag(place, each) for each in values])
    if vr in SINGLE_VALUED and len(values) > 1:
        raise place.refused(values[1], "is one too many (PS3.5 section 6.4)")
    as_text = _AS_TEXT.get(vr, _text)
    return b"\\".join([_encoded(place, as_text(place, each)) for each in values])


def decode_inline(place: Place, value: object) -> bytes:
    """The bytes of an InlineBinary (PS3.18 section F.2.7).

    Raises:
        JsonModelError: it is no base64, or no whole number of words.
    """
    if not isinstance(value, str):
        raise place.refused(value, "is no text (PS3.18 section F.2.7)")
    try:
        raw = b64decode(value, validate=True)
    except (Base64Error, ValueError):
        raise place.refused(value, "is not base64 (PS3.18 section F.2.7)") from None
    if len(raw) % unit_bytes(place.vr):
        raise place.refused(value, f"has {len(raw)} bytes, no whole words (PS3.5 table 6.2-1)")
    return raw


def _encoded(place: Place, text: str) -> bytes:
    if "\\" in text and place.vr not in SINGLE_VALUED:
        raise place.refused(text, "has a backslash, which would divide it (PS3.18 section F.2.4)")
    if not text.isascii() and place.vr not in IN_CHARACTER_SET:
        raise place.refused(text, "is not in the default repertoire (PS3.5 table 6.2-1)")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise place.refused(text, "has half a surrogate pair (RFC 8259 section 8.2)") from None


def _text(place: Place, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise place.refused(value, "is no text (PS3.18 table F.2.3-1)")
    return value


def _name(place: Place, value: object) -> str:
    """A Person Name from its component groups (PS3.18 section F.2.2)."""
    if value is None:
        return ""
    if not isinstance(value, dict) or set(value) - set(NAME_GROUPS):
        raise place.refused(value, "is no object of component groups (PS3.18 section F.2.2)")
    groups = [_text(place, value.get(name)) for name in NAME_GROUPS]
    if any("=" in group for group in groups):
        raise place.refused(value, "has '=' in a component group (PS3.5 section 6.2.1)")
    return "=".join(groups).rstrip("=")


def _integer_string(place: Place, value: object) -> str:
    if value is None or value == "":
        return ""
    number = parse_integer(value) if isinstance(value, str) else _whole(value)
    if number is None or number not in _INTEGER_STRINGS:
        raise place.refused(value, "is no whole number of 32 bits (PS3.5 table 6.2-1)")
    return value if isinstance(value, str) else str(number)


def _decimal_string(place: Place, value: object) -> str:
    """As it is written; a number that is too long, rounded to what a DS has room for."""
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        if parse_decimal(value) is None:
            raise place.refused(value, "is no number (PS3.5 table 6.2-1)")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise place.refused(value, "is no number (PS3.18 table F.2.3-1)")
    text = str(value)
    digits = _MAX_DECIMAL
    while len(text) > _MAX_DECIMAL:
        text = f"{Decimal(value):.{digits}g}"
        digits -= 1
    return text


def _number(place: Place, value: object) -> bytes:
    vr = place.vr
    number = _float(value) if vr in _FLOATS else _whole(value)
    if number is None and vr in _WRITTEN_AS_TEXT and isinstance(value, str):
        number = int(value) if _WHOLE.fullmatch(value) else None
    if number is None:
        raise place.refused(value, "is no such number (PS3.18 table F.2.3-1)")
    try:
        return _NUMBERS[vr].pack(number)
    except (StructError, OverflowError):
        raise place.refused(value, "is out of its range (PS3.5 table 6.2-1)") from None


def _whole(value: object) -> int | None:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: object) -> float | None:
    if isinstance(value, str):
        return _NO_NUMBERS.get(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    return float(value)


def _tag(place: Place, value: object) -> bytes:
    if not isinstance(value, str) or not _TAG.fullmatch(value):
        raise place.refused(value, "is no tag of eight digits (PS3.18 section F.2.3)")
    tag = int(value, 16)
    return _UNIT.pack(tag >> 16, tag & 0xFFFF)


_NUMBERS: Mapping[str, Struct] = {vr: Struct("<" + code) for vr, code in NUMBER_CODES.items()}
_AS_TEXT: Mapping[str, Callable[[Place, object], str]] = {
    VR.PN: _name,
    VR.IS: _integer_string,
    VR.DS: _decimal_string,
}
