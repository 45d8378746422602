"""Values of Data Elements from their bytes (PS3.5 section 6.2).

Readers never raise: what is no value is left out or None, for `value_check` to name.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from struct import Struct
from typing import TypeAlias, TypeVar

from pacsd.dicom.charset import DEFAULT_CHARACTER_SET, CharacterSet, decode_text
from pacsd.dicom.headers import Buffer
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR, is_text

Value: TypeAlias = str | int | float | bytes

# PS3.5 section 6.2: these have one value, in which a backslash is a character.
SINGLE_VALUED = frozenset({VR.LT, VR.ST, VR.UR, VR.UT})
# Table 6.2-1: leading spaces are significant in these.
_KEEPS_LEADING_SPACES = frozenset({VR.LT, VR.ST, VR.UC, VR.UR, VR.UT})
# Of character strings, those that Specific Character Set changes (PS3.5 section 6.1.2.2).
IN_CHARACTER_SET = frozenset({VR.LO, VR.LT, VR.PN, VR.SH, VR.ST, VR.UC, VR.UT})

NUMBER_CODES = {
    VR.SS: "h", VR.US: "H", VR.SL: "i", VR.UL: "I", VR.SV: "q", VR.UV: "Q", VR.FL: "f", VR.FD: "d",
}  # fmt: skip
_NUMBERS: dict[tuple[str, bool], Struct] = {
    (vr, is_little): Struct(("<" if is_little else ">") + code)
    for vr, code in NUMBER_CODES.items()
    for is_little in (True, False)
}
_TAGS = {True: Struct("<HH"), False: Struct(">HH")}

# The dots and colons are of ACR-NEMA 300 (PS3.5 table 6.2-1, notes); devices still write them.
DATE = re.compile(r"(\d{4})([.-]?)(\d\d)\2(\d\d)", re.ASCII)
TIME = re.compile(r"(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d{1,6}))?)?)?", re.ASCII)
DATE_TIME = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?)?)?)?"
    r"([+-]\d{4})?",
    re.ASCII,
)
INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_UTC_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)", re.ASCII)
_LEAP_SECOND = 60
MAX_NUMBER_CHARACTERS = 64
"""Four times what an IS or DS may have (PS3.5 section 6.2); a longer one is no number."""

_Moment = TypeVar("_Moment", date, time, datetime)


def read_values(
    raw: Buffer,
    vr: str,
    charset: CharacterSet = DEFAULT_CHARACTER_SET,
    *,
    is_little_endian: bool = True,
) -> tuple[Value, ...]:
    """The values of an element by its VR: str of text, numbers, tags as ints, else all its bytes.

    An empty element has no values; an empty one between two others is ''.
    """
    if is_text(vr):
        return read_texts(raw, vr, charset)
    if vr in NUMBER_CODES:
        return read_numbers(raw, vr, is_little_endian=is_little_endian)
    if vr == VR.AT:
        return read_tags(raw, is_little_endian=is_little_endian)
    return (bytes(raw),) if len(raw) else ()


def read_texts(
    raw: Buffer, vr: str, charset: CharacterSet = DEFAULT_CHARACTER_SET
) -> tuple[str, ...]:
    """The values of a character string without padding; an element of padding alone has none."""
    if vr in IN_CHARACTER_SET:
        text = decode_text(raw, charset, vr).text
    else:
        text = bytes(raw).decode("latin-1")
    if not text.strip(" \0"):
        return ()
    if vr in SINGLE_VALUED or "\\" not in text:
        return (unpadded(text, vr),)
    return tuple([unpadded(value, vr) for value in text.split("\\")])


def unpadded(value: str, vr: str) -> str:
    """One value without the spaces and NULs that are not significant."""
    value = value.rstrip(" \0")
    return value if vr in _KEEPS_LEADING_SPACES else value.lstrip(" ")


def read_numbers(raw: Buffer, vr: str, *, is_little_endian: bool = True) -> tuple[int | float, ...]:
    """The values of a binary number VR; bytes behind the last whole one are left out."""
    each = _NUMBERS[vr, is_little_endian]
    whole = len(raw) - len(raw) % each.size
    return tuple([value for (value,) in each.iter_unpack(bytes(raw[:whole]))])


def read_tags(raw: Buffer, *, is_little_endian: bool = True) -> tuple[Tag, ...]:
    """The values of VR AT."""
    each = _TAGS[is_little_endian]
    whole = len(raw) - len(raw) % each.size
    return tuple(group << 16 | element for group, element in each.iter_unpack(bytes(raw[:whole])))


def parse_date(value: str) -> date | None:
    """A value of VR DA."""
    found = DATE.fullmatch(value.strip(" \0"))
    if found is None:
        return None
    return _of_calendar(lambda: date(int(found[1]), int(found[3]), int(found[4])))


def parse_time(value: str) -> time | None:
    """A value of VR TM; the parts that are left out are 0, a leap second is the second before."""
    found = TIME.fullmatch(value.strip(" \0"))
    if found is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.group(1, 2, 3))
    return _of_calendar(lambda: time(hour, minute, _second(second), _microseconds(found[4])))


def parse_date_time(value: str) -> datetime | None:
    """A value of VR DT at its earliest instant; without offset from UTC, as local time."""
    found = DATE_TIME.fullmatch(value.strip(" \0"))
    if found is None:
        return None
    year, month, day = (int(part or 1) for part in found.group(1, 2, 3))
    hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
    fraction, offset = _microseconds(found[7]), found[8]

    def built() -> datetime:
        zone = parse_utc_offset(offset) if offset else None
        return datetime(year, month, day, hour, minute, _second(second), fraction, zone)

    return _of_calendar(built)


def parse_utc_offset(value: str) -> timezone:
    """An offset `&ZZXX` of VR DT or of Timezone Offset From UTC; UTC itself when it is none."""
    found = _UTC_OFFSET.fullmatch(value.strip(" \0"))
    if found is None:
        return UTC
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    # A day or more is no offset.
    return timezone(-offset if found[1] == "-" else offset) if offset < timedelta(days=1) else UTC


def parse_integer(value: str) -> int | None:
    """A value of VR IS; also `2.0`, as devices write that mean 2."""
    text = value.strip(" \0")
    if INTEGER.fullmatch(text):
        return int(text)
    number = parse_decimal(text)
    is_short = number is not None and abs(number) < Decimal(1 << 63)
    return int(number) if number is not None and is_short and number % 1 == 0 else None


def parse_decimal(value: str) -> Decimal | None:
    """A value of VR DS, exactly as written."""
    text = value.strip(" \0")
    if len(text) > MAX_NUMBER_CHARACTERS or not DECIMAL.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _of_calendar(build: Callable[[], _Moment]) -> _Moment | None:
    """The moment, or None for one that no calendar or clock has."""
    try:
        return build()
    except ValueError:
        return None


def _second(second: int) -> int:
    return second - 1 if second == _LEAP_SECOND else second


def _microseconds(fraction: str | None) -> int:
    return int((fraction or "").ljust(6, "0"))
