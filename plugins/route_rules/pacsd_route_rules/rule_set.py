"""All rules of a file, asked in their order: where something goes, or would go, and why."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import EventKind
from pacsd.api.matching.criteria import Criterion
from pacsd.api.matching.known import Answer, Known
from pacsd.api.routing import MAX_ROUTES, HeaderWanted, Route, RouteTrial, RuleVerdict
from pacsd_route_rules.rule import Rule, make_rule
from pacsd_route_rules.rule_file import RuleFile, RuleFileError, read_rule_file, several

NOT_ASKED = 'an earlier rule matched, and mode is "first"'


class RuleSet:
    """Rules as they are in force; they never change."""

    def __init__(self, rules: Iterable[Rule], *, only_first: bool) -> None:
        self.rules = tuple(rules)
        self._only_first = only_first
        self._by_kind = {
            kind: [each for each in self.rules if each.kind is kind] for kind in EventKind
        }

    @property
    def kinds(self) -> tuple[EventKind, ...]:
        """The kinds of events that any rule looks at."""
        return tuple(kind for kind, rules in self._by_kind.items() if rules)

    def overview(self) -> RouteTrial:
        """What they look at, and all targets and coercions that they name, by the first rule."""
        found: dict[tuple[str, str], Route] = {}
        for rule in self.rules:
            for route in rule.routes:
                found.setdefault((route.target, route.coercion), route)
        return RouteTrial(tuple(found.values()), (), self.kinds)

    def routes(self, subject: EventSubject) -> tuple[Route, ...] | HeaderWanted:
        """Where it goes; of several rules with one target the first counts."""
        known = Known(subject)
        found: dict[str, Route] = {}
        for rule in self._by_kind[subject.event.kind]:
            answer = rule.answer(known)
            if answer is Answer.UNKNOWN:
                return HeaderWanted()
            if answer is Answer.YES:
                for route in rule.routes:
                    found.setdefault(route.target, route)
                if self._only_first:
                    break
        return tuple(found.values())

    def trial(self, subject: EventSubject) -> RouteTrial | HeaderWanted:
        """The same, and what each rule says."""
        routes = self.routes(subject)
        if isinstance(routes, HeaderWanted):
            return routes
        return RouteTrial(routes, tuple(self._verdicts(Known(subject))), self.kinds)

    def _verdicts(self, known: Known) -> Iterable[RuleVerdict]:
        is_over = False
        for rule in self.rules:
            verdict = rule.verdict(known)
            if is_over:
                verdict = RuleVerdict(rule.name, is_match=False, why=NOT_ASKED)
            yield verdict
            is_over = is_over or (self._only_first and verdict.is_match)


def read_rules(text: str, zone: tzinfo) -> RuleSet:
    """The rules of a rule file.

    Raises:
        RuleFileError: it cannot be used; the text says what is wrong with each rule.
    """
    file = read_rule_file(text)
    errors = [*_misfits(file)]
    shared: dict[str, Criterion] = {}
    rules: list[Rule] = []
    for table in file.rule:
        try:
            rules.append(make_rule(table, file.groups, zone, shared))
        except RuleFileError as error:
            errors.append(str(error))
    if errors:
        raise RuleFileError(several(errors))
    return RuleSet(rules, only_first=file.mode == "first")


def _misfits(file: RuleFile) -> Iterator[str]:
    """What no table shows by itself."""
    seen: set[str] = set()
    targets: set[str] = set()
    for table in file.rule:
        if table.name in seen:
            yield f"rule {table.name!r}: another rule has this name"
        if not table.to and file.mode == "all":
            text = 'goes nowhere, which only means something in mode "first"'
            yield f"rule {table.name!r}: to: {text}"
        seen.add(table.name)
        targets.update(table.to)
    if len(targets) > MAX_ROUTES:
        yield f"{len(targets)} targets are more than {MAX_ROUTES}"
