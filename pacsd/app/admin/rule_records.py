"""What the commands about rules answer."""

from dataclasses import dataclass
from typing import Self

from pacsd.api.routing import Route, RouteTrial, RuleVerdict


@dataclass(frozen=True, slots=True)
class RulesPlugin:
    """A plugin with rules; `explains`: it says what each rule says, and tries others."""

    name: str
    explains: bool


@dataclass(frozen=True, slots=True)
class RulesChecked:
    """Rules that can be used: the kinds of events they look at, and where they may lead.

    `missing` says which of these targets and coercions nobody has, and by which rule.
    """

    kinds: tuple[str, ...]
    targets: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RouteAnswer:
    """Somewhere that something would go."""

    target: str
    reason: str
    priority: str

    @classmethod
    def of(cls, route: Route) -> Self:
        """The answer for a route."""
        return cls(route.target, route.reason, str(route.priority))


@dataclass(frozen=True, slots=True)
class VerdictAnswer:
    """What one rule says, and why."""

    rule: str
    is_match: bool
    why: str

    @classmethod
    def of(cls, verdict: RuleVerdict) -> Self:
        """The answer for a verdict."""
        return cls(verdict.rule, verdict.is_match, verdict.why)


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """Where something would go: the kind of its event, its UID, and how many more go the same way.

    `alike` counts the instances of its series that rules say the same of, itself among them.
    """

    kind: str
    uid: str
    routes: tuple[RouteAnswer, ...]
    verdicts: tuple[VerdictAnswer, ...]
    alike: int = 1

    @classmethod
    def of(cls, kind: str, uid: str, trial: RouteTrial) -> Self:
        """The answer for a trial."""
        return cls(
            kind,
            uid,
            tuple(map(RouteAnswer.of, trial.routes)),
            tuple(map(VerdictAnswer.of, trial.verdicts)),
        )


@dataclass(frozen=True, slots=True)
class Explained:
    """Where all of a study would go, or its first series and instances if it has very many."""

    trials: tuple[TrialAnswer, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class TargetCount:
    """How many studies something of would go to a target: by the rules in force, and by others."""

    target: str
    in_force: int
    tried: int


@dataclass(frozen=True, slots=True)
class StudyRoutes:
    """Where something of a study would go and why, by the rules in force and by others."""

    study_instance_uid: str
    in_force: dict[str, str]
    tried: dict[str, str]

    @property
    def changes(self) -> bool:
        """Whether it would go elsewhere."""
        return self.in_force.keys() != self.tried.keys()


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """How far a replay is.

    `listed` are the studies that change, or all where nothing was tried, up to a bound; `changed`
    counts all that do.
    """

    studies: int
    changed: int
    targets: tuple[TargetCount, ...]
    listed: tuple[StudyRoutes, ...]
