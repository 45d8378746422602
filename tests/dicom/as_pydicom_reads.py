"""Data sets as pydicom reads them, for comparison: a line for each element, numbers alike."""

import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from pacsd.dicom.registry import TransferSyntax

Line = tuple[tuple[int, ...], str, object]

_UNITS = {
    "AT": 2, "OW": 2, "SS": 2, "US": 2, "FL": 4, "OF": 4, "OL": 4, "SL": 4, "UL": 4, "FD": 8,
    "OD": 8, "OV": 8, "SV": 8, "UV": 8,
}  # fmt: skip
_LENGTH_TO_END = 0x00080001


def lines(data: bytes, syntax: TransferSyntax) -> list[Line]:
    """(path, VR, value) of each element; values as bytes in Little Endian, without padding.

    What re-encoding leaves out is left out: group lengths, delimiters where none can be.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = read_dataset(BytesIO(data), syntax.is_implicit_vr, syntax.is_little_endian)
        return list(_lines(read, (), is_big=not syntax.is_little_endian))


def _lines(ds: Dataset, path: tuple[int, ...], *, is_big: bool) -> Iterator[Line]:
    # First of all: to find the VR of one element, pydicom replaces the bytes of others.
    raws: dict[Any, Any] = {tag: ds.get_item(tag) for tag in sorted(ds.keys()) if _is_kept(tag)}
    for tag, raw in raws.items():
        value = raw.value if isinstance(raw, RawDataElement) else None
        known = ds[tag]
        where = (*path, int(tag))
        if known.VR == "SQ":
            yield where, "SQ", len(known.value) or b""
            for number, item in enumerate(known.value):
                yield from _lines(item, (*where, number), is_big=is_big)
        elif value is None:
            yield where, known.VR, known.value or b""
        else:
            vr = str(raw.VR or known.VR)
            yield where, vr, _little(value, _UNITS.get(vr, 1) if is_big else 1).rstrip(b"\0 ")


def _is_kept(tag: Any) -> bool:
    is_delimiter = tag.group == 0xFFFE
    return bool(tag.element != 0 and tag != _LENGTH_TO_END and not is_delimiter)


def _little(value: bytes, unit: int) -> bytes:
    whole = len(value) // unit * unit
    turned = bytearray(value)
    for place in range(unit):
        turned[place:whole:unit] = value[unit - 1 - place : whole : unit]
    return bytes(turned)
