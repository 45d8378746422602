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


def deep(depth: int, syntax: TransferSyntax = EXPLICIT, lengths: str = "d") -> bytes:
    """So many sequences in each other, the innermost empty, written in no time.

    `lengths` says by level, over and over, how a sequence and its item are written: "d" of defined
    length both, "u" of undefined length both, "s" and "i" only the sequence or the item of it.
    """
    tag = 0x00081140
    item_end = item(b"", syntax, is_undefined=True)[-8:]
    sequence_end = sequence(tag, b"", syntax, is_undefined=True)[-8:]
    heads: list[bytes] = []
    tails: list[bytes] = []
    size = 0
    for level in reversed(range(depth)):
        kind = lengths[level % len(lengths)]
        head = tail = b""
        if heads:
            length = UNDEFINED if kind in "ui" else size
            head = struct.pack(order(syntax) + "HHI", 0xFFFE, 0xE000, length)
            tail = item_end if kind in "ui" else b""
        size += len(head) + len(tail)
        outer = element(tag, "SQ", b"", syntax, UNDEFINED if kind in "us" else size)
        end = sequence_end if kind in "us" else b""
        size += len(outer) + len(end)
        heads.append(outer + head)
        tails.append(tail + end)
    return b"".join((*reversed(heads), *tails))


def deflate(data: bytes, wbits: int = -zlib.MAX_WBITS) -> bytes:
    engine = zlib.compressobj(wbits=wbits)
    return engine.compress(data) + engine.flush()
