"""Application Entity titles: VR AE (PS3.5 table 6.2-1) and their 16-byte field in PDUs."""

from pacsd.dicom.errors import AETitleError
from pacsd.dicom.text import printable

MAX_AE_TITLE_LENGTH = 16


def from_wire(raw: bytes | bytearray | memoryview) -> str:
    """The AE title in a fixed field of an A-ASSOCIATE PDU (PS3.8 section 9.3.2).

    Leading and trailing spaces are not significant; trailing NULs come from devices that pad so.
    Never raises: whatever else was sent is kept as Latin-1 text for `is_valid_ae_title` to judge.
    """
    return str(raw, "latin-1").rstrip("\0 ").lstrip(" ")


def to_wire(title: str) -> bytes:
    """The 16 space-padded bytes of an AE title; raises AETitleError when it is not valid."""
    return check_ae_title(title, "AE title").encode("ascii").ljust(MAX_AE_TITLE_LENGTH)


def is_valid_ae_title(title: str) -> bool:
    """Whether this is 1-16 characters of the default repertoire, no backslash, not only spaces."""
    return (
        0 < len(title) <= MAX_AE_TITLE_LENGTH
        and title.isascii()
        and title.isprintable()
        and "\\" not in title
        and not title.isspace()
    )


def check_ae_title(value: str, field: str) -> str:
    """The AE title unchanged, or AETitleError naming `field`, value and rule."""
    if is_valid_ae_title(value):
        return value
    raise AETitleError(
        f"{field}: AE title '{printable(value)}' is not 1-{MAX_AE_TITLE_LENGTH} printable ASCII "
        "characters without backslash, at least one not a space (PS3.5 table 6.2-1)"
    )
