"""The keys of a table that says what has to be so, and what they ask for together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Annotated

from pydantic import BeforeValidator, Field

from pacsd.api.matching import criteria
from pacsd.api.matching.criteria import Criterion
from pacsd.api.matching.known import Answer, Known
from pacsd.api.settings import Settings
from pacsd.api.windows import parse_window
from pacsd.dicom.text import printable

GROUP = "@"


def _listed(value: object) -> object:
    """One text stands for a list of one, as everywhere in the configuration."""
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_listed)]
Keys = dict[str, Annotated[tuple[str, ...], BeforeValidator(_listed)]]


@dataclass(frozen=True, slots=True)
class Matching:
    """Criteria that all have to hold. Those that need no header come first."""

    criteria: tuple[Criterion, ...]

    def answer(self, known: Known) -> Answer:
        """Whether a subject matches."""
        is_known = True
        for each in self.criteria:
            answer = each.answer(known)
            if answer is Answer.NO:
                return answer
            is_known = is_known and answer is Answer.YES
        return Answer.YES if is_known else Answer.UNKNOWN

    def told(self, known: Known) -> tuple[bool, str]:
        """Whether it matches, and why, in the words of whoever wrote the terms."""
        for each in self.criteria:
            answer = each.answer(known)
            if answer is not Answer.YES:
                told = each.told(known) if answer is Answer.NO else "only the header says it"
                return False, f"{each.what}: {told}"
        return True, "; ".join(each.what for each in self.criteria) or "matches everything"


class MatchTerms(Settings):
    """What has to be so. What is not given does not matter; all that is given has to hold."""

    from_: Texts = Field(default=(), alias="from")
    """AE titles of senders, with wild cards, and groups as `@NAME`."""

    called: Texts = ()
    """AE titles that were called, the same way."""

    match: Keys = Field(default_factory=dict)
    """Attributes and what they have to be, as in a C-FIND; of several values one is enough."""

    unless: Keys = Field(default_factory=dict)
    """The same; if all of them match, this does not."""

    labels: Texts = ()
    """Labels that its study has, all of them, with wild cards."""

    during: str = ""
    """Times of day at which it is stored, or quiet, such as `mon-fri 18:00-07:00`."""

    min_bytes: int = Field(default=0, ge=0)
    """Its files have at least so many bytes together."""

    max_bytes: int | None = Field(default=None, ge=0)
    """Its files have at most so many bytes together."""

    def matching(
        self, groups: Mapping[str, Sequence[str]], zone: tzinfo, shared: dict[str, Criterion]
    ) -> Matching:
        """What they ask for; what others ask for as well is `shared` with them.

        Raises:
            ValueError: they name what there is not, or what cannot be matched.
        """
        asked = self._criteria(groups, zone)
        return Matching(tuple(shared.setdefault(each.what, each) for each in asked))

    def _criteria(self, groups: Mapping[str, Sequence[str]], zone: tzinfo) -> Iterator[Criterion]:
        if self.from_:
            patterns = _with_groups("from", self.from_, groups)
            yield criteria.ae_title("from", patterns, lambda of: of.subject.reception.calling_ae)
        if self.called:
            patterns = _with_groups("called", self.called, groups)
            yield criteria.ae_title("called", patterns, lambda of: of.subject.reception.called_ae)
        if self.during:
            yield criteria.during(self.during, parse_window(self.during), zone)
        if self.labels:
            yield criteria.labels(self.labels)
        if self.min_bytes or self.max_bytes is not None:
            yield self._size()
        if self.match:
            yield from criteria.matching(self.match)
        if self.unless:
            yield criteria.not_matching(self.unless)

    def _size(self) -> Criterion:
        if self.max_bytes is not None and self.max_bytes < self.min_bytes:
            raise ValueError(f"max_bytes: {self.max_bytes} is less than min_bytes")
        return criteria.size(self.min_bytes, self.max_bytes)


def _with_groups(
    key: str, titles: Sequence[str], groups: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    found: list[str] = []
    for title in titles:
        if not title.startswith(GROUP):
            found.append(title)
            continue
        group = title.removeprefix(GROUP)
        if group not in groups:
            raise ValueError(f"{key}: {printable(title)} is none of the groups")
        found += groups[group]
    return found
