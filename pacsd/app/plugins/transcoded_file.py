"""What a codec has written: looked at before anybody gets it, and read from its data set on."""

import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import BinaryIO

from anyio import to_thread

from pacsd.app.plugins.copy_place import read_only
from pacsd.dicom.errors import DicomError
from pacsd.dicom.file_head import MAX_HEAD_BYTES
from pacsd.dicom.inflate import Inflater
from pacsd.dicom.part10 import decode_file_meta
from pacsd.dicom.registry import TransferSyntax, transfer_syntax
from pacsd.dicom.scan import scan
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicom.uid import decode_uid
from pacsd.net.data_sets import CHUNK_BYTES
from pacsd.net.transcoding import NotTranscoded

_SOP_CLASS_UID: Tag = 0x00080016
_SOP_INSTANCE_UID: Tag = 0x00080018
_FIRST_BYTES = 8192
"""Of a data set: its UIDs are among them."""

_EXPECTED_CHARS = 64


@dataclass(frozen=True, slots=True)
class Expected:
    """What it has to be; no longer than `max_bytes`."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    max_bytes: int


@dataclass(frozen=True, slots=True)
class TranscodedFile:
    """An open file, its length, and where its data set begins."""

    file: BinaryIO
    offset: int
    file_bytes: int

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Its data set, in bounded pieces.

        Raises:
            OSError: it cannot be read, or has become shorter.
        """
        at = self.offset
        while at < self.file_bytes:
            piece = await to_thread.run_sync(os.pread, self.file.fileno(), CHUNK_BYTES, at)
            if not piece:
                raise OSError("what was transcoded has become shorter")
            at += len(piece)
            yield piece


def checked(written: BinaryIO, expected: Expected) -> TranscodedFile:
    """What was written, by a descriptor of its own; blocks.

    Raises:
        NotTranscoded: it is not what was expected.
        OSError: it cannot be read.
    """
    file = read_only(written)
    try:
        size = os.fstat(file.fileno()).st_size
        offset = _checked_head(file.read(MAX_HEAD_BYTES + _FIRST_BYTES), expected)
        _check_length(size, offset, expected.max_bytes)
    except BaseException:
        file.close()
        raise
    return TranscodedFile(file, offset, size)


def _check_length(size: int, offset: int, max_bytes: int) -> None:
    if size > max_bytes:
        most = f"{max_bytes} (transcoding.max_bytes)"
        raise NotTranscoded(f"the codec wrote {size} bytes, more than {most}")
    if size <= offset or (size - offset) % 2:
        rule = f"a data set of {size - offset} bytes (PS3.5 section 7.1.1)"
        raise NotTranscoded(f"the codec wrote {rule}")


def _checked_head(first: bytes, expected: Expected) -> int:
    """Where the data set begins, if what stands before it and in its beginning is right."""
    if not first:
        raise NotTranscoded("the codec wrote nothing")
    try:
        meta, offset = decode_file_meta(first)
    except DicomError as error:
        raise NotTranscoded(f"the codec wrote no DICOM file: {error}") from error
    _check("Transfer Syntax UID", meta.transfer_syntax_uid, expected.transfer_syntax_uid)
    _check("SOP Class UID", meta.media_storage_sop_class_uid, expected.sop_class_uid)
    _check("SOP Instance UID", meta.media_storage_sop_instance_uid, expected.sop_instance_uid)
    syntax = transfer_syntax(expected.transfer_syntax_uid)
    if syntax is not None:
        _check_data_set(first[offset:], syntax, expected)
    return offset


def _check_data_set(first: bytes, syntax: TransferSyntax, expected: Expected) -> None:
    wanted = {_SOP_CLASS_UID, _SOP_INSTANCE_UID}
    try:
        if syntax.is_deflated:
            first = Inflater(_FIRST_BYTES, is_prefix=True).inflate(first)
        stop = _SOP_INSTANCE_UID + 1
        found = scan(first, syntax, stop_before=stop, wanted=wanted, is_whole=False)
    except DicomError as error:
        raise NotTranscoded(f"the codec wrote a data set that cannot be read: {error}") from error
    for name, tag, uid in (
        ("SOP Class UID", _SOP_CLASS_UID, expected.sop_class_uid),
        ("SOP Instance UID", _SOP_INSTANCE_UID, expected.sop_instance_uid),
    ):
        value = found.value(first, tag)
        if value:  # objects may leave their UIDs to the command
            _check(f"{name} of the data set", decode_uid(value), uid)


def _check(name: str, found: str, expected: str) -> None:
    if found != expected:
        shown = printable(found, _EXPECTED_CHARS)
        raise NotTranscoded(f"the codec wrote {name} '{shown}' instead of {expected}")
