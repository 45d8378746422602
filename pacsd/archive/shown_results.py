"""What a query has found, as plugins change it before it is told (PS3.4 section C.4.1.1.3.2).

They see text by keyword. What they leave as it is is told as it was found, be it of a VR of its
object's own; what they change is of the dictionary's VR.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from pacsd.api.access import SightRequest
from pacsd.api.query_results import MAX_CHARACTERS, MAX_MATCHES, Attributes, QueryResults
from pacsd.archive.finding import FindError, Match
from pacsd.dicom.answer import Field, Fields
from pacsd.dicom.dictionary import keyword_of, tag_of, vr_of
from pacsd.dicom.errors import TagError
from pacsd.dicom.identifier import NOT_OF_ENTITIES
from pacsd.dicom.query import Query
from pacsd.dicom.tag import Tag, format_tag, parse_tag
from pacsd.dicom.vr import VR

_RETRIEVE_URL: Tag = 0x00081190

NOT_SHOWN = NOT_OF_ENTITIES | {_RETRIEVE_URL}
"""It says how or where an entity is had, not what it is."""


class NotTold(FindError):
    """What was found cannot be told now."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some matches, and what plugins are shown of them."""

    found: Sequence[Match]
    shown: QueryResults

    def told(self, answer: QueryResults) -> list[Match]:
        """The matches as an answer has them, which was checked against what was shown."""
        matches = zip(self.found, self.shown.matches, answer.matches, strict=True)
        return [_told(*each) for each in matches]


def pages_of(looks: SightRequest, query: Query, matches: Sequence[Match]) -> Iterator[Page]:
    """The matches of a query in pages of a size that can be shown.

    Raises:
        NotTold: one of them is too long for that.
    """
    asked = tuple(name_of(key.tag) for key in query.returned if key.tag not in NOT_SHOWN)

    def page(found: Sequence[Match], shown: Sequence[Attributes]) -> Page:
        principal, door, host = looks.principal, looks.door, looks.peer_host
        level = query.level.term
        return Page(found, QueryResults(principal, door, host, level, asked, tuple(shown)))

    found: list[Match] = []
    shown: list[Attributes] = []
    left = MAX_CHARACTERS
    for match in matches:
        attributes = _shown(match)
        length = _length(attributes)
        if length > MAX_CHARACTERS:
            raise NotTold(f"a match has more than {MAX_CHARACTERS} characters: not for plugins")
        if found and (len(found) == MAX_MATCHES or length > left):
            yield page(found, shown)
            found, shown, left = [], [], MAX_CHARACTERS
        found.append(match)
        shown.append(attributes)
        left -= length
    if found:
        yield page(found, shown)


@lru_cache(maxsize=4_096)
def name_of(tag: Tag) -> str:
    """What plugins call an attribute; those of repeating groups share their keywords."""
    keyword = keyword_of(tag)
    return keyword if keyword and tag_of(keyword) == tag else format_tag(tag)


def tag_named(name: str) -> Tag | None:
    """The attribute that plugins call so, None if it is none."""
    found = tag_of(name)
    with suppress(TagError):
        return parse_tag(name) if found is None else found
    return None


def beside(
    items: Sequence[Attributes], shown: Sequence[Attributes]
) -> Iterator[tuple[Attributes, Attributes]]:
    """Each item with the one that was in its place."""
    for number, item in enumerate(items):
        yield item, shown[number] if number < len(shown) else Attributes({})


def _shown(match: Mapping[Tag, str | Field]) -> Attributes:
    """What plugins see of a match, or of an item."""
    values: dict[str, str] = {}
    sequences: dict[str, tuple[Attributes, ...]] = {}
    for tag, value in match.items():
        if tag in NOT_SHOWN:
            continue
        content = value.content if isinstance(value, Field) else value
        name = name_of(tag)
        if isinstance(content, bytes):
            values[name] = b64encode(content).decode("ascii")
        elif isinstance(content, tuple):
            sequences[name] = tuple(map(_shown, content))
        elif not content and vr_of(tag) == VR.SQ:
            sequences[name] = ()
        else:
            values[name] = content
    return Attributes(values, sequences)


def _length(attributes: Attributes) -> int:
    """Characters of all names and values."""
    own = sum(len(name) + len(value) for name, value in attributes.values.items())
    items = (each for items in attributes.sequences.values() for each in items)
    return own + sum(map(_length, items)) + sum(map(len, attributes.sequences))


def _told(match: Match, shown: Attributes, told: Attributes) -> Match:
    if told is shown or told == shown:
        return match
    return {**match, **_changes(shown, told, match)}


def _changes(
    shown: Attributes, told: Attributes, found: Mapping[Tag, str | Field]
) -> dict[Tag, str | Field]:
    """The values that are told otherwise than they were found; '' of what is left out."""
    changes: dict[Tag, str | Field] = {}
    for name in {**shown.values, **told.values}:
        value = told.values.get(name, "")
        if name not in told.sequences and value != shown.values.get(name):
            changes[_checked(name)] = value
    for name in {**shown.sequences, **told.sequences}:
        items = told.sequences.get(name, ())
        if items != shown.sequences.get(name):
            tag = _checked(name)
            changes[tag] = _sequence(items, shown.sequences.get(name, ()), found.get(tag))
    return changes


def _sequence(
    items: tuple[Attributes, ...], shown: tuple[Attributes, ...], found: str | Field | None
) -> Field:
    known = found.content if isinstance(found, Field) and isinstance(found.content, tuple) else ()
    return Field(
        VR.SQ,
        tuple(
            _item(told, before, known[number] if number < len(known) else {})
            for number, (told, before) in enumerate(beside(items, shown))
        ),
    )


def _item(told: Attributes, shown: Attributes, found: Fields) -> Fields:
    changes = _changes(shown, told, found)
    return {
        **found,
        **{
            tag: each if isinstance(each, Field) else Field(vr_of(tag) or VR.UN, each)
            for tag, each in changes.items()
        },
    }


def _checked(name: str) -> Tag:
    tag = tag_named(name)
    if tag is None:
        raise AssertionError("what a plugin calls an attribute was checked")
    return tag
