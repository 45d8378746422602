"""Data sets written by hand: bytes of elements, items and sequences in each encoding."""

import struct
import zlib

from pacsd.dicom.registry import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
    transfer_syntax,
)
from pacsd.dicom.vr import has_long_length


def known(uid: str) -> TransferSyntax:
    """A registered Transfer Syntax."""
    syntax = transfer_syntax(uid)
    assert syntax is not None
    return syntax


IMPLICIT = known(IMPLICIT_VR_LITTLE_ENDIAN)
EXPLICIT = known(EXPLICIT_VR_LITTLE_ENDIAN)
BIG = known(EXPLICIT_VR_BIG_ENDIAN)
DEFLATED = known(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
UNDEFINED = 0xFFFFFFFF


def order(syntax: TransferSyntax) -> str:
    return "<" if syntax.is_little_endian else ">"


def element(
    tag: int, vr: str, value: bytes, syntax: TransferSyntax = EXPLICIT, length: int | None = None
) -> bytes:
    """One element; with `length`, that is what its header says."""
    size = len(value) if length is None else length
    group, number = tag >> 16, tag & 0xFFFF
    if syntax.is_implicit_vr:
        return struct.pack("<HHI", group, number, size) + value
    code = vr.encode()
    if has_long_length(vr):
        return struct.pack(order(syntax) + "HH2sxxI", group, number, code, size) + value
    return struct.pack(order(syntax) + "HH2sH", group, number, code, size) + value


def item(value: bytes, syntax: TransferSyntax = EXPLICIT, *, is_undefined: bool = False) -> bytes:
    form = order(syntax) + "HHI"
    if is_undefined:
        end = struct.pack(form, 0xFFFE, 0xE00D, 0)
        return struct.pack(form, 0xFFFE, 0xE000, UNDEFINED) + value + end
    return struct.pack(form, 0xFFFE, 0xE000, len(value)) + value


def sequence(
    tag: int,
    items: bytes,
    syntax: TransferSyntax = EXPLICIT,
    *,
    vr: str = "SQ",
    is_undefined: bool = False,
) -> bytes:
    if not is_undefined:
        return element(tag, vr, items, syntax)
    end = struct.pack(order(syntax) + "HHI", 0xFFFE, 0xE0DD, 0)
    return element(tag, vr, items + end, syntax, UNDEFINED)


def deflate(data: bytes, wbits: int = -zlib.MAX_WBITS) -> bytes:
    engine = zlib.compressobj(wbits=wbits)
    return engine.compress(data) + engine.flush()
