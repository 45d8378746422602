"""The head of a DICOM file that comes in pieces: all that stands before its data set.

PS3.10 section 7.1: preamble, prefix, File Meta Information.
"""

from dataclasses import dataclass

from pacsd.dicom.headers import Buffer
from pacsd.dicom.part10 import (
    MAX_META_LENGTH_BYTES,
    PREAMBLE_LENGTH_BYTES,
    PREFIX,
    ZERO_PREAMBLE,
    FileMeta,
    decode_file_meta,
    has_preamble,
)

_LONGEST_HEADER_BYTES = 12
MAX_HEAD_BYTES = PREAMBLE_LENGTH_BYTES + len(PREFIX) + MAX_META_LENGTH_BYTES + _LONGEST_HEADER_BYTES
"""No head is longer, the header of the element behind it included, which shows where it ends."""

_GROUP_2 = b"\x02\x00"


@dataclass(frozen=True, slots=True)
class WholeHead:
    """A head that was found.

    `raw` is what it was, with a preamble of zeros if it had none; `begun` the first bytes of the
    data set, which came with it.
    """

    meta: FileMeta
    raw: bytes
    begun: bytes

    @property
    def preamble(self) -> bytes:
        """The 128 bytes that the file begins with."""
        return self.raw[:PREAMBLE_LENGTH_BYTES]


class FileHead:
    """Finds the head of one file. It keeps `MAX_HEAD_BYTES` at most.

    Either `feed` or `end` gives the head, or raises; nothing is asked of it after that. What
    `may_lack_preamble` may begin with File Meta Information at once: pydicom 3 writes such by
    default, and dicomweb-client 0.61 sends what it writes.
    """

    def __init__(self, *, may_lack_preamble: bool = False) -> None:
        self._may_lack_preamble = may_lack_preamble
        self._kept = bytearray()

    def feed(self, data: Buffer) -> WholeHead | None:
        """Take what comes next; the head, once there is enough to know that it is whole.

        Raises:
            Part10Error: it is none; see `decode_file_meta`.
        """
        missing = MAX_HEAD_BYTES - len(self._kept)
        self._kept += data[:missing]
        return self._found(data[missing:]) if len(self._kept) == MAX_HEAD_BYTES else None

    def end(self) -> WholeHead:
        """Nothing more comes: the head of a short file.

        Raises:
            Part10Error: there is none, or not all of it.
        """
        return self._found(b"")

    def _found(self, behind: Buffer) -> WholeHead:
        kept, self._kept = bytes(self._kept), bytearray()
        is_bare = not has_preamble(kept) and kept.startswith(_GROUP_2)
        if is_bare and self._may_lack_preamble:
            kept = ZERO_PREAMBLE + PREFIX + kept
        meta, offset = decode_file_meta(kept)
        return WholeHead(meta, kept[:offset], b"".join((kept[offset:], behind)))
