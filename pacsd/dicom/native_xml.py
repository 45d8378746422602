"""The Native DICOM Model: a data set as XML (PS3.19 section A.1)."""

import re
from collections.abc import Callable, Iterator, Mapping

from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.json_values import JsonObject, JsonValue
from pacsd.dicom.person_name import COMPONENTS, components
from pacsd.dicom.private import creator_tag, is_creator
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_ROOT = f'<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'
# XML 1.0 section 2.2; half a surrogate pair is no character either.
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Controls too: a parser makes line feeds or spaces of them (XML 1.0 sections 2.11 and 3.3.3).
_ESCAPES = str.maketrans({
    "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;",
    "\t": "&#9;",
})  # fmt: skip


def to_native_xml(data_set: JsonObject) -> bytes:
    """A data set of the DICOM JSON model, as `to_json` makes it, in the Native DICOM Model.

    Private elements are told without their blocks and with their creators, so that those need no
    elements of their own. A character that XML cannot hold becomes U+FFFD.
    """
    body = "".join(_data_set(data_set))
    return f"{_DECLARATION}{_ROOT}{body}</NativeDicomModel>".encode()


def _data_set(data_set: JsonObject) -> Iterator[str]:
    """The DICOM Data Set Macro (PS3.19 table A.1.5-2)."""
    for name, attribute in data_set.items():
        tag = int(name, 16)
        if isinstance(attribute, Mapping) and not is_creator(tag):
            yield from _attribute(tag, attribute, data_set)


def _attribute(tag: Tag, attribute: JsonObject, data_set: JsonObject) -> Iterator[str]:
    yield f"<DicomAttribute{_identity(tag, data_set)} vr={_quoted(str(attribute['vr']))}>"
    values, uri = attribute.get("Value"), attribute.get("BulkDataURI")
    inline = attribute.get("InlineBinary")
    if isinstance(values, list):
        written = _WRITERS.get(str(attribute["vr"]), _value)
        for number, value in enumerate(values, 1):
            yield from written(number, value)
    elif isinstance(uri, str):
        yield f"<BulkData uri={_quoted(uri)}/>"
    elif isinstance(inline, str):
        yield f"<InlineBinary>{inline}</InlineBinary>"
    yield "</DicomAttribute>"


def _identity(tag: Tag, data_set: JsonObject) -> str:
    """Tag with keyword or, of a private element, without its block but with who reserved it."""
    keyword, creator = keyword_of(tag), _creator(tag, data_set)
    if creator:
        return f' tag="{tag & 0xFFFF00FF:08X}" privateCreator={_quoted(creator)}'
    written = f' tag="{tag:08X}"'
    return f"{written} keyword={_quoted(keyword)}" if keyword else written


def _creator(tag: Tag, data_set: JsonObject) -> str:
    """The Private Creator of an element; '' for all that need none, or where it is not told."""
    reserving = creator_tag(tag)
    if reserving is None:
        return ""
    told = data_set.get(f"{reserving:08X}")
    values = told.get("Value") if isinstance(told, Mapping) else None
    first = values[0] if isinstance(values, list) and values else None
    return first if isinstance(first, str) else ""


def _value(number: int, value: JsonValue) -> Iterator[str]:
    """An empty value keeps its place among others (PS3.19 table A.1.5-2)."""
    text = "" if value is None else _escaped(str(value))
    yield f'<Value number="{number}">{text}</Value>'


def _item(number: int, item: JsonValue) -> Iterator[str]:
    yield f'<Item number="{number}">'
    if isinstance(item, Mapping):
        yield from _data_set(item)
    yield "</Item>"


def _person_name(number: int, name: JsonValue) -> Iterator[str]:
    """Component groups, and in each its components that are not empty (PS3.19 section A.1.6)."""
    yield f'<PersonName number="{number}">'
    for group, text in name.items() if isinstance(name, Mapping) else ():
        parts = zip(COMPONENTS, components(str(text)), strict=True)
        written = [f"<{part}>{_escaped(each)}</{part}>" for part, each in parts if each]
        yield f"<{group}>{''.join(written)}</{group}>"
    yield "</PersonName>"


def _escaped(text: str) -> str:
    return _NO_CHARACTER.sub(_REPLACEMENT, text).translate(_ESCAPES)


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


_WRITERS: Mapping[str, Callable[[int, JsonValue], Iterator[str]]] = {
    VR.PN: _person_name,
    VR.SQ: _item,
}
