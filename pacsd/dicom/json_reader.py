"""DICOM JSON as STOW-RS metadata and queries bring it, to data sets (PS3.18 annex F).

A data set comes out in Explicit VR Little Endian with text in UTF-8, sequences and items of
undefined length: so bulk data can be put in where it belongs and nothing before it changes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pacsd.dicom.data_set import MAX_HEADERS, SPECIFIC_CHARACTER_SET
from pacsd.dicom.errors import JsonModelError
from pacsd.dicom.header_writer import MAX_SHORT_LENGTH, encode_header, encode_item_header
from pacsd.dicom.headers import (
    DELIMITER_GROUP,
    EXPLICIT_LITTLE,
    ITEM,
    ITEM_DELIMITATION,
    SEQUENCE_DELIMITATION,
    UNDEFINED_LENGTH,
)
from pacsd.dicom.json_encoding import Place, decode_inline, encode_values
from pacsd.dicom.json_syntax import parse_json
from pacsd.dicom.json_values import BINARY_VRS, BULK_VRS, UNICODE, is_in_model
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.text import printable
from pacsd.dicom.vr import VR, has_long_length, padding_byte
from pacsd.dicom.walk import MAX_DEPTH, Path

_TAG = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
_VRS = frozenset(VR)
_CONTENTS = frozenset({"Value", "BulkDataURI", "InlineBinary"})
_MAX_NESTING = 3 * MAX_DEPTH + 5
"""An item stands in an array in an object; around all is an array, within is a Person Name."""

# PS3.5 section 7.1: even groups of commands and of directories, odd ones of nobody.
_LAST_FOREIGN_GROUP = 0x0007
_NO_GROUPS = frozenset({DELIMITER_GROUP, 0xFFFF})

_ITEM_START = encode_item_header(EXPLICIT_LITTLE, ITEM, UNDEFINED_LENGTH)
_ITEM_END = encode_item_header(EXPLICIT_LITTLE, ITEM_DELIMITATION, 0)
_SEQUENCE_END = encode_item_header(EXPLICIT_LITTLE, SEQUENCE_DELIMITATION, 0)
_DECLARED: Mapping[str, object] = {"vr": "CS", "Value": [UNICODE]}
_SYNTAXES = ("00020010", "00083002")
"""Transfer Syntax UID, of File Meta Information, and Available Transfer Syntax UID."""


@dataclass(frozen=True, slots=True)
class BulkReference:
    """An attribute whose value lies at a BulkDataURI (PS3.18 section F.2.6).

    `path` leads to its item, numbered from 0. Its header, of length 0, is at `offset` of the data
    set; the value is to follow it, and its length to stand in it.
    """

    path: Path
    tag: Tag
    vr: str
    uri: str
    offset: int


@dataclass(frozen=True, slots=True)
class JsonDataSet:
    """A data set, and what is still to be put in, in the order of the bytes.

    `transfer_syntax_uid` is what it says of the Transfer Syntax of its pixels, '' if nothing or
    more than one thing: its text is no part of `raw`, if it is File Meta Information.
    """

    raw: bytes
    bulk: tuple[BulkReference, ...]
    transfer_syntax_uid: str = ""


def read_json(data: bytes, max_headers: int = MAX_HEADERS) -> list[JsonDataSet]:
    """The data sets of a JSON array (PS3.18 section F.2.1), or of a single object.

    Group lengths and File Meta Information are left out; Specific Character Set says ISO_IR 192.

    Raises:
        JsonModelError: it is no JSON, or an attribute is none of the model: its message names the
            attribute, the value and the rule. Also of sequences deeper than MAX_DEPTH, and of more
            elements and items than `max_headers` in all of them.
    """
    return read_model(_objects(data), max_headers)


def read_model(objects: Iterable[object], max_headers: int = MAX_HEADERS) -> list[JsonDataSet]:
    """The data sets of objects of the DICOM JSON model, as a parser gives them.

    Raises:
        JsonModelError: as for `read_json`.
    """
    headers_left = max_headers
    found: list[JsonDataSet] = []
    for each in objects:
        reader = _Reader(headers_left, max_headers)
        found.append(reader.read(each))
        headers_left = reader.headers_left
    return found


def read_each(data: bytes) -> Iterator[JsonDataSet | JsonModelError]:
    """The data sets of a JSON array one by one; for one that is none, what is wrong with it.

    Unlike in `read_json` each may have MAX_HEADERS elements and items: the length of `data` is
    what bounds them all.

    Raises:
        JsonModelError: it is no JSON, so that nothing of it can be read.
    """
    for each in _objects(data):
        try:
            yield _Reader(MAX_HEADERS, MAX_HEADERS).read(each)
        except JsonModelError as error:
            yield error


def _objects(data: bytes) -> list[object]:
    parsed = parse_json(data, _MAX_NESTING)
    return parsed if isinstance(parsed, list) else [parsed]


class _Reader:
    """Writes one data set."""

    __slots__ = ("_bulk", "_max_headers", "_parts", "_size", "headers_left")

    def __init__(self, headers_left: int, max_headers: int) -> None:
        self.headers_left = headers_left
        self._max_headers = max_headers
        self._parts: list[bytes] = []
        self._size = 0
        self._bulk: list[BulkReference] = []

    def read(self, said: object) -> JsonDataSet:
        attributes = self._attributes(said, "")
        attributes[SPECIFIC_CHARACTER_SET] = _DECLARED
        self._data_set(attributes, ())
        return JsonDataSet(b"".join(self._parts), tuple(self._bulk), _said_syntax(said))

    def _attributes(self, said: object, where: str) -> dict[Tag, object]:
        """The attributes of a data set or item by tag."""
        self._count(where)
        if not isinstance(said, dict):
            shown = printable(repr(said))
            raise JsonModelError(f"{where or 'JSON'}: {shown} is no object (PS3.18 section F.2.2)")
        found: dict[Tag, object] = {}
        for name, attribute in said.items():
            tag = _tag(name, where)
            if tag in found:
                raise JsonModelError(f"{where}{format_tag(tag)}: stands twice in a data set")
            if is_in_model(tag) and tag != SPECIFIC_CHARACTER_SET:
                found[tag] = attribute
        return found

    def _data_set(self, attributes: Mapping[Tag, object], path: Path) -> None:
        for tag in sorted(attributes):
            self._element(tag, attributes[tag], path)

    def _element(self, tag: Tag, said: object, path: Path) -> None:
        place, content = _content(said, _name(path, tag))
        self._count(place.name)
        vr = place.vr
        values = content.get("Value", [])
        if not isinstance(values, list):
            raise place.refused(values, "is no array (PS3.18 section F.2.2)")
        if "BulkDataURI" in content:
            self._refer(tag, place, content["BulkDataURI"], path)
        elif vr == VR.SQ:
            self._sequence(tag, values, path)
        elif "InlineBinary" in content:
            self._write(tag, place, decode_inline(place, content["InlineBinary"]))
        elif values and vr in BINARY_VRS:
            raise place.refused(values[0], "is not InlineBinary (PS3.18 section F.2.2)")
        else:
            self._write(tag, place, encode_values(place, values))

    def _sequence(self, tag: Tag, values: list[object], path: Path) -> None:
        if len(path) >= MAX_DEPTH:
            raise JsonModelError(f"{format_tag(tag)}: sequences nest deeper than {MAX_DEPTH}")
        self._put(encode_header(EXPLICIT_LITTLE, tag, VR.SQ, UNDEFINED_LENGTH))
        for number, value in enumerate(values):
            inner = (*path, (tag, number))
            self._put(_ITEM_START)
            self._data_set(self._attributes(value, _where(inner)), inner)
            self._put(_ITEM_END)
        self._put(_SEQUENCE_END)

    def _refer(self, tag: Tag, place: Place, uri: object, path: Path) -> None:
        if not isinstance(uri, str) or not uri:
            raise place.refused(uri, "is no URI (PS3.18 section F.2.6)")
        if place.vr not in BULK_VRS:
            raise place.refused(uri, "is bulk data of a VR that has none (PS3.18 section F.2.2)")
        self._bulk.append(BulkReference(path, tag, place.vr, uri, self._size))
        self._write(tag, place, b"")

    def _write(self, tag: Tag, place: Place, raw: bytes) -> None:
        if len(raw) & 1:
            raw += padding_byte(place.vr)
        if len(raw) > MAX_SHORT_LENGTH and not has_long_length(place.vr):
            raise JsonModelError(
                f"{place.name} {place.vr}: {len(raw)} bytes are more than {MAX_SHORT_LENGTH} "
                "(PS3.5 section 7.1.2)"
            )
        self._put(encode_header(EXPLICIT_LITTLE, tag, place.vr, len(raw)))
        self._put(raw)

    def _put(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)

    def _count(self, where: str) -> None:
        self.headers_left -= 1
        if self.headers_left < 0:
            raise JsonModelError(
                f"{where or 'JSON'}: more than {self._max_headers} elements and items (our bound)"
            )


def _said_syntax(said: object) -> str:
    """What a data set says of its Transfer Syntax, whether that is one or not."""
    for name in _SYNTAXES:
        attribute = said.get(name) if isinstance(said, dict) else None
        values = attribute.get("Value") if isinstance(attribute, dict) else None
        if isinstance(values, list) and len(values) == 1 and isinstance(values[0], str):
            return values[0]
    return ""


def _tag(name: str, where: str) -> Tag:
    if not _TAG.fullmatch(name):
        raise JsonModelError(
            f"{where}'{printable(name)}': is no tag of eight digits (PS3.18 section F.2.2)"
        )
    tag = int(name, 16)
    group = tag >> 16
    is_foreign = group <= _LAST_FOREIGN_GROUP or group in _NO_GROUPS
    if is_in_model(tag) and is_foreign:
        raise JsonModelError(f"{where}{format_tag(tag)}: is of no data set (PS3.5 section 7.1)")
    return tag


def _content(said: object, name: str) -> tuple[Place, Mapping[str, object]]:
    """An attribute's VR, and the one thing that stands beside it (PS3.18 section F.2.2)."""
    if not isinstance(said, dict):
        raise JsonModelError(f"{name}: {printable(repr(said))} is no object (PS3.18 section F.2.2)")
    vr = said.get("vr")
    if not isinstance(vr, str) or vr not in _VRS:
        raise JsonModelError(f"{name}: vr {printable(repr(vr))} is none of PS3.5 table 6.2-1")
    place = Place(name, vr)
    content = {key: value for key, value in said.items() if key != "vr"}
    odd = sorted(set(content) - _CONTENTS) or sorted(content)[1:]
    if odd:
        raise place.refused(odd[0], "stands there too (PS3.18 section F.2.2)")
    if "InlineBinary" in content and vr not in BINARY_VRS:
        raise place.refused("InlineBinary", "is not for this VR (PS3.18 section F.2.2)")
    return place, content


def _name(path: Path, tag: Tag) -> str:
    return f"{_where(path)}{format_tag(tag)}"


def _where(path: Path) -> str:
    return "".join(f"{format_tag(tag)} item {number + 1} " for tag, number in path[-2:])
