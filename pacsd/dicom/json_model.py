"""The DICOM JSON model: a data set as objects that any JSON writer takes (PS3.18 annex F)."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import TypeAlias

from pacsd.dicom.byte_order import swap, unit_bytes
from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET, DataSet
from pacsd.dicom.person_name import parse_person_name
from pacsd.dicom.tag import Tag, element, group
from pacsd.dicom.values import parse_decimal, parse_integer
from pacsd.dicom.vr import VR, is_text

JsonValue: TypeAlias = "str | int | float | Mapping[str, JsonValue] | list[JsonValue] | None"
JsonObject: TypeAlias = Mapping[str, JsonValue]

_FILE_META_GROUP = 0x0002
_EXACT_IN_JSON = 1 << 53
"""Beyond it a reader that knows only doubles would change a whole number."""


def to_json(data_set: DataSet) -> JsonObject:
    """A data set in the DICOM JSON model, by tags of eight hexadecimal digits (section F.2.2).

    Its text is Unicode, so Specific Character Set says that. Group lengths and File Meta
    Information are left out.
    """
    return {f"{tag:08X}": _attribute(data_set, tag) for tag in _kept(data_set)}


def _kept(data_set: DataSet) -> Iterator[Tag]:
    for tag in sorted(data_set):
        if element(tag) and group(tag) != _FILE_META_GROUP:
            yield tag


def _attribute(data_set: DataSet, tag: Tag) -> JsonObject:
    vr = data_set.vr(tag)
    if tag == SPECIFIC_CHARACTER_SET:
        return {"vr": vr, "Value": ["ISO_IR 192"]}
    if vr == VR.SQ:
        return _of_values(vr, [to_json(item) for item in data_set.items(tag)])
    if is_text(vr) or vr == VR.AT or vr in _NUMBERS:
        value = _VALUES.get(vr, str)
        texts = data_set.texts(tag)
        # An empty value keeps its place among others as null (section F.2.5).
        return _of_values(vr, [value(text) if text else None for text in texts])
    raw = data_set.raw(tag)
    if not raw:
        return {"vr": vr}
    if not data_set.is_little_endian:
        raw = swap(raw, unit_bytes(vr))
    return {"vr": vr, "InlineBinary": b64encode(raw).decode("ascii")}


def _of_values(vr: str, values: list[JsonValue]) -> JsonObject:
    return {"vr": vr, "Value": values} if values else {"vr": vr}


def _whole(text: str) -> JsonValue:
    """A whole number; as text what is none, or what a double cannot hold."""
    number = parse_integer(text)
    return text if number is None or abs(number) > _EXACT_IN_JSON else number


def _decimal(text: str) -> JsonValue:
    """A number if JSON says the same by it, else the text: PS3.18 table F.2.3-1 lets both be."""
    exact = parse_decimal(text)
    if exact is None:
        return text
    number = float(exact)
    return number if isfinite(number) and parse_decimal(repr(number)) == exact else text


def _float(text: str) -> JsonValue:
    """JSON has no NaN and no infinity."""
    number = float(text)
    if isfinite(number):
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"  # noqa: PLR0124


def _name(text: str) -> JsonValue:
    """A Person Name by component groups (section F.2.2)."""
    name = parse_person_name(text)
    groups = {
        "Alphabetic": name.alphabetic,
        "Ideographic": name.ideographic,
        "Phonetic": name.phonetic,
    }
    return {key: value for key, value in groups.items() if value}


_NUMBERS: Mapping[str, Callable[[str], JsonValue]] = {
    VR.SS: int, VR.US: int, VR.SL: int, VR.UL: int, VR.SV: _whole, VR.UV: _whole,
    VR.FL: _float, VR.FD: _float,
}  # fmt: skip
_VALUES: Mapping[str, Callable[[str], JsonValue]] = {
    **_NUMBERS,
    VR.IS: _whole,
    VR.DS: _decimal,
    VR.PN: _name,
}
