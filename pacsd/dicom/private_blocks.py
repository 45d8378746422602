"""Blocks for private attributes that are told by who reserved them (PS3.5 section 7.8.1).

In the Native DICOM Model such an attribute has its creator and the last two digits of its number;
which block of the group it stands in is for the reader to say (PS3.19 table A.1.5-2).
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pacsd.dicom.errors import NativeModelError
from pacsd.dicom.private import BLOCKS, creator_tag, is_creator
from pacsd.dicom.tag import Tag, element, group
from pacsd.dicom.text import printable
from pacsd.dicom.vr import VR

_BLOCK_BITS = 8


@dataclass(frozen=True, slots=True)
class PrivateAttribute:
    """An attribute of the DICOM JSON model, its tag as it is written, and who reserved it.

    `name` is for refusals.
    """

    name: str
    tag: Tag
    creator: str
    said: object


def with_blocks(
    attributes: Mapping[Tag, object], private: Iterable[PrivateAttribute]
) -> dict[Tag, object]:
    """All attributes of a data set by their tags, and the Private Creators that those need.

    A block that the data set has reserved for the same creator is used, else the first free one.

    Raises:
        NativeModelError: an attribute stands twice, or there is no block left for it.
    """
    found = dict(attributes)
    blocks = {
        (group(tag), _creator(said)): element(tag)
        for tag, said in attributes.items()
        if is_creator(tag)
    }
    taken = {tag if is_creator(tag) else creator_tag(tag) for tag in attributes}
    free: dict[int, Iterator[int]] = {}
    for each in private:
        key = (group(each.tag), each.creator)
        block = blocks.get(key)
        if block is None:
            block = blocks[key] = _next_block(each, free, taken)
            found[group(each.tag) << 16 | block] = {"vr": VR.LO, "Value": [each.creator]}
        tag = group(each.tag) << 16 | block << _BLOCK_BITS | each.tag & 0xFF
        if tag in found:
            raise NativeModelError(f"{each.name}: stands twice in a data set")
        found[tag] = each.said
    return found


def _next_block(
    each: PrivateAttribute, free: dict[int, Iterator[int]], taken: AbstractSet[Tag | None]
) -> int:
    """Each block of a group is looked at once, however many are asked for."""
    number = group(each.tag)
    for block in free.setdefault(number, iter(BLOCKS)):
        if number << 16 | block not in taken:
            return block
    raise NativeModelError(
        f"{each.name}: no block of group {number:04X} is left for '{printable(each.creator)}' "
        "(PS3.5 section 7.8.1)"
    )


def _creator(said: object) -> str:
    """What a Private Creator says; '' if that is no text."""
    values = said.get("Value") if isinstance(said, Mapping) else None
    first = values[0] if isinstance(values, list) and values else None
    return first.strip(" ") if isinstance(first, str) else ""
