"""Which parts of a payload are awaited, by which instances (PS3.18 section 10.5.1.4).

A BulkDataURI is a name here: it is compared with the Content-Location of parts, as it is written,
and nothing is ever fetched from where it leads to.
"""

from codecs import getincrementaldecoder
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pacsd.dicom.bulk_filling import MAX_LENGTH, check_size, is_pixel_data
from pacsd.dicom.data_set import DataSet
from pacsd.dicom.errors import JsonModelError
from pacsd.dicom.json_reader import BulkReference, JsonDataSet
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.text import printable
from pacsd.dicom.values import IN_CHARACTER_SET
from pacsd.dicom.walk import PIXEL_DATA
from pacsd.dicomweb.media_types import MediaType
from pacsd.net.web.bulk_syntax import (
    HEAD_BYTES,
    check_frame,
    explicit_vr_little_endian,
    syntax_of_pixels,
)
from pacsd.net.web.pixel_media_types import OCTET_STREAM, media_type_of_syntax
from pacsd.net.web.spooling import Spooled
from pacsd.net.web.store_report import NotStored, Stored

_INLINE = MediaType("application", "octet-stream")
"""What Pixel Data within the metadata is."""

_NEEDED: Mapping[Tag, str] = {
    0x00280002: "Samples per Pixel", 0x00280004: "Photometric Interpretation", 0x00280010: "Rows",
    0x00280011: "Columns", 0x00280100: "Bits Allocated",
}  # fmt: skip
"""What PS3.18 section 10.5.2 lets clients leave out, and nobody here reads from the bit stream."""

_NUMBER_OF_FRAMES: Tag = 0x00280008
_ENCAPSULATED_DOCUMENT: Tag = 0x00420011
_MIME_TYPE: Tag = 0x00420012


@dataclass(slots=True)
class BulkPart:
    """A part on its way in; `is_text`: whether it is UTF-8, as far as anybody asks."""

    media_type: MediaType
    offset: int
    size_bytes: int = 0
    head: bytes = b""
    is_text: bool = True

    @property
    def spooled(self) -> Spooled:
        """Where it lies."""
        return Spooled(self.offset, self.size_bytes)

    def passed(self, data: memoryview) -> None:
        """More of it is in the spool."""
        self.size_bytes += len(data)
        if len(self.head) < HEAD_BYTES:
            self.head = (self.head + bytes(data[:HEAD_BYTES]))[:HEAD_BYTES]


class TextCheck:
    """Whether a part that comes in pieces is text in UTF-8."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")()

    def is_text(self, data: memoryview, *, is_last: bool = False) -> bool:
        """Whether it is, with this piece."""
        try:
            self._decoder.decode(data, is_last)
        except UnicodeDecodeError:
            return False
        return True


@dataclass(eq=False, slots=True)
class Waiting:
    """An instance, the bulk data it is made of in the order of its references, and its missing."""

    stored: Stored
    data_set: JsonDataSet
    header: DataSet
    bulk: list["Bulk"] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class Bulk:
    """What stands at a Content-Location: frames, if it has several parts.

    `waiting` are the instances that refer to it, `users` how many of them are not stored yet;
    `is_used`: it is an element of one that is.
    """

    is_text: bool = False
    users: int = 0
    is_used: bool = False
    parts: list[BulkPart] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)


def await_parts(instances: Iterable[Waiting]) -> dict[str, Bulk]:
    """The bulk data that these instances wait for, by its BulkDataURI."""
    awaited: dict[str, Bulk] = {}
    for instance in instances:
        for reference in instance.data_set.bulk:
            bulk = awaited.setdefault(reference.uri, Bulk())
            bulk.is_text = bulk.is_text or reference.vr in IN_CHARACTER_SET
            instance.bulk.append(bulk)
            if reference.uri not in instance.missing:
                instance.missing.add(reference.uri)
                bulk.waiting.append(instance)
                bulk.users += 1
    return awaited


def syntax_of(instance: Waiting) -> TransferSyntax:
    """The Transfer Syntax to store an instance with, all of whose bulk data is there.

    Raises:
        NotStored: nobody can tell, or a value cannot be what it is said to be.
    """
    syntax = explicit_vr_little_endian()
    for reference, bulk in zip(instance.data_set.bulk, instance.bulk, strict=True):
        if is_pixel_data(reference):
            said = instance.data_set.transfer_syntax_uid
            syntax = syntax_of_pixels(bulk.parts[0].media_type, said)
        if syntax.is_encapsulated and is_pixel_data(reference):
            _check_frames(instance, syntax, bulk.parts)
        else:
            _check_value(instance, reference, bulk.parts)
    if PIXEL_DATA in instance.header and not any(map(is_pixel_data, instance.data_set.bulk)):
        syntax_of_pixels(_INLINE, instance.data_set.transfer_syntax_uid)
    return syntax


def _check_value(instance: Waiting, reference: BulkReference, parts: Sequence[BulkPart]) -> None:
    name = f"{format_tag(reference.tag)} {reference.vr}"
    if len(parts) != 1:
        raise NotStored(f"{name}: {len(parts)} parts are one value (PS3.18 section 10.5.1.4)")
    (part,) = parts
    try:
        check_size(reference, part.size_bytes)
    except JsonModelError as error:
        raise NotStored(str(error)) from error
    if reference.vr in IN_CHARACTER_SET and not part.is_text:
        raise NotStored(f"{name}: is not UTF-8, as text beside metadata is (PS3.18 annex F)")
    if reference.tag == _ENCAPSULATED_DOCUMENT:
        known = {OCTET_STREAM, *(each.lower() for each in instance.header.texts(_MIME_TYPE))}
    else:
        known = {OCTET_STREAM}
    if part.media_type.essence not in known:
        shown = printable(part.media_type.essence)
        raise NotStored(f"{name}: {shown} is not {OCTET_STREAM} (PS3.18 section 10.5.1.4)")


def _check_frames(instance: Waiting, syntax: TransferSyntax, parts: Sequence[BulkPart]) -> None:
    media_type = media_type_of_syntax(syntax.uid)
    for tag, name in _NEEDED.items():
        if not instance.header.texts(tag):
            raise NotStored(f"{name} {format_tag(tag)}: is missing beside compressed Pixel Data")
    for part in parts:
        if part.media_type != parts[0].media_type:
            raise NotStored("Pixel Data: its frames are of several media types")
        if part.size_bytes > MAX_LENGTH:
            raise NotStored(f"Pixel Data: {part.size_bytes} bytes are more than a fragment has")
        check_frame(syntax, part.head)
    said = instance.header.texts(_NUMBER_OF_FRAMES)
    frames = said[0].strip() if said else "1"
    wanted = "1" if media_type.startswith("video/") else frames
    if str(len(parts)) != wanted:
        raise NotStored(f"Pixel Data: {len(parts)} parts, but Number of Frames is {frames}")
