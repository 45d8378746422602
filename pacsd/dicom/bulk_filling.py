"""Bulk data put where its metadata refers to it (PS3.18 section 10.5.1.4, PS3.5 section A.4).

A data set that `json_reader` made comes out in stretches: bytes of its own, and in between the
values, which lie somewhere else and are not touched here.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from pacsd.dicom.byte_order import unit_bytes
from pacsd.dicom.errors import JsonModelError
from pacsd.dicom.header_writer import MAX_SHORT_LENGTH, encode_header, encode_item_header
from pacsd.dicom.headers import EXPLICIT_LITTLE, ITEM, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH
from pacsd.dicom.json_reader import BulkReference, JsonDataSet
from pacsd.dicom.tag import format_tag
from pacsd.dicom.vr import VR, has_long_length, padding_byte
from pacsd.dicom.walk import PIXEL_DATA

MAX_LENGTH = 0xFFFFFFFE
"""The longest value or fragment: lengths are even, and FFFFFFFFH means something else."""

_SHORT_HEADER_BYTES, _LONG_HEADER_BYTES = 8, 12
_NO_TABLE = encode_item_header(EXPLICIT_LITTLE, ITEM, 0)
_END = encode_item_header(EXPLICIT_LITTLE, SEQUENCE_DELIMITATION, 0)
_ZERO = b"\0"


class Sized(Protocol):
    """A value that lies somewhere."""

    @property
    def size_bytes(self) -> int:
        """How long it is."""


Value = TypeVar("Value", bound=Sized)


def is_pixel_data(reference: BulkReference) -> bool:
    """Whether this is the Pixel Data of the image, not that of an icon in it."""
    return reference.tag == PIXEL_DATA and not reference.path


def check_size(reference: BulkReference, size_bytes: int) -> None:
    """Whether a value may be so long.

    Raises:
        JsonModelError: it is longer than its VR lets it be, or no whole number of words.
    """
    name = f"{format_tag(reference.tag)} {reference.vr}"
    most = MAX_LENGTH if has_long_length(reference.vr) else MAX_SHORT_LENGTH
    if size_bytes > most:
        raise JsonModelError(
            f"{name}: {size_bytes} bytes are more than {most} (PS3.5 section 7.1.2)"
        )
    if size_bytes % unit_bytes(reference.vr):
        raise JsonModelError(f"{name}: {size_bytes} bytes are no whole words (PS3.5 table 6.2-1)")


def filled(
    data_set: JsonDataSet, values: Sequence[Sequence[Value]], *, is_encapsulated: bool
) -> Iterator[bytes | Value]:
    """The data set with its bulk data: bytes as they are, and the values between them.

    `values` are those of each reference, in their order: one, but of encapsulated Pixel Data one
    fragment to a frame. They are as long as `check_size` lets them be.
    """
    done = 0
    for reference, parts in zip(data_set.bulk, values, strict=True):
        yield data_set.raw[done : reference.offset]
        if is_encapsulated and is_pixel_data(reference):
            yield from _fragments(reference, parts)
        else:
            yield from _native(reference, parts)
        is_long = has_long_length(reference.vr)
        done = reference.offset + (_LONG_HEADER_BYTES if is_long else _SHORT_HEADER_BYTES)
    yield data_set.raw[done:]


def _native(reference: BulkReference, parts: Sequence[Value]) -> Iterator[bytes | Value]:
    (value,) = parts
    odd = value.size_bytes & 1
    yield encode_header(EXPLICIT_LITTLE, reference.tag, reference.vr, value.size_bytes + odd)
    yield value
    if odd:
        yield padding_byte(reference.vr)


def _fragments(reference: BulkReference, frames: Sequence[Value]) -> Iterator[bytes | Value]:
    """Encapsulated Pixel Data is of VR OB, and its table of offsets may be empty."""
    yield encode_header(EXPLICIT_LITTLE, reference.tag, VR.OB, UNDEFINED_LENGTH) + _NO_TABLE
    for frame in frames:
        odd = frame.size_bytes & 1
        yield encode_item_header(EXPLICIT_LITTLE, ITEM, frame.size_bytes + odd)
        yield frame
        if odd:
            yield _ZERO
    yield _END
