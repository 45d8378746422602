"""The media types of frames, by Transfer Syntax (PS3.18 tables 8.7.3-2 to 8.7.3-6)."""

from collections.abc import Mapping

OCTET_STREAM = "application/octet-stream"

_COMPRESSED: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": ("4.50", "4.51", "4.57", "4.70"),
    "image/dicom-rle": ("5",),
    "image/jls": ("4.80", "4.81"),
    "image/jp2": ("4.90", "4.91"),
    "image/jpx": ("4.92", "4.93"),
    "image/jphc": ("4.201", "4.202", "4.203"),
    "image/jxl": ("4.110", "4.111", "4.112"),
    "video/mpeg": ("4.100", "4.100.1", "4.101", "4.101.1"),
    "video/mp4": (
        "4.102", "4.102.1", "4.103", "4.103.1", "4.104", "4.104.1", "4.105", "4.105.1", "4.106",
        "4.106.1", "4.107", "4.108",
    ),
}  # fmt: skip
_ROOT = "1.2.840.10008.1.2."
_BY_SYNTAX = {_ROOT + end: media_type for media_type, ends in _COMPRESSED.items() for end in ends}


PIXEL_MEDIA_TYPES = tuple(_COMPRESSED)
"""Those of compressed frames."""


def media_type_of_syntax(transfer_syntax_uid: str) -> str:
    """What a frame in this Transfer Syntax is; bytes alone where the standard has no name."""
    return _BY_SYNTAX.get(transfer_syntax_uid, OCTET_STREAM)
