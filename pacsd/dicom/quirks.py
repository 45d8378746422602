"""Quirks: what breaks the standard in an object, yet leaves it readable.

A device cannot be made to change what it has sent, and a refused object is a lost one. So
readers go on, and name and count what they met.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pacsd.dicom.tag import Tag


class QuirkKind(StrEnum):
    """What was met; the values are words for counters and log lines."""

    OTHER_VR_ENCODING = "other-vr-encoding"
    """Explicit where the Transfer Syntax says Implicit VR, or the reverse."""
    UNKNOWN_VR = "unknown-vr"
    """Two capital letters that are no VR of this edition (PS3.5 section 6.2)."""
    NO_VR = "no-vr"
    """Other than letters in the VR field of an Explicit VR element."""
    ODD_LENGTH = "odd-length"
    OUT_OF_ORDER = "out-of-order"
    DUPLICATE = "duplicate"
    STRAY_DELIMITER = "stray-delimiter"
    """A delimiter, or an item, where none can be."""
    MISSING_DELIMITER = "missing-delimiter"
    DELIMITER_LENGTH = "delimiter-length"
    """A delimitation item whose length is not 0 (PS3.5 section 7.5.1)."""
    TRUNCATED = "truncated"
    """The data set ends within an element, an item or a sequence; Pixel Data as DataEnd tells."""
    TRAILING_BYTES = "trailing-bytes"

    ZLIB_HEADER = "zlib-header"
    """RFC 1950 around the RFC 1951 bit stream of PS3.5 section A.5."""

    UNKNOWN_CHARACTER_SET = "unknown-character-set"
    MISSPELT_CHARACTER_SET = "misspelt-character-set"
    UNDECODABLE_TEXT = "undecodable-text"
    UNDECLARED_TEXT = "undeclared-text"
    """Bytes or escape sequences of a set that (0008,0005) does not name."""

    VALUE_TOO_LONG = "value-too-long"
    VALUE_REPERTOIRE = "value-repertoire"
    """Characters that the VR does not allow (PS3.5 table 6.2-1)."""
    VALUE_FORMAT = "value-format"
    VALUE_SIZE = "value-size"
    """Bytes that are no whole number of values."""

    UID_COMPONENT = "uid-component"
    """A component of a UID that is empty, or begins with a 0 that is not all of it."""

    BASIC_OFFSET_TABLE = "basic-offset-table"
    EXTENDED_OFFSET_TABLE = "extended-offset-table"
    FRAMES_BY_MARKER = "frames-by-marker"
    """No table, more fragments than frames: JPEG markers told where frames start."""


@dataclass(frozen=True, slots=True)
class Quirk:
    """One kind of quirk: where it was met first, and how often."""

    kind: QuirkKind
    tag: Tag
    count: int


class QuirkCounter:
    """Counts quirks by kind: its size does not grow with the input."""

    __slots__ = ("_counts", "_tags")

    def __init__(self, known: Iterable[Quirk] = ()) -> None:
        self._tags: dict[QuirkKind, Tag] = {}
        self._counts: dict[QuirkKind, int] = {}
        for quirk in known:
            self._tags[quirk.kind] = quirk.tag
            self._counts[quirk.kind] = quirk.count

    def add(self, kind: QuirkKind, tag: Tag) -> None:
        """Count one at this Data Element."""
        self._tags.setdefault(kind, tag)
        self._counts[kind] = self._counts.get(kind, 0) + 1

    def result(self) -> tuple[Quirk, ...]:
        """What was counted so far, in the order of first meetings."""
        return tuple(Quirk(kind, tag, self._counts[kind]) for kind, tag in self._tags.items())
