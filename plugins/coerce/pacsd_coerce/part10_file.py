"""DICOM files (PS3.10) read as trees, and written from them with a header of our own.

Of the old File Meta Information only the Transfer Syntax is taken over: AE titles, addresses and
private information of how an object came do not leave with a copy, and neither does what a device
wrote into the preamble.
"""

import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pacsd.dicom.errors import DicomError
from pacsd.dicom.file_head import MAX_HEAD_BYTES
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.headers import Layout, layout_of
from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.inflate import inflate
from pacsd.dicom.part10 import FileMeta, decode_file_meta, encode_file_meta
from pacsd.dicom.quirks import QuirkCounter
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.uid import decode_uid, is_valid_uid
from pacsd.dicom.walk import first_layout
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.tree import DataSet, pieces, read_data_set

MAX_DEFLATED_BYTES = 64 * 1024 * 1024
MAX_INFLATED_BYTES = 256 * 1024 * 1024
_SOP_CLASS_UID: Tag = 0x00080016
_SOP_INSTANCE_UID: Tag = 0x00080018
_FIRST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Part10:
    """An open file as a data set that can be changed."""

    data_set: DataSet
    layout: Layout
    transfer_syntax_uid: str
    syntax: TransferSyntax


def read_part10(file: BinaryIO) -> Part10:
    """Read a file; values that are long stay in it, so it has to stay open.

    Raises:
        NotCoerced: it is none, or its data set cannot be read.
        OSError: it cannot be read.
    """
    file.seek(0)
    try:
        meta, offset = decode_file_meta(file.read(MAX_HEAD_BYTES))
        syntax = known_syntax(meta.transfer_syntax_uid)
        end = os.fstat(file.fileno()).st_size
        if syntax.is_deflated:
            file, offset, end = _inflated(file, offset, end)
    except DicomError as error:
        raise NotCoerced(f"it cannot be read: {error}") from None
    file.seek(offset)
    first = file.read(min(_FIRST_BYTES, end - offset))
    layout = first_layout(first, 0, layout_of(syntax), QuirkCounter())
    data_set = read_data_set(file, offset, end, layout)
    return Part10(data_set, layout, meta.transfer_syntax_uid, syntax)


def write_part10(made: Part10, file: BinaryIO) -> None:
    """Write it; blocks.

    Raises:
        NotCoerced: SOP Class or Instance UID is missing, or none.
        OSError: it cannot be written, or what is copied cannot be read.
    """
    meta = FileMeta(
        uid_in(made.data_set, _SOP_CLASS_UID),
        uid_in(made.data_set, _SOP_INSTANCE_UID),
        made.transfer_syntax_uid,
        IMPLEMENTATION_CLASS_UID,
        IMPLEMENTATION_VERSION_NAME,
    )
    file.write(encode_file_meta(meta))
    written = pieces(made.data_set, made.layout)
    file.writelines(_deflated(written) if made.syntax.is_deflated else written)
    file.flush()


def uid_in(data_set: DataSet, tag: Tag) -> str:
    """A UID of a data set.

    Raises:
        NotCoerced: it is not there, or none.
    """
    element = data_set.get(tag)
    raw = element.value if element is not None and isinstance(element.value, bytes) else b""
    uid = decode_uid(raw)
    if not is_valid_uid(uid):
        raise NotCoerced(f"{format_tag(tag)}: is no UID (PS3.5 section 9.1)")
    return uid


def _inflated(file: BinaryIO, offset: int, end: int) -> tuple[BinaryIO, int, int]:
    if end - offset > MAX_DEFLATED_BYTES:
        raise NotCoerced(f"it is deflated, and longer than {MAX_DEFLATED_BYTES} bytes")
    file.seek(offset)
    raw, _ = inflate(file.read(end - offset), MAX_INFLATED_BYTES)
    return io.BytesIO(raw), 0, len(raw)


def _deflated(written: Iterator[bytes]) -> Iterator[bytes]:
    """PS3.5 section A.5, padded to even length."""
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    size = 0
    for piece in written:
        some = deflater.compress(piece)
        size += len(some)
        yield some
    last = deflater.flush()
    yield last + b"\0" * ((size + len(last)) & 1)
