"""The Transfer Syntax of Pixel Data that comes as bulk data (PS3.18 sections 8.7.3.3, 10.5.1.4).

What a part is says its media type, and of which syntax its `transfer-syntax` parameter, or else the
metadata. What neither says is not guessed.
"""

from collections.abc import Mapping

from pacsd.dicom.registry import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
    transfer_syntax,
)
from pacsd.dicom.text import printable
from pacsd.dicomweb.media_types import MediaType
from pacsd.net.web.pixel_media_types import OCTET_STREAM, media_type_of_syntax
from pacsd.net.web.store_report import TRANSFER_SYNTAX_NOT_SUPPORTED, NotStored

HEAD_BYTES = 2
"""So many bytes of a frame tell whether it is a bit stream."""

_TOLD = {OCTET_STREAM: EXPLICIT_VR_LITTLE_ENDIAN, "image/dicom-rle": "1.2.840.10008.1.2.5"}
"""Media types that go with a single syntax (PS3.18 table 8.7.3-5)."""

_JPEG, _JPEG_2000 = b"\xff\xd8", b"\xff\x4f"
_HEADS: Mapping[str, bytes] = {
    "image/jpeg": _JPEG, "image/jls": _JPEG, "image/jp2": _JPEG_2000, "image/jpx": _JPEG_2000,
    "image/jphc": _JPEG_2000,
}  # fmt: skip
"""A fragment begins with the code stream, not with a box of a JP2 file (PS3.5 section A.4.4)."""


def syntax_of_pixels(media_type: MediaType, said: str) -> TransferSyntax:
    """The Transfer Syntax to store with; Explicit VR Little Endian for samples.

    `said` is what the metadata says, '' if nothing.

    Raises:
        NotStored: nobody can tell which it is, or it is none that can be stored so.
    """
    essence, named = media_type.essence, media_type.parameter("transfer-syntax")
    uid = named or said or _TOLD.get(essence, "")
    if not uid:
        raise _refused(f"{printable(essence)}: no transfer-syntax (PS3.18 section 8.7.3.5)")
    found = transfer_syntax(uid)
    if found is None or not found.is_storable or uid == EXPLICIT_VR_BIG_ENDIAN:
        raise _refused(f"transfer-syntax {printable(uid)}: is none that bulk data comes in")
    expected = media_type_of_syntax(uid) if found.is_encapsulated else OCTET_STREAM
    # Bytes alone are samples, unless who sends them says what else they are.
    is_named_stream = essence == OCTET_STREAM and bool(named)
    if essence != expected and not (found.is_encapsulated and is_named_stream):
        raise _refused(f"{printable(essence)}: is not {expected}, as {found.name} is")
    if essence == expected == OCTET_STREAM and found.is_encapsulated and not named:
        raise _refused(f"{essence}: no transfer-syntax beside it, so that it is samples")
    return found if found.is_encapsulated else explicit_vr_little_endian()


def check_frame(syntax: TransferSyntax, head: bytes) -> None:
    """Whether a frame begins as a bit stream of its syntax does.

    Raises:
        NotStored: it does not.
    """
    media_type = media_type_of_syntax(syntax.uid)
    expected = _HEADS.get(media_type, b"")
    if not head.startswith(expected):
        raise NotStored(
            f"{media_type}: begins with {head.hex()}, not with {expected.hex()} (PS3.5 section A.4)"
        )


def explicit_vr_little_endian() -> TransferSyntax:
    """The syntax of what has no compressed pixels."""
    found = transfer_syntax(EXPLICIT_VR_LITTLE_ENDIAN)
    if found is None:
        raise RuntimeError("the registry has no Explicit VR Little Endian")
    return found


def _refused(why: str) -> NotStored:
    return NotStored(why, TRANSFER_SYNTAX_NOT_SUPPORTED)
