"""Records of the hooks about routing: where something shall go, and why; and where it would."""

from dataclasses import dataclass
from enum import StrEnum

from pacsd.api.coercion import check_name
from pacsd.api.events import EventKind

ROUTED = (EventKind.INSTANCE_STORED, EventKind.SERIES_QUIET, EventKind.STUDY_QUIET)
"""The kinds of events that are routed."""

MAX_ROUTES = 100
"""Of one answer."""
MAX_TARGET_BYTES = 200
MAX_REASON_LENGTH = 500
MAX_RULE_LENGTH = 200


class RoutePriority(StrEnum):
    """Which deliveries to a target go first, in the words of C-STORE (PS3.7 section 9.1.1.1.7)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Route:
    """The subject shall go to a target, because of `reason`, which whoever runs pacsd reads.

    `target` is a name that a plugin provides, `peer:AE_TITLE` for a peer of the peers file,
    `notify:AE_TITLE` for one that is only told what is here (Instance Availability Notification),
    or `web:NAME` for a DICOMweb server of the configuration.
    `rule` is the name of the rule that says so, if the plugin has several: what goes to a target by
    the same rule is one delivery for each study. What leaves is coerced by the `coercion` of that
    name (`pacsd_coercion`), if one is named; what cannot be does not leave.
    """

    target: str
    reason: str
    priority: RoutePriority = RoutePriority.MEDIUM
    rule: str = ""
    coercion: str = ""

    def __post_init__(self) -> None:
        """See that there can be such a target.

        Raises:
            ValueError: its name is empty or too long, or the reason is, or the rule's name, or
                there can be no such coercion.
        """
        size = len(self.target.encode(errors="surrogatepass"))
        if not 0 < size <= MAX_TARGET_BYTES or not self.target.isprintable():
            rule = f"1 to {MAX_TARGET_BYTES} bytes of printable text"
            raise ValueError(f"target {self.target[:50]!a}: must be {rule}")
        if not 0 < len(self.reason) <= MAX_REASON_LENGTH:
            rule = f"1 to {MAX_REASON_LENGTH} characters"
            raise ValueError(f"reason of {len(self.reason)} characters: must be {rule}")
        if len(self.rule) > MAX_RULE_LENGTH:
            said = f"{len(self.rule)} characters"
            raise ValueError(f"rule of {said}: must be at most {MAX_RULE_LENGTH}")
        if self.coercion:
            check_name(self.coercion)


@dataclass(frozen=True, slots=True)
class HeaderWanted:
    """Where it goes depends on attributes that the index has not: ask again, with the header."""


@dataclass(frozen=True, slots=True)
class RulesRefused:
    """Rules that somebody wants to try cannot be used; `why` names rule, key and value."""

    why: str


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule said of a subject, and why; `why` may have values of a patient."""

    rule: str
    is_match: bool
    why: str


@dataclass(frozen=True, slots=True)
class RouteTrial:
    """Where a subject would go, and what each rule said that was asked; nothing was sent.

    `kinds` are the kinds of events that rules look at, of which no other needs to be asked about.
    Where no subject was given, `routes` are all that the rules may lead to, each target and
    coercion once.
    """

    routes: tuple[Route, ...]
    verdicts: tuple[RuleVerdict, ...] = ()
    kinds: tuple[EventKind, ...] = ROUTED


NO_ROUTES = RouteTrial(())
"""It would stay where it is."""
