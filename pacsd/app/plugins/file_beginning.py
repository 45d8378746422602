"""The beginnings of files (PS3.10) that are coerced, and of copies: what tells what they are."""

import os
from dataclasses import dataclass
from typing import BinaryIO

from pacsd.dicom.file_head import MAX_HEAD_BYTES
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.inflate import Inflater
from pacsd.dicom.part10 import FileMeta, decode_file_meta
from pacsd.dicom.registry import TransferSyntax

FIRST_BYTES = 4 * 1024 * 1024
"""Of a data set: its UIDs, and its marks, are among them."""


@dataclass(frozen=True, slots=True)
class FileBeginning:
    """What is read of a file: `first` are the first bytes of its data set, inflated.

    `offset` is where that begins in the file, of `size` bytes; `is_whole`: it ends with `first`.
    """

    meta: FileMeta
    offset: int
    size: int
    first: bytes
    is_whole: bool

    @property
    def syntax(self) -> TransferSyntax:
        """How the data set is written."""
        return known_syntax(self.meta.transfer_syntax_uid)


def read_beginning(file: BinaryIO) -> FileBeginning:
    """Read the beginning of a file, wherever it was read before; blocks.

    Raises:
        DicomError: it is no DICOM file, or the deflated data set is broken.
        OSError: it cannot be read.
    """
    read = os.pread(file.fileno(), MAX_HEAD_BYTES + FIRST_BYTES, 0)
    size = os.fstat(file.fileno()).st_size
    meta, offset = decode_file_meta(read)
    first, is_whole = read[offset:], len(read) == size
    if known_syntax(meta.transfer_syntax_uid).is_deflated:
        inflater = Inflater(FIRST_BYTES, is_prefix=True)
        first = inflater.inflate(first)
        is_whole = inflater.is_complete
    return FileBeginning(meta, offset, size, first, is_whole)
