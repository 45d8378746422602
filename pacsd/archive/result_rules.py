"""What plugins may change of what a query tells: values, never whose they are."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is one

from pacsd.api.query_results import Attributes, QueryResults
from pacsd.archive.shown_results import NOT_SHOWN, beside, name_of, tag_named
from pacsd.dicom.dictionary import DataElement, data_element, tag_of, vr_of
from pacsd.dicom.identifier import UNIQUE_KEYS
from pacsd.dicom.level import Level
from pacsd.dicom.level_attributes import level_of
from pacsd.dicom.tag import Tag
from pacsd.dicom.text import printable
from pacsd.dicom.value_rules import rules_of_multiplicity, rules_of_text
from pacsd.dicom.values import NUMBER_CODES
from pacsd.dicom.vr import VR, is_text

_ISSUER_OF_PATIENT_ID: Tag = 0x00100021
_FLOATS = frozenset({VR.FL, VR.FD})
_TAG_DIGITS = 8
_HEX = frozenset("0123456789ABCDEFabcdef")


def check_results(answer: QueryResults, asked: QueryResults) -> None:
    """See that an answer tells of the same entities, in values that can be told.

    Raises:
        ValueError: it does not; the text names match, attribute and rule, never a value.
    """
    if len(answer.matches) != len(asked.matches):
        counts = f"{len(answer.matches)} matches instead of {len(asked.matches)}"
        raise ValueError(f"QueryResults: {counts}: to hide some is for pacsd_restrict_query")
    level = Level.of_term(asked.level) or Level.INSTANCE
    terms = _Terms(level, frozenset(asked.asked), frozenset(map(name_of, _fixed(level))))
    for number, (told, shown) in enumerate(zip(answer.matches, asked.matches, strict=True), 1):
        for rule in _rules(told, shown, terms):
            raise ValueError(f"QueryResults: match {number}: {rule}")


@dataclass(frozen=True, slots=True)
class _Terms:
    """What may be added at a level, and what must stay."""

    level: Level
    asked: frozenset[str]
    fixed: frozenset[str]

    def may_add(self, name: str, tag: Tag) -> bool:
        return name in self.asked or level_of(tag) <= self.level


_WITHIN_ITEMS = _Terms(Level.INSTANCE, frozenset(), frozenset())


def _fixed(level: Level) -> Iterator[Tag]:
    """What says which entity it is: those that hang below patients have UIDs."""
    if level is Level.PATIENT:
        yield from (UNIQUE_KEYS[level], _ISSUER_OF_PATIENT_ID)
    yield from (UNIQUE_KEYS[each] for each in Level if Level.PATIENT < each <= level)


def _rules(told: Attributes, shown: Attributes, terms: _Terms) -> Iterator[str]:
    """What speaks against telling that in its place; the first one counts."""
    if told == shown:
        return
    for name in terms.fixed:
        if told.values.get(name) != shown.values.get(name):
            yield f"{name} says which entity it is, and must stay"
    for name, value in told.values.items():
        if value != shown.values.get(name):
            yield from _naming(name, _rules_of_name(name, shown, terms))
            yield from _naming(name, _rules_of_value(name, value))
    for name, items in told.sequences.items():
        if items != shown.sequences.get(name):
            yield from _naming(name, _rules_of_name(name, shown, terms))
            yield from _naming(name, _rules_of_items(name, items, shown.sequences.get(name, ())))


def _naming(name: str, rules: Iterator[str]) -> Iterator[str]:
    return (f"{printable(name)}: {rule}" for rule in rules)


def _rules_of_name(name: str, shown: Attributes, terms: _Terms) -> Iterator[str]:
    if name in shown.values or name in shown.sequences:
        return
    tag = tag_of(name)
    if tag is None:
        yield "is no keyword of PS3.6"
    elif tag in NOT_SHOWN:
        yield "is the daemon's to tell"
    elif not terms.may_add(name, tag):
        yield f"was not asked for, and a {terms.level.name.lower()} does not have it"


def _rules_of_items(
    name: str, items: Sequence[Attributes], shown: Sequence[Attributes]
) -> Iterator[str]:
    if items and vr_of(tag_named(name) or 0) != VR.SQ:
        yield "is no sequence of PS3.6"
    for item, before in beside(items, shown):
        yield from _rules(item, before, _WITHIN_ITEMS)


def _rules_of_value(name: str, value: str) -> Iterator[str]:
    if not value:
        return
    tag = tag_named(name)
    row = None if tag is None else data_element(tag)
    if row is None:
        yield "is not in PS3.6, and can only be left as it is or emptied"
    elif row.vrs[0] == VR.SQ:
        yield "is a sequence"
    elif is_text(row.vrs[0]):
        yield from rules_of_text(row, value)
    elif row.vrs[0] in NUMBER_CODES or row.vrs[0] == VR.AT:
        yield from _rules_of_numbers(row, value.split("\\"))
    else:
        yield f"VR {row.vrs[0]}: can only be left as it is or emptied"


def _rules_of_numbers(row: DataElement, values: Sequence[str]) -> Iterator[str]:
    vr = row.vrs[0]
    yield from rules_of_multiplicity(row, len(values))
    if not all(_is_tag(each) if vr == VR.AT else _is_number(vr, each) for each in values):
        yield f"the value is none of VR {vr} (PS3.5 table 6.2-1)"


def _is_number(vr: str, text: str) -> bool:
    with suppress(ValueError, StructError, OverflowError):
        Struct("<" + NUMBER_CODES[VR(vr)]).pack(float(text) if vr in _FLOATS else int(text))
        return text.isascii() and text == text.strip()
    return False


def _is_tag(text: str) -> bool:
    return len(text) == _TAG_DIGITS and {*text} <= _HEX
