"""Unique Identifiers: VR UI (PS3.5 sections 6.2 and 9)."""

import re

from pacsd.dicom.errors import UIDError
from pacsd.dicom.text import printable

MAX_UID_LENGTH = 64
_UUID_BITS = 128
_LEADING_ZERO = re.compile(r"\.0[0-9]")


def is_valid_uid(value: str) -> bool:
    """Whether the UID follows PS3.5 section 9.1 to the letter: no empty component, no leading 0."""
    return is_acceptable_uid(value) and not has_odd_component(value)


def is_acceptable_uid(value: str) -> bool:
    """Whether this is a UID as devices send them: 1-64 digits and dots, at least one digit.

    Leading zeros and empty components break PS3.5 section 9.1, but a device cannot be made to
    change the UIDs it has given out, and a refused object is a lost one.
    """
    digits = value.replace(".", "")
    return len(value) <= MAX_UID_LENGTH and digits.isascii() and digits.isdigit()


def has_odd_component(uid: str) -> bool:
    """Whether an acceptable UID has an empty component, or a leading 0 (PS3.5 section 9.1).

    Of UIDs joined by dots: whether one of them has.
    """
    framed = f".{uid}."
    return ".." in framed or (".0" in framed and _LEADING_ZERO.search(framed) is not None)


def check_uid(value: str, field: str) -> str:
    """The UID unchanged when acceptable, or UIDError naming `field`, value and rule."""
    if is_acceptable_uid(value):
        return value
    raise UIDError(
        f"{field}: UID '{printable(value)}' is not 1-{MAX_UID_LENGTH} digits and dots "
        "(PS3.5 section 9.1)"
    )


def decode_uid(raw: bytes | bytearray | memoryview) -> str:
    """The UID in a value field, without trailing NULs or spaces.

    Never raises: bytes outside ASCII stay as Latin-1 text for the checks above to judge.
    """
    return str(raw, "latin-1").rstrip("\0 ")


def encode_uid(value: str) -> bytes:
    """The UID as a value field, padded to even length with NUL (PS3.5 section 9.1).

    Accepts whatever `decode_uid` returned, so a refused UID can be named in a response.
    """
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError:
        raise UIDError(
            f"UID '{printable(value)}' holds other than digits and dots (PS3.5 section 9.1)"
        ) from None
    return raw + b"\0" if len(raw) % 2 else raw


def uid_from_int(value: int) -> str:
    """The UID derived from a UUID's integer value (PS3.5 section B.2)."""
    if 0 <= value < 1 << _UUID_BITS:
        return f"2.25.{value}"
    raise UIDError(f"UUID-derived UID: {value:#x} is not a 128-bit number (PS3.5 section B.2)")
