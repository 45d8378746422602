"""What a server says became of instances that we stored (PS3.18 section 10.5.3, annex I).

A Store Instances Response comes in JSON or in XML, each read within the bounds of what peers send.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.json_reader import read_json
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicom.status import Status
from pacsd.dicom.tag import Tag
from pacsd.dicom.xml_syntax import parse_xml
from pacsd.dicomweb.errors import BadRequest, UnsupportedMedia
from pacsd.dicomweb.media_types import media_type_of

REFERENCED_SOP_INSTANCE_UID: Tag = 0x00081155
WARNING_REASON: Tag = 0x00081196
FAILURE_REASON: Tag = 0x00081197
FAILED_SOP_SEQUENCE: Tag = 0x00081198
REFERENCED_SOP_SEQUENCE: Tag = 0x00081199
OTHER_FAILURES_SEQUENCE: Tag = 0x0008119A

JSON_TYPES = frozenset({"application/dicom+json", "application/json"})
XML_TYPES = frozenset({"application/dicom+xml", "application/xml", "text/xml"})
ACCEPT = "application/dicom+json, application/dicom+xml;q=0.5"

MAX_DEPTH = 64
"""XML elements within each other; two of them are a level of sequences."""

_NUMBER = re.compile(r"[0-9]{1,5}")
_MAX_STATUS = 0xFFFF
_SEQUENCES = (REFERENCED_SOP_SEQUENCE, FAILED_SOP_SEQUENCE, OTHER_FAILURES_SEQUENCE)
_Item = Mapping[Tag, str]


@dataclass(frozen=True, slots=True)
class StoreResponse:
    """The status of each instance by SOP Instance UID, and of those that it does not name.

    `warned` is what was said beside it, in the Warning headers of its answer: of the request as a
    whole, since no text there names an instance.
    """

    statuses: Mapping[str, int]
    unnamed: tuple[int, ...] = ()
    warned: str = ""

    def __len__(self) -> int:
        return len(self.statuses) + len(self.unnamed)


def read_store_response(data: bytes, content_type: str) -> StoreResponse:
    """Read the payload of an answer to a Store transaction.

    Raises:
        UnsupportedMedia: it is neither in JSON nor in XML.
        BadRequest, JsonModelError, NativeModelError, ScanError: it is none, or not as annex I
            has it.
    """
    media_type = media_type_of(content_type)
    essence = "" if media_type is None else media_type.essence
    if essence in JSON_TYPES:
        return _response(_of_json(data))
    if essence in XML_TYPES:
        return _response(_of_xml(data))
    raise UnsupportedMedia("Content-Type", content_type, "is no Store Instances Response")


def _response(sequences: Mapping[Tag, list[_Item]]) -> StoreResponse:
    statuses: dict[str, int] = {}
    unnamed: list[int] = []
    for sequence in _SEQUENCES:  # what failed counts, if one is said to have been stored as well
        for item in sequences.get(sequence, ()):
            uid = item.get(REFERENCED_SOP_INSTANCE_UID, "")
            status = _status(item, is_stored=sequence == REFERENCED_SOP_SEQUENCE)
            if uid:
                statuses[uid] = status
            else:
                unnamed.append(status)
    return StoreResponse(statuses, tuple(unnamed))


def _status(item: _Item, *, is_stored: bool) -> int:
    """PS3.18 sections I.2.1 and I.2.2: the reasons are statuses of C-STORE, and some more."""
    tag = WARNING_REASON if is_stored else FAILURE_REASON
    text = item.get(tag, "")
    if not text:
        return Status.SUCCESS if is_stored else Status.PROCESSING_FAILURE
    if _NUMBER.fullmatch(text) and int(text) <= _MAX_STATUS:
        return int(text)
    raise BadRequest("reason", text, "is no 16-bit number (PS3.18 table I.1-1)")


def _of_json(data: bytes) -> dict[Tag, list[_Item]]:
    found: dict[Tag, list[_Item]] = {}
    for each in read_json(data):  # one, but some servers put it into an array
        data_set = read_data_set(each.raw, known_syntax(EXPLICIT_VR_LITTLE_ENDIAN))
        for tag in _SEQUENCES:
            found.setdefault(tag, []).extend(map(_of_item, data_set.items(tag)))
    return found


def _of_item(item: DataSet) -> _Item:
    return {tag: "".join(item.texts(tag)[:1]) for tag in item}


def _of_xml(data: bytes) -> dict[Tag, list[_Item]]:
    reader = _XmlReader()
    parse_xml(data, reader)
    return reader.found


class _XmlReader:
    """Takes the items of the sequences of annex I out of a Native DICOM Model (PS3.19 annex A).

    Of whatever namespace they are: not every server says which.
    """

    def __init__(self) -> None:
        self.found: dict[Tag, list[_Item]] = {}
        self._path: list[str] = []
        self._sequence: Tag = 0
        self._tag: Tag = 0
        self._item: dict[Tag, str] = {}
        self._text: list[str] = []

    def start(self, namespace: str, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002 - of XmlEvents
        """An element begins."""
        if len(self._path) == MAX_DEPTH:
            raise BadRequest("payload", name, f"nests deeper than {MAX_DEPTH} in XML (our bound)")
        self._path.append(name)
        self._text.clear()
        if name == "DicomAttribute" and len(self._path) == _IN_DATA_SET:
            self._sequence = _tag(attributes)
        elif name == "DicomAttribute" and len(self._path) == _IN_ITEM:
            self._tag = _tag(attributes)

    def end(self) -> None:
        """The element that began last ends."""
        name, depth = self._path.pop(), len(self._path)
        if name == "Value" and depth == _IN_ITEM:
            self._item.setdefault(self._tag, "".join(self._text).strip())
        elif name == "Item" and depth == _IN_DATA_SET:
            self.found.setdefault(self._sequence, []).append(self._item)
            self._item = {}
        self._text.clear()

    def text(self, text: str) -> None:
        """Text is a value, or white space between elements."""
        self._text.append(text)


_TAG = re.compile(r"[0-9A-Fa-f]{8}")
# NativeDicomModel / DicomAttribute / Item / DicomAttribute / Value
_IN_DATA_SET, _IN_ITEM = 2, 4


def _tag(attributes: Mapping[str, str]) -> Tag:
    text = attributes.get("tag", "")
    if not _TAG.fullmatch(text):
        raise BadRequest("tag", text, "is no tag of eight digits (PS3.19 table A.1.5-2)")
    return int(text, 16)
