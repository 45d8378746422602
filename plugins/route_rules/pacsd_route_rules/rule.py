"""One rule, ready to be asked: what it looks at, what has to hold, and where that goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from pacsd.api.events import EventKind
from pacsd.api.matching.criteria import Criterion
from pacsd.api.matching.known import Answer, Known
from pacsd.api.matching.terms import Matching
from pacsd.api.routing import Route, RuleVerdict
from pacsd_route_rules.rule_file import RuleFileError, RuleTable

_KINDS = {
    "instance": EventKind.INSTANCE_STORED,
    "series": EventKind.SERIES_QUIET,
    "study": EventKind.STUDY_QUIET,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule."""

    name: str
    kind: EventKind
    matching: Matching
    routes: tuple[Route, ...]

    def answer(self, known: Known) -> Answer:
        """Whether a subject matches that is of the kind it looks at."""
        return self.matching.answer(known)

    def verdict(self, known: Known) -> RuleVerdict:
        """What it says of a subject, and why."""
        if known.subject.event.kind is not self.kind:
            why = f"looks at {self.kind}, this is {known.subject.event.kind}"
            return RuleVerdict(self.name, is_match=False, why=why)
        is_match, why = self.matching.told(known)
        return RuleVerdict(self.name, is_match=is_match, why=why)


def make_rule(
    table: RuleTable,
    groups: Mapping[str, Sequence[str]],
    zone: tzinfo,
    shared: dict[str, Criterion],
) -> Rule:
    """The rule of a table; what it asks for as other rules do is `shared` with them.

    Raises:
        RuleFileError: it names what there is not, or what cannot be matched.
    """
    try:
        return Rule(
            table.name,
            _KINDS[table.of],
            table.matching(groups, zone, shared),
            tuple(_route(table, target) for target in table.to),
        )
    except ValueError as error:
        raise RuleFileError(f"rule {table.name!r}: {error}") from None


def _route(table: RuleTable, target: str) -> Route:
    return Route(target, f"rule {table.name}", table.priority, table.name, table.coerce)
