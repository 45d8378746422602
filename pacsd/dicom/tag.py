"""Data Element Tags as plain ints, 0xGGGGEEEE (PS3.5 section 7.1.1)."""

import re
from typing import TypeAlias

from pacsd.dicom.errors import TagError
from pacsd.dicom.text import printable

Tag: TypeAlias = int

_WRITTEN_TAG = re.compile(r"(\(?)([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})(\)?)")
# PS3.5 section 7.8: odd groups that are not for private Data Elements.
_FORBIDDEN_ODD_GROUPS = frozenset({0x0001, 0x0003, 0x0005, 0x0007, 0xFFFF})


def group(tag: Tag) -> int:
    """The Group Number."""
    return tag >> 16


def element(tag: Tag) -> int:
    """The Element Number."""
    return tag & 0xFFFF


def is_private(tag: Tag) -> bool:
    """Whether the tag belongs to a private Data Element (PS3.5 section 7.8)."""
    return group(tag) % 2 == 1 and group(tag) not in _FORBIDDEN_ODD_GROUPS


def format_tag(tag: Tag) -> str:
    """The tag as the standard prints it: `(0008,0018)`."""
    return f"({group(tag):04X},{element(tag):04X})"


def parse_tag(text: str) -> Tag:
    """The tag written as `(0008,0018)`, `0008,0018` or `00080018`; else TagError."""
    written = _WRITTEN_TAG.fullmatch(text)
    if written is None or bool(written[1]) != bool(written[4]):
        raise TagError(
            f"tag '{printable(text)}' is not two groups of four hexadecimal digits, "
            "such as (0008,0018) (PS3.5 section 7.1.1)"
        )
    return int(written[2] + written[3], 16)
