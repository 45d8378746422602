"""A DICOMDIR as bytes (PS3.3 section F.3, PS3.10 section 8.6).

The records come in the order of the tree: each before those of its lower-level entity.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pacsd.dicom.dicomdir import (
    DIRECTORY_RECORD_SEQUENCE,
    MEDIA_STORAGE_DIRECTORY,
    RECORD_IN_USE_FLAG,
    REFERENCED_FILE_ID,
    FileID,
)
from pacsd.dicom.errors import Part10Error
from pacsd.dicom.header_writer import encode_header, encode_item_header
from pacsd.dicom.headers import EXPLICIT_LITTLE, ITEM, UNDEFINED_LENGTH
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.part10 import FileMeta, encode_file_meta
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicom.tag import Tag
from pacsd.dicom.uid import encode_uid
from pacsd.dicom.vr import VR, padding_byte

FILE_SET_ID: Tag = 0x00041130
FIRST_RECORD: Tag = 0x00041200
LAST_RECORD: Tag = 0x00041202
CONSISTENCY_FLAG: Tag = 0x00041212
NEXT_RECORD: Tag = 0x00041400
LOWER_LEVEL_ENTITY: Tag = 0x00041420
RECORD_TYPE: Tag = 0x00041430
REFERENCED_SOP_CLASS_UID: Tag = 0x00041510
REFERENCED_SOP_INSTANCE_UID: Tag = 0x00041511
REFERENCED_TRANSFER_SYNTAX_UID: Tag = 0x00041512

_CONSISTENT = bytes(2)
_IN_USE = b"\xff\xff"
_NOWHERE = 0
_LINKS_BYTES = 8 + 12 + 10 + 12
"""Of an item's header and the three elements that stand first in it."""


@dataclass(frozen=True, slots=True)
class ReferencedFile:
    """The file that a record refers to, and what it holds."""

    file_id: FileID
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


@dataclass(frozen=True, slots=True)
class DirectoryRecord:
    """A record as it is written, but where others lie; `depth` is 0 in the root entity."""

    depth: int
    body: bytes

    @property
    def item_bytes(self) -> int:
        """The length of the item that it becomes."""
        return _LINKS_BYTES + len(self.body)


def directory_record(
    depth: int, term: str, keys: bytes, file: ReferencedFile | None = None
) -> DirectoryRecord:
    """A record of this type with these keys, which are written already."""
    parts = [_text(RECORD_TYPE, VR.CS, term)]
    if file is not None:
        parts += [
            _text(REFERENCED_FILE_ID, VR.CS, "\\".join(file.file_id)),
            _uid(REFERENCED_SOP_CLASS_UID, file.sop_class_uid),
            _uid(REFERENCED_SOP_INSTANCE_UID, file.sop_instance_uid),
            _uid(REFERENCED_TRANSFER_SYNTAX_UID, file.transfer_syntax_uid),
        ]
    return DirectoryRecord(depth, b"".join((*parts, keys)))


def encode_dicomdir(
    records: Sequence[DirectoryRecord], file_set_uid: str, file_set_id: str = ""
) -> Iterator[bytes]:
    """The file, in pieces.

    Raises:
        Part10Error: it would be longer than offsets of 32 bits can say.
    """
    meta = encode_file_meta(
        FileMeta(
            media_storage_sop_class_uid=MEDIA_STORAGE_DIRECTORY,
            media_storage_sop_instance_uid=file_set_uid,
            transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
        )
    )
    head = meta + _text(FILE_SET_ID, VR.CS, file_set_id)
    items_bytes = sum(each.item_bytes for each in records)
    start = len(head) + len(_entity(_NOWHERE, _NOWHERE, items_bytes))
    if start + items_bytes >= UNDEFINED_LENGTH:
        raise Part10Error(f"a DICOMDIR of {items_bytes} bytes (PS3.3 table F.3-3)")
    links = _links(records, start)
    roots = [link.offset for each, link in zip(records, links, strict=True) if not each.depth]
    first, last = (roots[0], roots[-1]) if roots else (_NOWHERE, _NOWHERE)
    yield head + _entity(first, last, items_bytes)
    for each, link in zip(records, links, strict=True):
        yield _item(each, link.following, link.lower)


@dataclass(slots=True)
class _Link:
    """Where a record lies, the next one of its entity, and the first one of its lower entity."""

    offset: int
    following: int = _NOWHERE
    lower: int = _NOWHERE


def _links(records: Sequence[DirectoryRecord], start: int) -> list[_Link]:
    links: list[_Link] = []
    last: list[_Link] = []
    offset = start
    for record in records:
        link = _Link(offset)
        links.append(link)
        if len(last) > record.depth:
            last[record.depth].following = offset
            del last[record.depth :]
        elif last:
            last[-1].lower = offset
        last.append(link)
        offset += record.item_bytes
    return links


def _entity(first: int, last: int, items_bytes: int) -> bytes:
    """The root directory entity, up to its first record (PS3.3 table F.3-3)."""
    return b"".join((
        _offset(FIRST_RECORD, first),
        _offset(LAST_RECORD, last),
        _element(CONSISTENCY_FLAG, VR.US, _CONSISTENT),
        encode_header(EXPLICIT_LITTLE, DIRECTORY_RECORD_SEQUENCE, VR.SQ, items_bytes),
    ))  # fmt: skip


def _item(record: DirectoryRecord, following: int, lower: int) -> bytes:
    content = b"".join((
        _offset(NEXT_RECORD, following),
        _element(RECORD_IN_USE_FLAG, VR.US, _IN_USE),
        _offset(LOWER_LEVEL_ENTITY, lower),
        record.body,
    ))  # fmt: skip
    return encode_item_header(EXPLICIT_LITTLE, ITEM, len(content)) + content


def _offset(tag: Tag, value: int) -> bytes:
    return _element(tag, VR.UL, EXPLICIT_LITTLE.length.pack(value))


def _text(tag: Tag, vr: VR, value: str) -> bytes:
    raw = value.encode("ascii")
    return _element(tag, vr, raw + padding_byte(vr) * (len(raw) % 2))


def _uid(tag: Tag, uid: str) -> bytes:
    return _element(tag, VR.UI, encode_uid(uid))


def _element(tag: Tag, vr: VR, value: bytes) -> bytes:
    return encode_header(EXPLICIT_LITTLE, tag, vr, len(value)) + value
