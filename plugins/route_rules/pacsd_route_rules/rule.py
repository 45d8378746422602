"""One rule, ready to be asked: what it looks at, what has to hold, and where that goes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from pacsd.api.events import EventKind
from pacsd.api.routing import Route, RuleVerdict
from pacsd.api.windows import parse_window
from pacsd.dicom.text import printable
from pacsd_route_rules import criteria
from pacsd_route_rules.criteria import Criterion
from pacsd_route_rules.known import Answer, Known
from pacsd_route_rules.rule_file import RuleFileError, RuleTable

GROUP = "@"

_KINDS = {
    "instance": EventKind.INSTANCE_STORED,
    "series": EventKind.SERIES_QUIET,
    "study": EventKind.STUDY_QUIET,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: all criteria have to hold. Those that need no header come first."""

    name: str
    kind: EventKind
    criteria: tuple[Criterion, ...]
    routes: tuple[Route, ...]

    def answer(self, known: Known) -> Answer:
        """Whether a subject matches that is of the kind it looks at."""
        is_known = True
        for each in self.criteria:
            answer = each.answer(known)
            if answer is Answer.NO:
                return answer
            is_known = is_known and answer is Answer.YES
        return Answer.YES if is_known else Answer.UNKNOWN

    def verdict(self, known: Known) -> RuleVerdict:
        """What it says of a subject, and why."""
        if known.subject.event.kind is not self.kind:
            why = f"looks at {self.kind}, this is {known.subject.event.kind}"
            return RuleVerdict(self.name, is_match=False, why=why)
        for each in self.criteria:
            answer = each.answer(known)
            if answer is not Answer.YES:
                told = each.told(known) if answer is Answer.NO else "only the header says it"
                why = f"{each.what}: {told}"
                return RuleVerdict(self.name, is_match=False, why=why)
        why = "; ".join(each.what for each in self.criteria) or "matches everything"
        return RuleVerdict(self.name, is_match=True, why=why)


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
            tuple(shared.setdefault(each.what, each) for each in _criteria(table, groups, zone)),
            tuple(_route(table, target) for target in table.to),
        )
    except ValueError as error:
        raise RuleFileError(f"rule {table.name!r}: {error}") from None


def _criteria(
    table: RuleTable, groups: Mapping[str, Sequence[str]], zone: tzinfo
) -> Iterator[Criterion]:
    if table.from_:
        patterns = _with_groups("from", table.from_, groups)
        yield criteria.ae_title("from", patterns, lambda known: known.subject.reception.calling_ae)
    if table.called:
        patterns = _with_groups("called", table.called, groups)
        yield criteria.ae_title("called", patterns, lambda known: known.subject.reception.called_ae)
    if table.during:
        yield criteria.during(table.during, parse_window(table.during), zone)
    if table.labels:
        yield criteria.labels(table.labels)
    if table.min_bytes or table.max_bytes is not None:
        yield _size(table)
    if table.match:
        yield from criteria.matching(table.match)
    if table.unless:
        yield criteria.not_matching(table.unless)


def _size(table: RuleTable) -> Criterion:
    if table.max_bytes is not None and table.max_bytes < table.min_bytes:
        raise ValueError(f"max_bytes: {table.max_bytes} is less than min_bytes")
    return criteria.size(table.min_bytes, table.max_bytes)


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


def _route(table: RuleTable, target: str) -> Route:
    return Route(target, f"rule {table.name}", table.priority, table.name, table.coerce)
