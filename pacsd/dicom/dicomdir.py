"""A DICOMDIR: which files its directory records refer to (PS3.3 annex F, PS3.10 section 8)."""

from collections.abc import Iterator
from typing import TypeAlias

from pacsd.dicom.headers import Buffer
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag
from pacsd.dicom.walk import Path, walk

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"

DIRECTORY_RECORD_SEQUENCE = 0x00041220
RECORD_IN_USE_FLAG = 0x00041410
REFERENCED_FILE_ID = 0x00041500

MAX_DICOMDIR_BYTES = 256 * 1024 * 1024
"""So long a one is read, and made."""

FileID: TypeAlias = tuple[str, ...]
"""The components of a File ID: folders, then the file (PS3.10 section 8.2)."""

_INACTIVE = b"\0\0"
_MIN_HEADER_BYTES = 8


def referenced_files(buffer: Buffer, syntax: TransferSyntax) -> Iterator[FileID]:
    """The File IDs of all records in use, in their order.

    They are what stands there, not judged: whoever opens files by them must see that they stay
    within the File-set.

    Raises:
        ScanError: the structure cannot be read.
    """
    record: Path = ()
    file_id: FileID = ()
    is_in_use = True
    for path, element in walk(buffer, syntax, max_headers=len(buffer) // _MIN_HEADER_BYTES + 1):
        if len(path) != 1 or path[0][0] != DIRECTORY_RECORD_SEQUENCE:
            continue
        if path != record:
            if file_id and is_in_use:
                yield file_id
            record, file_id, is_in_use = path, (), True
        value = _value(buffer, element.tag, element.offset, element.length)
        if element.tag == RECORD_IN_USE_FLAG:
            is_in_use = value != _INACTIVE
        elif element.tag == REFERENCED_FILE_ID:
            file_id = tuple(part.strip(" \0") for part in value.decode("latin-1").split("\\"))
    if file_id and is_in_use:
        yield file_id


def _value(buffer: Buffer, tag: Tag, offset: int, length: int) -> bytes:
    if tag not in {RECORD_IN_USE_FLAG, REFERENCED_FILE_ID}:
        return b""
    return bytes(buffer[offset : offset + length])
