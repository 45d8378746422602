"""A header as the index keeps it: short values as they came, of long ones only their places.

    version, layout, number of places; the places; then the elements, one after the other

The elements are still bytes of the data set in its own encoding, so that two headers of a series
differ in a few values only and one compresses well against the other.
"""

from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is one

from pacsd.dicom.errors import ScanError
from pacsd.dicom.header_stream import DataSetHeader, PassedValue, known_syntax
from pacsd.dicom.headers import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    HEADER_BYTES,
    IMPLICIT_LITTLE,
    LONG_VRS,
    SHORT_VRS,
    Element,
    Layout,
)
from pacsd.dicom.registry import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
)
from pacsd.dicom.scan import scan

MAX_VALUE_BYTES = 1024
"""A longer value, of defined length, is left where it lies."""

_VERSION = 1
_HEAD = Struct("<BBI")
_PLACE = Struct("<I2sQI")
_LAYOUTS = (IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG)
_SYNTAXES = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN)
_NO_VR = b"\0\0"
_SHORT = frozenset(SHORT_VRS.values())
_LONG = frozenset(LONG_VRS.values())


@dataclass(frozen=True, slots=True)
class StoredHeader:
    """What was kept: `raw` for `scan` in this `layout`, and the values that lie in the data set."""

    layout: Layout
    raw: bytes
    elsewhere: tuple[PassedValue, ...]

    def read(self) -> DataSetHeader:
        """The header as it was read once, without its long values; only places tell of these.

        Raises:
            ScanError: `raw` is no header.
        """
        found = scan(self.raw, header_syntax(self.layout), is_layout_certain=True)
        return DataSetHeader(
            raw=self.raw,
            elements=found.elements,
            passed=self.elsewhere,
            segments=(),
            layout=found.layout,
            quirks=found.quirks,
            is_whole=found.is_complete,
        )


def header_syntax(layout: Layout) -> TransferSyntax:
    """The uncompressed Transfer Syntax that is written in this layout."""
    return known_syntax(_SYNTAXES[_LAYOUTS.index(layout)])


def encode_header(header: DataSetHeader) -> bytes:
    """The header as one piece of bytes."""
    places = list(header.passed)
    kept: list[bytes] = []
    copied = 0
    for element in header.elements.values():
        size = _header_bytes(element, header.layout)
        if element.length > MAX_VALUE_BYTES and size:
            places.append(header.place(element))
            kept.append(header.raw[copied : element.offset - size])
            copied = element.offset + element.length
    kept.append(header.raw[copied:])
    places.sort(key=lambda place: place.tag)
    head = _HEAD.pack(_VERSION, _LAYOUTS.index(header.layout), len(places))
    return b"".join((head, *map(_encode_place, places), *kept))


def decode_header(data: bytes) -> StoredHeader:
    """The header from those bytes.

    Raises:
        ScanError: they are none.
    """
    try:
        version, layout, count = _HEAD.unpack_from(data)
        end = _HEAD.size + count * _PLACE.size
        places = tuple(map(_decode_place, _PLACE.iter_unpack(data[_HEAD.size : end])))
    except (StructError, ValueError) as error:
        raise ScanError(f"stored header: {error}") from None
    if version != _VERSION or layout >= len(_LAYOUTS) or len(places) != count:
        raise ScanError(f"stored header: version {version}, layout {layout}, {count} places")
    return StoredHeader(_LAYOUTS[layout], data[end:], places)


def _header_bytes(element: Element, layout: Layout) -> int:
    """The bytes before the value; 0 where that cannot be told from what the scan says."""
    if element.is_undefined_length:
        return 0
    if layout.is_implicit_vr or element.vr in _SHORT:
        return HEADER_BYTES
    return HEADER_BYTES + layout.length.size if element.vr in _LONG else 0


def _encode_place(place: PassedValue) -> bytes:
    vr = _NO_VR if place.vr is None else place.vr.encode("ascii")
    return _PLACE.pack(place.tag, vr, place.offset, place.length)


def _decode_place(fields: tuple[int, bytes, int, int]) -> PassedValue:
    tag, vr, offset, length = fields
    return PassedValue(tag, None if vr == _NO_VR else vr.decode("ascii"), offset, length)
