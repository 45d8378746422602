"""Preamble and File Meta Information of a DICOM file (PS3.10 section 7.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from pacsd.dicom.errors import Part10Error
from pacsd.dicom.tag import format_tag
from pacsd.dicom.text import printable
from pacsd.dicom.uid import decode_uid, encode_uid
from pacsd.dicom.vr import VR, has_long_length, padding_byte

PREAMBLE_LENGTH_BYTES = 128
ZERO_PREAMBLE = bytes(PREAMBLE_LENGTH_BYTES)
MAX_META_LENGTH_BYTES = 64 * 1024

PREFIX = b"DICM"
_META_START = PREAMBLE_LENGTH_BYTES + len(PREFIX)
_MAX_SHORT_LENGTH = 0xFFFF
_UNDEFINED_LENGTH = 0xFFFFFFFF

_GROUP = 0x0002
_GROUP_LENGTH = 0x0000
_VERSION = 0x0001
_PRIVATE_INFORMATION = 0x0102

# Explicit VR Little Endian (PS3.5 section 7.1.2), and what a tolerant reader meets besides.
_TAG = Struct("<HH")
_SHORT_HEADER = Struct("<HH2sH")
_LONG_HEADER = Struct("<HH2sxxI")
_IMPLICIT_HEADER = Struct("<HHI")
_GROUP_LENGTH_VALUE = Struct("<I")
_FILE_META_VERSION = b"\x00\x01"

# PS3.10 table 7.1-1, in the order of their tags.
_TEXT_ELEMENTS = (
    (0x0002, VR.UI, "media_storage_sop_class_uid"),
    (0x0003, VR.UI, "media_storage_sop_instance_uid"),
    (0x0010, VR.UI, "transfer_syntax_uid"),
    (0x0012, VR.UI, "implementation_class_uid"),
    (0x0013, VR.SH, "implementation_version_name"),
    (0x0016, VR.AE, "source_ae_title"),
    (0x0017, VR.AE, "sending_ae_title"),
    (0x0018, VR.AE, "receiving_ae_title"),
    (0x0026, VR.UR, "source_presentation_address"),
    (0x0027, VR.UR, "sending_presentation_address"),
    (0x0028, VR.UR, "receiving_presentation_address"),
    (0x0100, VR.UI, "private_information_creator_uid"),
)
_REQUIRED = frozenset({0x0002, 0x0003, 0x0010, 0x0012})
_BY_ELEMENT = {element: (vr, name) for element, vr, name in _TEXT_ELEMENTS}


@dataclass(frozen=True, slots=True)
class FileMeta:
    """File Meta Information (PS3.10 table 7.1-1); '' and b'' stand for an absent element.

    The first four are Type 1, yet files exist without them: what was read may have '' there.
    """

    media_storage_sop_class_uid: str
    media_storage_sop_instance_uid: str
    transfer_syntax_uid: str
    implementation_class_uid: str
    implementation_version_name: str = ""
    source_ae_title: str = ""
    sending_ae_title: str = ""
    receiving_ae_title: str = ""
    source_presentation_address: str = ""
    sending_presentation_address: str = ""
    receiving_presentation_address: str = ""
    private_information_creator_uid: str = ""
    private_information: bytes = b""


def has_preamble(buffer: bytes | bytearray | memoryview) -> bool:
    """Whether the bytes begin as a Part 10 file: 128 bytes of anything, then `DICM`."""
    return buffer[PREAMBLE_LENGTH_BYTES:_META_START] == PREFIX


def encode_file_meta(meta: FileMeta, preamble: bytes = ZERO_PREAMBLE) -> bytes:
    """Everything of a file that stands before its data set (PS3.10 section 7.1).

    Raises:
        Part10Error: a Type 1 element is empty, a text is not Latin-1, a value is too long for its
            length field, the whole group longer than a reader takes, or the preamble not 128 bytes.
    """
    if len(preamble) != PREAMBLE_LENGTH_BYTES:
        raise Part10Error(
            f"preamble: {len(preamble)} bytes instead of {PREAMBLE_LENGTH_BYTES} "
            "(PS3.10 section 7.1)"
        )
    group = b"".join(_encoded_elements(meta))
    group_length = _encoded(_GROUP_LENGTH, VR.UL, _GROUP_LENGTH_VALUE.pack(len(group)))
    if len(group_length) + len(group) > MAX_META_LENGTH_BYTES:
        raise Part10Error(
            f"File Meta Information: {len(group)} bytes, more than the {MAX_META_LENGTH_BYTES} "
            "that readers take"
        )
    return b"".join((preamble, PREFIX, group_length, group))


def decode_file_meta(buffer: bytes | bytearray | memoryview) -> tuple[FileMeta, int]:
    """File Meta Information and the offset at which the data set starts.

    Takes what devices write: no or a wrong (0002,0000), unknown elements, odd lengths, elements in
    Implicit VR, elements in any order; of a repeated element the last counts. `buffer` must hold
    the whole group and, where a data set follows, its first tag; more of it is not looked at.

    Raises:
        Part10Error: no `DICM`, the group is cut short, longer than 64 KiB, or holds an element of
            undefined length.
    """
    if not has_preamble(buffer):
        raise Part10Error(f"no DICM at offset {PREAMBLE_LENGTH_BYTES} (PS3.10 section 7.1)")
    texts = {name: "" for _, _, name in _TEXT_ELEMENTS}
    private_information = b""
    offset = declared_end = _META_START
    with memoryview(buffer) as view:
        for element, start, end in _elements(view):
            offset = end
            if element == _GROUP_LENGTH and end - start == _GROUP_LENGTH_VALUE.size:
                declared_end = end + _GROUP_LENGTH_VALUE.unpack_from(buffer, start)[0]
            elif element == _PRIVATE_INFORMATION:
                private_information = bytes(buffer[start:end])
            elif element in _BY_ELEMENT:
                vr, name = _BY_ELEMENT[element]
                texts[name] = _decoded_text(vr, buffer[start:end])
    # A wrong group length does no harm while the data set's first tag shows where the group ends.
    if len(buffer) - offset < _TAG.size and declared_end > len(buffer):
        raise Part10Error(
            f"{_name(_GROUP_LENGTH)}: the group ends at offset {declared_end}, but the file at "
            f"{len(buffer)}"
        )
    return FileMeta(**texts, private_information=private_information), offset


def _encoded_elements(meta: FileMeta) -> Iterator[bytes]:
    yield _encoded(_VERSION, VR.OB, _FILE_META_VERSION)
    for element, vr, name in _TEXT_ELEMENTS:
        text: str = getattr(meta, name)
        if text:
            yield _encoded_text(element, vr, text)
        elif element in _REQUIRED:
            raise Part10Error(f"{_name(element)}: empty, but Type 1 (PS3.10 table 7.1-1)")
    if meta.private_information:
        yield _encoded(_PRIVATE_INFORMATION, VR.OB, meta.private_information)


# All but one of an object's are those of the object before.
@lru_cache(maxsize=512)
def _encoded_text(element: int, vr: VR, text: str) -> bytes:
    try:
        value = encode_uid(text) if vr is VR.UI else text.encode("latin-1")
    except ValueError:
        raise Part10Error(
            f"{_name(element)}: '{printable(text)}' is not Latin-1 (PS3.10 section 7.1)"
        ) from None
    return _encoded(element, vr, value)


def _encoded(element: int, vr: VR, value: bytes) -> bytes:
    if len(value) % 2:
        value += padding_byte(vr)
    if has_long_length(vr):
        return _LONG_HEADER.pack(_GROUP, element, vr.encode(), len(value)) + value
    if len(value) > _MAX_SHORT_LENGTH:
        raise Part10Error(
            f"{_name(element)}: {len(value)} bytes do not fit a 16-bit length (PS3.5 section 7.1.2)"
        )
    return _SHORT_HEADER.pack(_GROUP, element, vr.encode(), len(value)) + value


def _elements(buffer: memoryview) -> Iterator[tuple[int, int, int]]:
    """(element number, start, end of value) of each element of group 0002."""
    offset = _META_START
    while len(buffer) - offset >= _TAG.size:
        group, element = _TAG.unpack_from(buffer, offset)
        if group != _GROUP:
            return
        start, length = _value_at(buffer, offset, element)
        _check_extent(buffer, offset, element, start, length)
        offset = start + length
        yield element, start, offset


def _value_at(buffer: memoryview, offset: int, element: int) -> tuple[int, int]:
    """Where the value starts and its length, whichever way the element is written."""
    header = _SHORT_HEADER
    if offset + header.size <= len(buffer):
        vr, length = header.unpack_from(buffer, offset)[2:]
        if not (vr.isalpha() and vr.isupper()):
            # Some writers carry the data set's Implicit VR over into the group.
            header = _IMPLICIT_HEADER
        elif has_long_length(vr.decode("ascii")):
            header = _LONG_HEADER
    if offset + header.size > len(buffer):
        raise Part10Error(f"{_name(element)} at offset {offset}: the file ends in its header")
    length = header.unpack_from(buffer, offset)[-1]
    return offset + header.size, length


def _check_extent(buffer: memoryview, offset: int, element: int, start: int, length: int) -> None:
    where = f"{_name(element)} at offset {offset}"
    if length == _UNDEFINED_LENGTH:
        raise Part10Error(f"{where}: undefined length (PS3.10 section 7.1)")
    if start + length - _META_START > MAX_META_LENGTH_BYTES:
        raise Part10Error(
            f"{where}: length {length} takes File Meta Information past {MAX_META_LENGTH_BYTES} "
            "bytes"
        )
    if start + length > len(buffer):
        raise Part10Error(f"{where}: length {length}, but {len(buffer) - start} bytes are left")


def _decoded_text(vr: VR, raw: bytes | bytearray | memoryview) -> str:
    if vr is VR.UI:
        return decode_uid(raw)
    return str(raw, "latin-1").strip("\0 ")


def _name(element: int) -> str:
    return f"File Meta Information {format_tag(_GROUP << 16 | element)}"
