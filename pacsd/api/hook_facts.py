"""What is declared of a hook beside its signature: its kind, its deadline, what a failure means."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import pluggy

PROJECT = "pacsd"

Specification = TypeVar("Specification", bound=Callable[..., object])

_FACTS = "pacsd_facts"
_marker = pluggy.HookspecMarker(PROJECT)


class Kind(StrEnum):
    """How a hook is called, and what becomes of several answers."""

    NOTIFY = "notify"
    """All are told; nobody answers."""
    FILTER = "filter"
    """A value goes through all of them in turn; None leaves it as it is."""
    FIRST = "first"
    """Asked in turn; the first answer other than None counts."""
    VOTE = "vote"
    """All are asked; any denial wins. Where permission is needed, so does that nobody gives it."""
    COLLECT = "collect"
    """All are asked; their answers are put together."""
    OWNER = "owner"
    """The one plugin whose business it is is asked, and nobody else."""
    PROVIDER = "provider"
    """Exactly one answers for a name, with a record or an object that implements a port."""


class Policy(StrEnum):
    """What it means that an implementation raises, is late or returns junk."""

    CLOSED = "closed"
    """The answer is no, or the attempt fails."""
    OPEN = "open"
    """It goes on without this one."""
    AGAIN = "again"
    """It is told again later, until it answers or the last attempt fails."""


@dataclass(frozen=True, slots=True)
class HookFacts:
    """Of one hook. `answers` are the classes an answer may be of, beside None.

    `deadline_s` is for all implementations together; `since` is the version that brought it. Of a
    hook that `is_secret` no text is told that an implementation raises: it may hold the secret.
    Its home sees to that, which alone knows what was raised.
    """

    name: str
    kind: Kind
    policy: Policy
    deadline_s: float
    answers: tuple[type, ...]
    since: str
    is_secret: bool = False


def specification(
    kind: Kind,
    policy: Policy,
    *,
    deadline_s: float,
    since: str,
    answers: tuple[type, ...] = (),
    is_secret: bool = False,
) -> Callable[[Specification], Specification]:
    """Mark a function as the specification of the hook that has its name."""

    def mark(function: Specification) -> Specification:
        name = function.__name__
        facts = HookFacts(name, kind, policy, deadline_s, answers, since, is_secret)
        setattr(function, _FACTS, facts)
        return _marker(function)

    return mark


def facts_of(function: object) -> HookFacts | None:
    """What is declared of a specification; None when it is none."""
    facts = getattr(function, _FACTS, None)
    return facts if isinstance(facts, HookFacts) else None
