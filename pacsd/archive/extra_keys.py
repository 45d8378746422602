"""User-chosen tags among the keys of a query, private ones by their creator.

A private attribute has whatever block its data set reserves (PS3.5 section 7.8.1): in a query it is
the one whose creator stands in the same Identifier, in an object the object's own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pacsd.dicom.private import creator_tag
from pacsd.dicom.query import Query, tags_of
from pacsd.dicom.tag import Tag, element, group
from pacsd.index.columns import Extras
from pacsd.index.records import ExtraTag


def extras_of(query: Query, chosen: Iterable[ExtraTag]) -> Extras:
    """Those of the chosen tags that the query may ask for, by the tag they have in it."""
    found: dict[Tag, ExtraTag] = {}
    for extra in chosen:
        if extra.private_creator:
            blocks = _blocks(query, group(extra.tag), extra.private_creator)
            found |= {extra.tag | block << 8: extra for block in blocks}
        else:
            found[extra.tag] = extra
    return found


def creators_of(query: Query, extras: Extras) -> Mapping[Tag, str]:
    """The creators that reserve blocks for such tags only.

    They are no keys by themselves: an object may reserve another block for the same creator.
    """
    keys = set(_tags(query))
    reserving = {creator_tag(tag) for tag in keys if tag in extras}
    others = {creator_tag(tag) for tag in keys if tag not in extras}
    return {tag: name for tag, name in query.creators.items() if tag in reserving - others}


def _blocks(query: Query, private_group: int, creator: str) -> Iterator[int]:
    for tag, name in query.creators.items():
        if group(tag) == private_group and name == creator:
            yield element(tag)


def _tags(query: Query) -> Sequence[Tag]:
    matched = [tag for each in query.conditions for tag in tags_of(each)]
    return [*matched, *(key.tag for key in query.returned)]
