"""What is coerced as it comes: which instances, and what they become (`Coerce`).

An instance that cannot be coerced as asked is kept, and held until somebody has decided: it is
neither lost nor shown without.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pacsd.api.correction_rules import (
    NotCorrectable,
    check_correctable,
    check_correction,
    level_of_correction,
)
from pacsd.api.receiving import ReceivedInstance
from pacsd.dicom.dictionary import keyword_of, vr_of
from pacsd.dicom.matching import Source, matcher
from pacsd.dicom.tag import Tag, format_tag
from pacsd.dicom.text import printable
from pacsd.dicom.values import SINGLE_VALUED
from pacsd.dicom.wildcard import Pattern
from pacsd.dicom.written_conditions import written_conditions
from pacsd_coerce.coercion_file import InTable
from pacsd_coerce.errors import NotCoerced
from pacsd_coerce.text_steps import Put, TextStep, name_of
from pacsd_coerce.whole_object import OfText, WholeObject

GROUP = "@"


class Incoming:
    """An instance as it comes: a Source for matching, and Texts for steps.

    What the index does not keep of it is not known, and has no value here.
    """

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self._attributes = attributes
        self.changes: dict[Tag, str] = {}

    def text(self, tag: Tag, /) -> str:
        """The value of an attribute, '' for none."""
        changed = self.changes.get(tag)
        if changed is not None:
            return changed
        return self._attributes.get(keyword_of(tag) or format_tag(tag), "")

    def texts(self, tag: Tag, /) -> Sequence[str]:
        """Its values, one by one."""
        text = self.text(tag)
        if not text:
            return ()
        return (text,) if vr_of(tag) in SINGLE_VALUED else text.split("\\")

    def items(self, _tag: Tag, /) -> Iterable[Source]:
        """Items of a sequence, of which nothing is known."""
        return ()

    def put(self, tag: Tag, value: str, /) -> None:
        """Give an attribute another value.

        Raises:
            NotCoerced: it may not have this one.
        """
        try:
            check_correction(level_of_correction(tag), tag, value)
        except NotCorrectable as error:
            raise NotCoerced(str(error)) from None
        self.changes[tag] = value

    def remove(self, tag: Tag, /) -> None:
        """Leave it empty: what lies over it can take nothing away."""
        self.put(tag, "")


@dataclass(frozen=True, slots=True)
class InRule:
    """A rule: everything has to hold, then the steps are done."""

    name: str
    coercion: str
    callers: tuple[Pattern, ...]
    called: tuple[Pattern, ...]
    holds: tuple[Callable[[Source], bool], ...]
    never: Callable[[Source], bool] | None
    steps: tuple[TextStep, ...] = field(default=())

    def matches(self, instance: ReceivedInstance) -> bool:
        """Whether it is about this instance, as it came."""
        known, reception = Incoming(instance.attributes), instance.reception
        return (
            _fits(self.callers, reception.calling_ae)
            and _fits(self.called, reception.called_ae)
            and all(each(known) for each in self.holds)
            and not (self.never is not None and self.never(known))
        )


def make_in_rule(
    table: InTable, groups: Mapping[str, Sequence[str]], whole: Mapping[str, WholeObject]
) -> InRule:
    """The rule of a table.

    Raises:
        ValueError: it names what there is not, or what cannot be coerced as it comes.
    """
    coercion = whole.get(table.coerce)
    if coercion is None:
        raise ValueError(f"coerce: there is no coercion {printable(table.coerce)}")
    unless = [condition for condition, _ in written_conditions(table.unless)]
    return InRule(
        table.name,
        table.coerce,
        tuple(_patterns("from", table.from_, groups)),
        tuple(_patterns("called", table.called, groups)),
        tuple(matcher([condition]) for condition, _ in written_conditions(table.match)),
        matcher(unless) if unless else None,
        tuple(_checked_steps(coercion)),
    )


def coerced(rules: Iterable[InRule], instance: ReceivedInstance) -> tuple[dict[Tag, str], str]:
    """What an instance becomes, and by which rules; rules see it as it came, steps as it is then.

    Raises:
        NotCoerced: a step cannot be done.
    """
    incoming, by = Incoming(instance.attributes), list[str]()
    for rule in rules:
        if rule.matches(instance):
            for step in rule.steps:
                step.apply(incoming)
            by.append(rule.name)
    changes = {
        tag: value
        for tag, value in incoming.changes.items()
        if instance.attributes.get(name_of(tag)) != value
    }
    return changes, ", ".join(by)


def _checked_steps(coercion: WholeObject) -> Iterable[TextStep]:
    """The steps, if all of them can be laid over what is stored."""
    for number, each in enumerate(coercion.steps, 1):
        what = f"coercion {coercion.name}, step {number}"
        if not isinstance(each, OfText):
            why = "only text is coerced as it comes; have it done by a route"
            raise ValueError(f"{what}: {why}")  # noqa: TRY004 - the file is wrong
        try:
            _check(each.step)
        except NotCorrectable as error:
            raise ValueError(f"{what}: {error}") from None
        yield each.step


def _check(step: TextStep) -> None:
    """What may never be coerced is told now, not when an instance comes."""
    for tag in step.writes:
        check_correctable(tag)
    if isinstance(step, Put):
        for tag, value in step.values.items():
            check_correction(level_of_correction(tag), tag, value)


def _patterns(
    key: str, titles: Sequence[str], groups: Mapping[str, Sequence[str]]
) -> Iterable[Pattern]:
    for title in titles:
        if not title.startswith(GROUP):
            yield Pattern(title)
            continue
        found = groups.get(title.removeprefix(GROUP))
        if found is None:
            raise ValueError(f"{key}: {printable(title)} is none of the groups")
        yield from map(Pattern, found)


def _fits(patterns: Sequence[Pattern], title: str) -> bool:
    return not patterns or any(each.matches(title) for each in patterns)
