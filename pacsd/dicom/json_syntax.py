"""JSON as peers send it, parsed within bounds and without what JSON does not have (RFC 8259)."""

import json
import re
from decimal import Decimal
from math import isfinite
from typing import NoReturn

from pacsd.dicom.errors import JsonModelError
from pacsd.dicom.text import printable
from pacsd.dicom.values import MAX_NUMBER_CHARACTERS

MAX_COMMAS = 262_144
"""What makes values many; a bound on time and memory. Those within strings are not counted."""

_BOM = b"\xef\xbb\xbf"
# A string up to its end, or to that of the text; possessive, so that none is looked at twice.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def parse_json(data: bytes, max_nesting: int) -> object:
    """The JSON value of a text in UTF-8; numbers with a fraction or exponent are Decimals.

    Raises:
        JsonModelError: it is none; it nests deeper than `max_nesting` arrays and objects; it has
            too many values; a name stands twice in an object; a number is too long, or beyond what
            a double can be.
    """
    if data.startswith(_BOM):
        raise JsonModelError("JSON: begins with a byte order mark (RFC 8259 section 8.1)")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonModelError(f"JSON: byte {error.start} is not UTF-8 (PS3.18 annex F)") from None
    _check_nesting(text, max_nesting)
    _check_commas(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_whole_number,
            parse_float=_number,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        raise JsonModelError(f"JSON: {error.msg} at character {error.pos} (RFC 8259)") from None


def _check_nesting(text: str, max_nesting: int) -> None:
    """Before it is parsed: the parser goes into what it parses, and would run out of stack."""
    depth = 0
    for token in _TOKEN.finditer(text):
        found = token[0]
        if found in "[{":
            depth += 1
            if depth > max_nesting:
                raise JsonModelError(
                    f"JSON: nests deeper than {max_nesting} at character {token.start()} "
                    "(our bound)"
                )
        elif found in "]}":
            depth -= 1


def _check_commas(text: str) -> None:
    """Before it is parsed: each value behind one costs a thousand times what the comma does."""
    if text.count(",") > MAX_COMMAS and _STRING.sub("", text).count(",") > MAX_COMMAS:
        raise JsonModelError(f"JSON: has more than {MAX_COMMAS} commas (our bound)")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made: dict[str, object] = {}
    for name, value in pairs:
        if name in made:
            raise JsonModelError(f"JSON: '{printable(name)}' stands twice in an object")
        made[name] = value
    return made


def _whole_number(text: str) -> int:
    _check_length(text)
    return int(text)


def _number(text: str) -> Decimal:
    _check_length(text)
    double = float(text)
    is_zero = not any(each in "123456789" for each in text.lower().partition("e")[0])
    if not isfinite(double) or (not double and not is_zero):
        raise JsonModelError(f"JSON: {printable(text)} is beyond what a double can be (RFC 8259)")
    return Decimal(0) if is_zero else Decimal(text)


def _check_length(text: str) -> None:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise JsonModelError(
            f"JSON: the number {printable(text, 24)} has more than {MAX_NUMBER_CHARACTERS} "
            "characters (our bound)"
        )


def _no_constant(text: str) -> NoReturn:
    raise JsonModelError(f"JSON: {text} is no number of JSON (RFC 8259 section 6)")
