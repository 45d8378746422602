"""Steps that change text of the data set itself: set, remove, template, map, issuer.

Where the text comes from and goes to is the affair of `Texts`: an object that leaves, or what is
known of one that comes in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from pacsd.dicom.dictionary import data_element, keyword_of
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.value_rules import rules_of_text
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.template import Template

ISSUER_OF_PATIENT_ID: Tag = 0x00100021


class Texts(Protocol):
    """Attributes outside sequences, as text; several values are joined by backslashes."""

    def text(self, tag: Tag, /) -> str:
        """The value of an attribute, '' for none."""

    def put(self, tag: Tag, value: str, /) -> None:
        """Give an attribute another value; '' leaves it empty."""

    def remove(self, tag: Tag, /) -> None:
        """Leave an attribute out, or empty where it cannot be left out."""


class TextStep(Protocol):
    """One step."""

    @property
    def writes(self) -> frozenset[Tag]:
        """The attributes that it may change."""

    def apply(self, texts: Texts, /) -> None:
        """Do it.

        Raises:
            NotCoerced: it cannot be done; the text names attribute and rule, never the value.
        """


@dataclass(frozen=True, slots=True)
class Put:
    """Gives attributes values that are known beforehand."""

    values: Mapping[Tag, str]

    @property
    def writes(self) -> frozenset[Tag]:
        """All of them."""
        return frozenset(self.values)

    def apply(self, texts: Texts, /) -> None:
        """Write them."""
        for tag, value in self.values.items():
            texts.put(tag, value)


@dataclass(frozen=True, slots=True)
class Remove:
    """Leaves attributes out."""

    tags: frozenset[Tag]

    @property
    def writes(self) -> frozenset[Tag]:
        """All of them."""
        return self.tags

    def apply(self, texts: Texts, /) -> None:
        """Leave them out."""
        for tag in self.tags:
            texts.remove(tag)


@dataclass(frozen=True, slots=True)
class Fill:
    """Gives attributes values made of those that others had before this step."""

    templates: Mapping[Tag, Template]

    @property
    def writes(self) -> frozenset[Tag]:
        """All of them."""
        return frozenset(self.templates)

    def apply(self, texts: Texts, /) -> None:
        """Fill all templates, then write them."""
        made = {tag: each.filled(texts.text) for tag, each in self.templates.items()}
        for tag, value in made.items():
            check_value(tag, value)
            texts.put(tag, value)


@dataclass(frozen=True, slots=True)
class MapValue:
    """Gives an attribute the value that a table has for its own.

    What is in no row stays as it is, unless `refuses_others`. Where there are several values each
    is looked up; one without a value has no row, unless the table has ''.
    """

    tag: Tag
    table: Mapping[str, str]
    refuses_others: bool

    @property
    def writes(self) -> frozenset[Tag]:
        """The one."""
        return frozenset({self.tag})

    def apply(self, texts: Texts, /) -> None:
        """Look it up."""
        old = texts.text(self.tag)
        new = "\\".join(self._mapped(each) for each in old.split("\\"))
        if new != old:
            check_value(self.tag, new)
            texts.put(self.tag, new)

    def _mapped(self, value: str) -> str:
        found = self.table.get(value)
        if found is None and self.refuses_others:
            raise NotCoerced(f"{name_of(self.tag)}: its value is not in the table")
        return value if found is None else found


@dataclass(frozen=True, slots=True)
class Issuer:
    """Says who issued the Patient ID (0010,0021), where the object does not, or always."""

    issuer: str
    replaces: bool

    @property
    def writes(self) -> frozenset[Tag]:
        """That attribute."""
        return frozenset({ISSUER_OF_PATIENT_ID})

    def apply(self, texts: Texts, /) -> None:
        """Write it."""
        if self.replaces or not texts.text(ISSUER_OF_PATIENT_ID):
            texts.put(ISSUER_OF_PATIENT_ID, self.issuer)


def check_value(tag: Tag, value: str) -> None:
    """See that text can be the value of an attribute (PS3.5 section 6.2).

    Raises:
        NotCoerced: it cannot; the text names the rule, never the value.
    """
    for rule in value_rules(tag, value):
        raise NotCoerced(f"{name_of(tag)}: {rule}")


def value_rules(tag: Tag, value: str) -> Iterable[str]:
    """What speaks against text as the value of an attribute."""
    row = data_element(tag)
    return () if row is None else rules_of_text(row, value)


def name_of(tag: Tag) -> str:
    """The keyword of an attribute, or its tag."""
    return keyword_of(tag) or format_tag(tag)
