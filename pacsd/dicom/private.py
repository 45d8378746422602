"""Private Data Elements and the creators that reserve their blocks (PS3.5 section 7.8.1)."""

from collections.abc import Mapping

from pacsd.dicom.headers import Buffer, Element
from pacsd.dicom.tag import Tag, element, group, is_private

_FIRST_BLOCK = 0x10
_LAST_BLOCK = 0xFF
BLOCKS = range(_FIRST_BLOCK, _LAST_BLOCK + 1)


def creator_tags(private_group: int) -> frozenset[Tag]:
    """The tags that may hold Private Creators of a group: what a scan must also want."""
    return frozenset(private_group << 16 | block for block in BLOCKS)


def is_creator(tag: Tag) -> bool:
    """Whether this is the tag of a Private Creator."""
    return is_private(tag) and element(tag) in BLOCKS


def creator_tag(tag: Tag) -> Tag | None:
    """The tag of the Private Creator that reserves this element; None for all that need none."""
    block = element(tag) >> 8
    if not is_private(tag) or block not in BLOCKS:
        return None
    return group(tag) << 16 | block


def creator_of(tag: Tag, elements: Mapping[Tag, Element], buffer: Buffer) -> str | None:
    """The Private Creator of an element, as it stands in the same data set; None without one."""
    reserving = creator_tag(tag)
    found = elements.get(reserving) if reserving is not None else None
    return _creator(found, buffer) if found is not None else None


def private_tag(
    private_group: int, creator: str, number: int, elements: Mapping[Tag, Element], buffer: Buffer
) -> Tag | None:
    """The tag under which a data set has element `xx<number>` of a creator; None without it."""
    for block in BLOCKS:
        found = elements.get(private_group << 16 | block)
        if found is not None and _creator(found, buffer) == creator:
            return private_group << 16 | block << 8 | number
    return None


def _creator(found: Element, buffer: Buffer) -> str:
    raw = bytes(buffer[found.offset : found.offset + found.length])
    return raw.decode("latin-1").strip(" \0")
