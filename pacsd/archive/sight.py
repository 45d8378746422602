"""What somebody sees of the archive: conditions that hold for whatever is found (PS3.4 annex C).

An instance is seen if it fulfils them with its series, study and patient; these are if an instance
of theirs is. They go into every query, so that what is not seen is not there, for whoever asks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pacsd.api.access import Restriction
from pacsd.dicom.dictionary import tag_of, vr_of
from pacsd.dicom.errors import IdentifierError
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.identifier import PATIENT_ROOT, UNIQUE_KEYS, Manner, read_query
from pacsd.dicom.level import Level
from pacsd.dicom.query import Condition, Query, Values, tags_of
from pacsd.dicom.query_keys import Key, QueryKeyError, checked_value, encode_identifier
from pacsd.dicom.registry import EXPLICIT_VR_LITTLE_ENDIAN
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.index.columns import column_of
from pacsd.index.computed import MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY
from pacsd.index.searching import knows

_SYNTAX = known_syntax(EXPLICIT_VR_LITTLE_ENDIAN)
# A study always has a UID.
_NOTHING = Values(UNIQUE_KEYS[Level.STUDY], VR.UI, ("",))
# Told or asked of an entity, but said over all that hangs below it, be it seen or not.
_OVER_ALL_BELOW: dict[Tag, Level] = {
    0x00201200: Level.PATIENT,
    0x00201202: Level.PATIENT,
    0x00201204: Level.PATIENT,
    0x00201206: Level.STUDY,
    0x00201208: Level.STUDY,
    MODALITIES_IN_STUDY: Level.STUDY,
    SOP_CLASSES_IN_STUDY: Level.STUDY,
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen; without conditions, everything."""

    conditions: tuple[Condition, ...] = ()

    @property
    def is_restricted(self) -> bool:
        """Whether anything is not seen."""
        return bool(self.conditions)

    @property
    def mark(self) -> str:
        """Another text for each sight, '' for everything: for tags of what was sent."""
        return repr(self.conditions) if self.conditions else ""

    def over(self, query: Query) -> Query:
        """The query as it finds only what is seen, and tells nothing of the rest."""
        if not self.conditions:
            return query
        hidden = {tag for tag, level in _OVER_ALL_BELOW.items() if level < self._lowest()}
        return replace(
            query,
            conditions=(
                *self.conditions,
                *(each for each in query.conditions if hidden.isdisjoint(tags_of(each))),
            ),
            returned=tuple(key for key in query.returned if key.tag not in hidden),
        )

    def _lowest(self) -> Level:
        """The lowest level that decides: below it all of an entity is seen, or nothing."""
        return max(_level_of(tag) for each in self.conditions for tag in tags_of(each))


EVERYTHING = Sight()


def sight_of(restrictions: Iterable[Restriction]) -> Sight:
    """What is seen where all these hold.

    Raises:
        ValueError: an attribute cannot be restricted, or not so; the text names it.
    """
    conditions = (
        condition
        for restriction in restrictions
        for keyword, values in restriction.conditions.items()
        for condition in _conditions(keyword, values)
    )
    return Sight(tuple(dict.fromkeys(conditions)))


def check_restriction(answer: object) -> None:
    """See that a plugin's answer can be carried out; ValueError if it cannot."""
    if isinstance(answer, Restriction):
        sight_of([answer])


def _conditions(keyword: str, values: tuple[str, ...]) -> Iterator[Condition]:
    tag = tag_of(keyword)
    if tag is None:
        raise ValueError(f"Restriction: {keyword[:64]!a} is no keyword of PS3.6")
    column, of_instance = column_of(tag, Level.STUDY), column_of(tag, Level.INSTANCE)
    if column is None or column is not of_instance or not _may_restrict(tag):
        rule = "is no attribute of patients, studies or series that the index keeps"
        raise ValueError(f"Restriction: {keyword} {rule}")
    if not values:
        yield _NOTHING
        return
    try:
        vr = vr_of(tag) or VR.UN
        key = Key(tag, vr, checked_value(keyword, vr, "\\".join(values)))
        identifier = encode_identifier(Level.INSTANCE, [key], _SYNTAX)
        found = read_query(identifier, _SYNTAX, PATIENT_ROOT, Manner(is_relational=True))
    except (QueryKeyError, IdentifierError) as error:
        raise ValueError(f"Restriction: {error}") from None
    matches = found.query.conditions
    is_all_known = all(knows(each, level) for each in matches for level in Level)
    if found.unmatched or not is_all_known or (not matches and "*" not in values):
        raise ValueError(f"Restriction: {keyword}: its values cannot be looked for")
    yield from matches


def _may_restrict(tag: Tag) -> bool:
    return tag not in _OVER_ALL_BELOW and _level_of(tag) <= Level.SERIES


def _level_of(tag: Tag) -> Level:
    column = column_of(tag, Level.INSTANCE)
    return Level.INSTANCE if column is None else column.level
