"""The data dictionary: VR, Value Multiplicity and keyword of a tag (PS3.6 section 6).

The rows stand in `_dictionary_data.py`, written by `make registry`; they are read in when the
first tag is asked for.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from pacsd.dicom.tag import Tag, element, is_private
from pacsd.dicom.vr import VR

MAX_KEYWORD_LENGTH = 64
"""Characters; the longest has 63, says a test."""

_GROUP_LENGTH_ELEMENT = 0x0000
_PRIVATE_CREATOR_ELEMENTS = range(0x0010, 0x0100)


@dataclass(frozen=True, slots=True)
class DataElement:
    """One row of PS3.6. Where more than one VR stands, other attributes decide which holds.

    `tag` has 0 where a repeating group's row has `x`.
    """

    tag: Tag
    keyword: str
    vrs: tuple[VR, ...]
    multiplicity: str


def data_element(tag: Tag) -> DataElement | None:
    """The row of this tag, that of its repeating group included; None for private and unknown."""
    exact = _rows().get(tag)
    if exact is not None or is_private(tag):
        return exact
    for mask, rows in _repeating():
        row = rows.get(tag & mask)
        if row is not None:
            return row
    return None


def vr_of(tag: Tag) -> VR | None:
    """The VR that an element has in Implicit VR; None for private and unknown ones.

    Of `OB or OW` it is OW (PS3.5 section A.1). Of `US or SS` it is US: whether it is SS, Pixel
    Representation says. Group lengths and private creators need no row (PS3.5 sections 7.2, 7.8.1).
    """
    row = data_element(tag)
    if row is not None:
        return VR.OW if VR.OW in row.vrs else row.vrs[0]
    if element(tag) == _GROUP_LENGTH_ELEMENT:
        return VR.UL
    if is_private(tag) and element(tag) in _PRIVATE_CREATOR_ELEMENTS:
        return VR.LO
    return None


def keyword_of(tag: Tag) -> str | None:
    """The keyword, such as `PatientName`."""
    row = data_element(tag)
    return row.keyword if row is not None else None


def tag_of(keyword: str) -> Tag | None:
    """The tag of a keyword; None for unknown ones and those of repeating groups."""
    return _tags_by_keyword().get(keyword)


def keywords() -> Collection[str]:
    """All keywords that `tag_of` knows."""
    return _tags_by_keyword().keys()


def keyword_meant(text: str) -> str | None:
    """The keyword that was probably meant by what is none; None where that cannot be told.

    Only those with the same first letter are compared, and with no text that is longer than any.
    """
    if len(text) > MAX_KEYWORD_LENGTH:
        return None
    folded = text.casefold()
    near = [each for each in keywords() if each[:1].casefold() == folded[:1]]
    spelt_otherwise = (each for each in near if each.casefold() == folded)
    found = next(spelt_otherwise, None)
    return found or next(iter(get_close_matches(text, near, n=1)), None)


def _parsed() -> Iterator[tuple[str, DataElement]]:
    from pacsd.dicom._dictionary_data import DATA_ELEMENTS  # noqa: PLC0415 -- 200 KB of text

    for line in DATA_ELEMENTS.splitlines():
        pattern, vrs, multiplicity, keyword = line.split(" ")
        tag = int(pattern.replace("x", "0"), 16)
        row = DataElement(tag, keyword, _vrs(vrs), multiplicity)
        yield pattern, row


@cache
def _vrs(text: str) -> tuple[VR, ...]:
    return tuple(map(VR, text.split("/")))


@cache
def _rows() -> MappingProxyType[Tag, DataElement]:
    return MappingProxyType({row.tag: row for pattern, row in _parsed() if "x" not in pattern})


@cache
def _repeating() -> tuple[tuple[int, dict[Tag, DataElement]], ...]:
    """Mask -> rows: a tag under the mask is the row's."""
    rows: defaultdict[int, dict[Tag, DataElement]] = defaultdict(dict)
    for pattern, row in _parsed():
        if "x" in pattern:
            mask = int("".join("0" if digit == "x" else "F" for digit in pattern), 16)
            rows[mask][row.tag] = row
    return tuple(rows.items())


@cache
def _tags_by_keyword() -> MappingProxyType[str, Tag]:
    return MappingProxyType({row.keyword: row.tag for row in _rows().values()})
