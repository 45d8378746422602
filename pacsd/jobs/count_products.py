"""Attributes that say how many instances a series or study has, as they are configured."""

from typing import TypeAlias

from pacsd.dicom.dictionary import tag_of, vr_of
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicom.vr import VR

Product: TypeAlias = tuple[Tag, ...]
"""Attributes whose values are multiplied."""

_NUMBERS = frozenset({VR.IS, VR.US, VR.UL})


def read_product(text: str) -> Product:
    """A product as it is configured: keywords with `*` between them.

    Raises:
        ValueError: it cannot be one.
    """
    return tuple(_tag(keyword.strip()) for keyword in text.split("*"))


def _tag(keyword: str) -> Tag:
    tag = tag_of(keyword)
    if tag is None:
        raise ValueError(f"{printable(keyword)!r} is no keyword of PS3.6")
    if vr_of(tag) not in _NUMBERS:
        raise ValueError(f"{keyword}: VR {vr_of(tag)} is no whole number (IS, US, UL)")
    return tag
