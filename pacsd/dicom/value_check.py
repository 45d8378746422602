"""Whether the bytes of an element are values of its VR (PS3.5 table 6.2-1)."""

import re
from collections.abc import Callable, Iterator

from pacsd.dicom.charset import DEFAULT_CHARACTER_SET, CharacterSet, decode_text
from pacsd.dicom.headers import Buffer
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicom.uid import is_valid_uid
from pacsd.dicom.values import (
    DATE_TIME,
    DECIMAL,
    INTEGER,
    SINGLE_VALUED,
    parse_date,
    parse_date_time,
    parse_time,
)
from pacsd.dicom.vr import VR, is_text, max_length

_AGE = re.compile(r"[0-9]{3}[DWMY]")
_CODE_STRING = re.compile(r"[A-Z0-9 _]*")
_MAX_INTEGER = 2**31
# What a query may add to DA, TM and DT is no value: ranges are judged where queries are read.
_FORMATS: dict[str, Callable[[str], bool]] = {
    VR.AS: lambda value: _AGE.fullmatch(value) is not None,
    VR.DA: lambda value: value.isdigit() and parse_date(value) is not None,
    VR.TM: lambda value: ":" not in value and parse_time(value) is not None,
    VR.DT: lambda value: (
        DATE_TIME.fullmatch(value) is not None and parse_date_time(value) is not None
    ),
    VR.DS: lambda value: DECIMAL.fullmatch(value) is not None,
    VR.IS: lambda value: (
        INTEGER.fullmatch(value) is not None and -_MAX_INTEGER <= int(value) < _MAX_INTEGER
    ),
    VR.UI: is_valid_uid,
}
_REPERTOIRES: dict[str, Callable[[str], bool]] = {
    VR.CS: lambda value: _CODE_STRING.fullmatch(value) is not None,
    VR.AE: lambda value: value.isascii() and value.isprintable(),
    VR.UR: lambda value: value.isascii() and value.isprintable() and not value.startswith(" "),
}
_CONTROLS = re.compile(r"[\x00-\x1a\x1c-\x1f\x7f-\x9f]")
_FORMATTING = re.compile(r"[\t\n\f\r]")
_MULTI_LINE = frozenset({VR.LT, VR.ST, VR.UT})
# No leading padding (table 6.2-1).
_UNTRIMMED = frozenset({*_MULTI_LINE, VR.DA, VR.TM, VR.DT, VR.UC, VR.UI, VR.UR})
# Table 6.2-1: bytes of one value or of one word of the stream.
_SIZES: dict[str, int] = {
    VR.AT: 4, VR.FD: 8, VR.FL: 4, VR.OD: 8, VR.OF: 4, VR.OL: 4, VR.OV: 8, VR.OW: 2, VR.SL: 4,
    VR.SS: 2, VR.SV: 8, VR.UL: 4, VR.US: 2, VR.UV: 8,
}  # fmt: skip


def check_value(
    vr: str, raw: Buffer, charset: CharacterSet = DEFAULT_CHARACTER_SET
) -> QuirkKind | None:
    """The first thing that is wrong with a value field, or None.

    Lengths of text are counted in characters, of PN in each component group. Values of a VR that
    is none of the standard's are never wrong.
    """
    if not is_text(vr):
        return QuirkKind.VALUE_SIZE if len(raw) % _SIZES.get(vr, 1) else None
    if vr in _FORMATS or vr in _REPERTOIRES:
        text = bytes(raw).decode("latin-1")
    else:
        text, quirks = decode_text(raw, charset, vr)
        if QuirkKind.UNDECODABLE_TEXT in quirks:
            return QuirkKind.UNDECODABLE_TEXT
    values = [text] if vr in SINGLE_VALUED else text.split("\\")
    return next(_wrong(vr, values), None)


def _wrong(vr: str, values: list[str]) -> Iterator[QuirkKind]:
    padding = "\0" if vr == VR.UI else " "
    limit = max_length(vr)
    is_format, is_repertoire = _FORMATS.get(vr), _REPERTOIRES.get(vr)
    for padded in values:
        value = padded.strip(padding) if vr not in _UNTRIMMED else padded.rstrip(padding)
        if limit is not None and max(map(len, _counted(vr, value))) > limit:
            yield QuirkKind.VALUE_TOO_LONG
        if value and is_repertoire is not None and not is_repertoire(value):
            yield QuirkKind.VALUE_REPERTOIRE
        if value and is_format is not None and not is_format(value):
            yield QuirkKind.VALUE_FORMAT
        if is_format is None and _has_controls(vr, value):
            yield QuirkKind.VALUE_REPERTOIRE


def _counted(vr: str, value: str) -> list[str]:
    return value.split("=") if vr == VR.PN else [value]


def _has_controls(vr: str, value: str) -> bool:
    text = _FORMATTING.sub("", value) if vr in _MULTI_LINE else value
    return _CONTROLS.search(text) is not None
