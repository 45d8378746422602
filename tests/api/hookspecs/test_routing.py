from typing import BinaryIO

import pytest

from pacsd.api.coercion import Coercion
from pacsd.api.errors import HookError, NotProvided
from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.hooks import hookimpl
from pacsd.api.route_target import (
    Delivered,
    Delivery,
    DeliveryOutcome,
    DeliveryResult,
    RouteTarget,
)
from pacsd.api.routing import HeaderWanted, Route, RouteTrial
from pacsd.testing.hook_records import RECEPTION
from tests.api.hookspecs.hooks_of import hooks_of

EVENT = ArchiveEvent("e-1", EventKind.STUDY_QUIET, 5, "1.2", "", "")
SUBJECT = EventSubject(EVENT, RECEPTION, {"ModalitiesInStudy": "CT"})
DELIVERED = Delivered(7, "tape", "", "all", DeliveryOutcome.DELIVERED, 1, "1.2", 3, 0, "")


class Rule:
    """Routes everything to this target, or answers junk."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[EventSubject] = []

    @hookimpl
    async def pacsd_route(self, subject: EventSubject) -> object:
        self.asked.append(subject)
        return self.answer


async def test_hook_pacsd_route() -> None:
    rule, other = Rule((Route("tape", "all"),)), Rule(None)
    hooks = hooks_of(rule, other)
    assert hooks.route.plugins == ("acme", "acme2")
    assert await hooks.route.ask("acme", subject=SUBJECT) == (Route("tape", "all"),)
    assert rule.asked == [SUBJECT]
    assert other.asked == []


async def test_who_wants_the_header_says_so() -> None:
    assert await hooks_of(Rule(HeaderWanted())).route.ask("acme", subject=SUBJECT) == HeaderWanted()


class Trial:
    """Says of everything what it is told to say."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[tuple[EventSubject | None, str | None]] = []

    @hookimpl
    async def pacsd_route_trial(self, subject: EventSubject | None, rules: str | None) -> object:
        self.asked.append((subject, rules))
        return self.answer


@pytest.mark.parametrize("answer", [RouteTrial((Route("tape", "all"),)), HeaderWanted(), None])
async def test_hook_pacsd_route_trial(answer: object) -> None:
    trial = Trial(answer)
    hooks = hooks_of(trial, Rule(None))
    assert hooks.route_trial.plugins == ("acme",)
    assert await hooks.route_trial.ask("acme", subject=SUBJECT, rules="text") == answer
    assert await hooks.route_trial.ask("acme", subject=None, rules=None) == answer
    assert trial.asked == [(SUBJECT, "text"), (None, None)]


async def test_a_trial_that_answers_junk_failed() -> None:
    with pytest.raises(HookError, match="plugin acme: pacsd_route_trial: returned"):
        await hooks_of(Trial((Route("tape", "all"),))).route_trial.ask(
            "acme", subject=SUBJECT, rules=None
        )


@pytest.mark.parametrize("junk", ["tape", [Route("tape", "all")], ("tape",)])
async def test_a_rule_that_answers_junk_is_asked_again(junk: object) -> None:
    with pytest.raises(HookError, match="plugin acme: pacsd_route: returned"):
        await hooks_of(Rule(junk)).route.ask("acme", subject=SUBJECT)


class Tape:
    """The target `tape`."""

    async def send(self, delivery: Delivery, /) -> DeliveryResult:
        return DeliveryResult(DeliveryOutcome.DELIVERED, delivery.target)

    async def check(self) -> str | None:
        return None


async def test_hook_pacsd_route_target() -> None:
    tape = Tape()

    class Drive:
        @hookimpl
        async def pacsd_route_target(self, name: str) -> RouteTarget | None:
            return tape if name == "tape" else None

    hooks = hooks_of(Drive())
    assert await hooks.route_target("tape") is tape
    with pytest.raises(NotProvided, match="no plugin provides 'cloud'"):
        await hooks.route_target("cloud")
    with pytest.raises(HookError, match="both provide 'tape', only one may"):
        await hooks_of(Drive(), Drive()).route_target("tape")


async def test_hook_pacsd_coercion() -> None:
    class Copying:
        async def coerce(self, source: BinaryIO, target: BinaryIO, /) -> None:
            target.write(source.read())

    copying = Copying()

    class Masks:
        @hookimpl
        async def pacsd_coercion(self, name: str) -> Coercion | None:
            return copying if name == "research" else None

    hooks = hooks_of(Masks())
    assert await hooks.coercion("research") is copying
    with pytest.raises(NotProvided, match="no plugin provides 'other'"):
        await hooks.coercion("other")
    with pytest.raises(HookError, match="both provide 'research', only one may"):
        await hooks_of(Masks(), Masks()).coercion("research")


async def test_hook_pacsd_delivered() -> None:
    told: list[Delivered] = []

    class Diary:
        @hookimpl
        async def pacsd_delivered(self, delivered: Delivered) -> None:
            told.append(delivered)
            raise OSError("full")

    errors: list[HookError] = []
    await hooks_of(Diary(), errors=errors).delivered(delivered=DELIVERED)
    assert told == [DELIVERED]
    assert [error.hook for error in errors] == ["pacsd_delivered"]
