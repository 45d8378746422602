"""The Native DICOM Model as STOW-RS metadata brings it, to data sets (PS3.19 section A.1).

A document becomes objects of the DICOM JSON model, which says the same (PS3.18 annex F): the rules
that both have in common, and what comes out, are those of `json_reader`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar, TypeVar

from pacsd.dicom.data_set import MAX_HEADERS
from pacsd.dicom.errors import NativeModelError
from pacsd.dicom.json_encoding import Place
from pacsd.dicom.json_reader import JsonDataSet, read_model
from pacsd.dicom.json_values import NAME_GROUPS
from pacsd.dicom.native_xml import NAMESPACE
from pacsd.dicom.open_attributes import Budget, OpenAttribute, OpenDataSet
from pacsd.dicom.person_name import COMPONENTS
from pacsd.dicom.tag import format_tag, is_private
from pacsd.dicom.text import printable
from pacsd.dicom.vr import VR
from pacsd.dicom.walk import MAX_DEPTH
from pacsd.dicom.xml_syntax import parse_xml
from pacsd.dicom.xml_values import WHITE_SPACE, of_components, of_text

_ROOT = "NativeDicomModel"
_NUMBERED = ("Value", "PersonName")
_BYTES = ("InlineBinary", "BulkData")
_OF_VR: Mapping[str, str] = {VR.SQ: "Item", VR.PN: "PersonName"}
"""What values of other VRs than most are in."""

# PS3.19 section A.1.6: what may stand in what, and the attributes that each may have.
_CHILDREN: Mapping[str, frozenset[str]] = {
    "": frozenset({_ROOT}),
    _ROOT: frozenset({"DicomAttribute"}),
    "Item": frozenset({"DicomAttribute"}),
    "DicomAttribute": frozenset({"Value", *_OF_VR.values(), *_BYTES}),
    "PersonName": frozenset(NAME_GROUPS),
    **dict.fromkeys(NAME_GROUPS, frozenset(COMPONENTS)),
}
_NUMBER_ALONE = frozenset({"number"})
_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "DicomAttribute": frozenset({"tag", "vr", "keyword", "privateCreator"}),
    "Value": _NUMBER_ALONE, "PersonName": _NUMBER_ALONE, "Item": _NUMBER_ALONE,
    "BulkData": frozenset({"uri", "uuid"}),
}  # fmt: skip
_WITH_TEXT = frozenset({"Value", "InlineBinary", *COMPONENTS})
_NAMESPACES = frozenset({NAMESPACE, ""})
_NONE: frozenset[str] = frozenset()
_TAG = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
_NUMBER = re.compile(r"\+?0*([1-9][0-9]{0,6})", re.ASCII)
_VRS = frozenset(VR)
_SCHEMA = "(PS3.19 section A.1.6)"

Begun = TypeVar("Begun")


def read_native_xml(
    documents: Iterable[bytes], max_headers: int = MAX_HEADERS
) -> list[JsonDataSet]:
    """The data sets of documents, one of each (PS3.18 section 10.5.1.4).

    Group lengths and File Meta Information are left out; Specific Character Set says ISO_IR 192.
    A private attribute stands in the block of its creator, or in a free one. A BulkData is known
    by its `uri`, or else by its `uuid`.

    Raises:
        NativeModelError: it is no XML, or not of the model: its message names the attribute, the
            value and the rule. Also of sequences deeper than MAX_DEPTH, of more elements and items
            than `max_headers` in all documents, and of more values than MAX_VALUES.
        JsonModelError: a value is none of its VR, or cannot be written.
    """
    budget = Budget(max_headers)
    return read_model(_models(documents, budget), max_headers)


def _models(documents: Iterable[bytes], budget: Budget) -> Iterator[object]:
    for each in documents:
        builder = _Builder(budget)
        parse_xml(each, builder)
        yield builder.model


class _Builder:
    """Hears what is in a document, and makes the object of it."""

    def __init__(self, budget: Budget) -> None:
        self.model: object = None
        self._budget = budget
        self._path: list[str] = []
        self._data_sets: list[OpenDataSet] = []
        self._open: list[OpenAttribute] = []
        self._name: dict[str, dict[str, str]] = {}
        self._text: list[str] = []

    def start(self, namespace: str, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins: is it one that may stand here?"""
        inside = self._path[-1] if self._path else ""
        if namespace not in _NAMESPACES:
            raise self._refused(name, f"is of namespace '{printable(namespace)}' {_SCHEMA}")
        if name not in _CHILDREN.get(inside, _NONE):
            raise self._refused(name, f"does not stand in {inside or 'a document'} {_SCHEMA}")
        for each in attributes.keys() - _ATTRIBUTES.get(name, _NONE):
            raise self._refused(each, f"is no attribute of {name} {_SCHEMA}")
        self._path.append(name)
        self._BEGIN[name](self, attributes)

    def end(self) -> None:
        """The element that began last ends."""
        name = self._path.pop()
        end = self._END.get(name)
        if end is not None:
            end(self)
        elif name in COMPONENTS:
            self._end_component(name)

    def text(self, text: str) -> None:
        """Text is a value, or white space between elements."""
        inside = self._path[-1]
        if inside in _WITH_TEXT:
            self._text.append(text)
        elif text.strip(WHITE_SPACE):
            raise self._refused(text, f"is text in {inside} {_SCHEMA}")

    def _begin_root(self, _: Mapping[str, str]) -> None:
        self._budget.take_headers(_ROOT, 2)  # it, and the Specific Character Set that it is given
        self._data_sets.append(OpenDataSet())

    def _begin_attribute(self, attributes: Mapping[str, str]) -> None:
        where = self._data_sets[-1].where
        written, vr = attributes.get("tag", ""), attributes.get("vr", "")
        if not _TAG.fullmatch(written):
            shown = printable(written)
            raise NativeModelError(f"{where}'{shown}': is no tag of eight digits {_SCHEMA}")
        tag = int(written, 16)
        place = Place(f"{where}{format_tag(tag)}", vr)
        self._budget.take_headers(place.name)
        if vr not in _VRS:
            shown = printable(vr)
            raise NativeModelError(f"{place.name}: vr '{shown}' is none of PS3.5 table 6.2-1")
        creator = attributes.get("privateCreator", "").strip(" ")
        self._open.append(OpenAttribute(place, tag, creator))
        if creator and not is_private(tag):
            raise self._refused(creator, "creates what is not private (PS3.5 section 7.8)")

    def _begin_value(self, attributes: Mapping[str, str]) -> None:
        """Numbers rise; a value that is left out is empty, as dcm4che has it when it reads."""
        found, name = self._begin_content()
        number = _number(attributes, found)
        left_out = number - len(found.values) - 1
        if left_out < 0:
            raise self._refused(number, f"is the number of a {name} before (PS3.19 table A.1.5-2)")
        self._budget.take_values(found.place.name, left_out)
        found.values += [None] * left_out
        self._name = {}

    def _begin_item(self, attributes: Mapping[str, str]) -> None:
        found, _ = self._begin_content()
        number = _number(attributes, found)
        if number != len(found.values) + 1:
            raise self._refused(number, "is not the next number (PS3.19 table A.1.5-2)")
        if len(self._data_sets) > MAX_DEPTH:
            raise self._refused(number, f"nests deeper than {MAX_DEPTH} sequences (our bound)")
        item = f"{format_tag(found.tag)} item {number} "
        self._budget.take_headers(item)
        self._data_sets.append(OpenDataSet(f"{self._data_sets[-1].item}{item}", item))

    def _begin_bytes(self, attributes: Mapping[str, str]) -> None:
        """InlineBinary or BulkData: one that is the whole value."""
        found, name = self._begin_content()
        if found.content:
            raise self._refused(name, f"stands there twice {_SCHEMA}")
        if name == "BulkData":
            uri = attributes.get("uri") or attributes.get("uuid", "")
            found.content["BulkDataURI"] = uri
        else:
            found.content["InlineBinary"] = ""

    def _begin_content(self) -> tuple[OpenAttribute, str]:
        """The attribute that has this in it: it has nothing else, and what its VR has."""
        found, name = self._open[-1], self._path[-1]
        if found.kind not in {"", name}:
            raise self._refused(name, f"stands beside {found.kind} {_SCHEMA}")
        if name not in _BYTES and name != _OF_VR.get(found.place.vr, "Value"):
            raise self._refused(name, "is not for this VR (PS3.19 table A.1.5-2)")
        found.kind = name
        return found, name

    def _begin_group(self, _: Mapping[str, str]) -> None:
        self._begin_once(self._name, {})

    def _begin_component(self, _: Mapping[str, str]) -> None:
        self._begin_once(self._name[self._path[-2]], "")

    def _begin_once(self, found: dict[str, Begun], begun: Begun) -> None:
        name = self._path[-1]
        self._budget.take_values(self._open[-1].place.name)
        if name in found:
            raise self._refused(name, f"stands there twice {_SCHEMA}")
        found[name] = begun

    def _end_component(self, name: str) -> None:
        self._name[self._path[-1]][name] = self._taken_text()

    def _end_name(self) -> None:
        found = self._open[-1]
        found.values.append(of_components(found.place, self._name))

    def _end_value(self) -> None:
        found = self._open[-1]
        found.values.append(of_text(found.place, self._taken_text()))

    def _end_inline_binary(self) -> None:
        """Base64 may be in lines (XML Schema part 2, section 3.2.16)."""
        self._open[-1].content["InlineBinary"] = "".join(self._taken_text().split())

    def _end_attribute(self) -> None:
        self._data_sets[-1].add(self._open.pop())

    def _end_item(self) -> None:
        self._open[-1].values.append(self._data_sets.pop().model(self._budget))

    def _end_root(self) -> None:
        self.model = self._data_sets.pop().model(self._budget)

    def _taken_text(self) -> str:
        text = "".join(self._text)
        self._text.clear()
        return text

    def _refused(self, value: object, rule: str) -> NativeModelError:
        """The refusal of something within the attribute that is open, or within none."""
        where = ""
        if self._path:
            where = f"{self._data_sets[-1].where}{self._path[-1]}"
        if self._open and len(self._open) == len(self._data_sets):
            place = self._open[-1].place
            where = f"{place.name} {place.vr}"
        return NativeModelError(f"{where or 'XML'}: value {printable(repr(value))} {rule}")

    _BEGIN: ClassVar[Mapping[str, Callable[["_Builder", Mapping[str, str]], None]]] = {
        _ROOT: _begin_root,
        "DicomAttribute": _begin_attribute,
        "Item": _begin_item,
        **dict.fromkeys(_NUMBERED, _begin_value),
        **dict.fromkeys(_BYTES, _begin_bytes),
        **dict.fromkeys(NAME_GROUPS, _begin_group),
        **dict.fromkeys(COMPONENTS, _begin_component),
    }
    _END: ClassVar[Mapping[str, Callable[["_Builder"], None]]] = {
        _ROOT: _end_root,
        "DicomAttribute": _end_attribute,
        "Item": _end_item,
        "Value": _end_value,
        "PersonName": _end_name,
        "InlineBinary": _end_inline_binary,
    }


def _number(attributes: Mapping[str, str], found: OpenAttribute) -> int:
    """Who numbers nothing has it in its order."""
    written = attributes.get("number")
    if written is None:
        return len(found.values) + 1
    matched = _NUMBER.fullmatch(written)
    if matched is None:
        name, shown = found.place.name, printable(written)
        raise NativeModelError(f"{name}: number '{shown}' is not positive, or too large {_SCHEMA}")
    return int(matched[1])
