"""The suites let good rules and targets pass, and notice those that break the contract."""

import pytest

from pacsd.api.errors import HookError
from pacsd.api.event_subject import EventSubject
from pacsd.api.hooks import hookimpl
from pacsd.api.route_target import Delivery, DeliveryOutcome, DeliveryResult, InstanceResult
from pacsd.api.routing import Route
from pacsd.testing.route_contract import SUBJECTS, RouteContract, RouteTargetContract, delivery

DELIVERED, AGAIN = DeliveryOutcome.DELIVERED, DeliveryOutcome.AGAIN


class GoodRules:
    @hookimpl
    async def pacsd_route(self, subject: EventSubject) -> tuple[Route, ...] | None:
        is_ct = subject.attributes.get("ModalitiesInStudy") == "CT"
        return (Route("tape", "all CT"),) if is_ct else None


class TestGoodRules(RouteContract):
    @pytest.fixture
    def plugin(self) -> GoodRules:
        return GoodRules()


class BadRules:
    """Believes that everything has a modality, and routes it only once."""

    seen = False

    @hookimpl
    async def pacsd_route(self, subject: EventSubject) -> tuple[Route, ...] | None:
        route = Route("tape", subject.attributes["ModalitiesInStudy"])
        self.seen, was_seen = True, self.seen
        return None if was_seen else (route,)


async def test_notices_rules_that_raise_or_change_their_mind() -> None:
    suite = RouteContract()
    with pytest.raises(HookError, match="KeyError"):
        await suite.test_answers_any_subject(BadRules(), SUBJECTS["no text"])
    with pytest.raises(AssertionError):
        await suite.test_answers_any_subject(BadRules(), SUBJECTS["a quiet study"])


class Target:
    """Answers so."""

    def __init__(self, result: DeliveryResult, ill: str | None = None) -> None:
        self.result = result
        self.ill = ill

    async def send(self, _: Delivery, /) -> DeliveryResult:
        return self.result

    async def check(self) -> str | None:
        return self.ill


class TestGoodTarget(RouteTargetContract):
    @pytest.fixture
    def target(self) -> Target:
        return Target(DeliveryResult(AGAIN, "no tape in the drive"), "no tape in the drive")


async def test_notices_targets_that_say_too_little_or_too_much() -> None:
    suite, stranger = RouteTargetContract(), InstanceResult("1.9", AGAIN, "busy")
    with pytest.raises(AssertionError):
        await suite.test_says_what_became_of_each(
            Target(DeliveryResult(DELIVERED, exceptions=(stranger,))), 1
        )
    with pytest.raises(AssertionError):
        await suite.test_what_fails_says_why(Target(DeliveryResult(AGAIN)))
    with pytest.raises(AssertionError):
        await suite.test_says_how_it_is(Target(DeliveryResult(DELIVERED), ""))


def test_a_delivery_is_of_a_study() -> None:
    assert len(delivery(3).instances) == 3
    assert delivery(1, rule="CT").rule == "CT"
