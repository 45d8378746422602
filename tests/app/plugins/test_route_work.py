from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.api.errors import HookError, NotProvided
from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.hooks import hookimpl
from pacsd.api.route_target import Delivered, Delivery, DeliveryOutcome, DeliveryResult, RouteTarget
from pacsd.api.routing import HeaderWanted, Route, RouteTrial
from pacsd.app.plugins.coerced_copies import CopyMaker
from pacsd.app.plugins.coerced_target import SendsCopies
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.route_work import (
    finding_targets,
    route_consumers,
    rules_plugins,
    telling,
    try_routes,
)
from pacsd.app.plugins.services import HostServices
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.index.delivery_records import Order
from pacsd.jobs.deliveries import FindTarget
from pacsd.net.throttle import NO_THROTTLES
from pacsd.testing.hook_records import RECEPTION
from tests.api.hookspecs.hooks_of import hooks_of
from tests.app.plugins.coercing import GUARD
from tests.app.small_archive import small_archive

EVENT = ArchiveEvent("e-1", EventKind.STUDY_QUIET, 5, "1.2", "", "")


class Subjects:
    async def of_event(self, event: ArchiveEvent) -> EventSubject | None:
        return EventSubject(event, RECEPTION, {"ModalitiesInStudy": "CT"})

    async def with_header(self, subject: EventSubject) -> EventSubject | None:
        return replace(subject, header=b"{}")


class Tape:
    """Routes everything to itself."""

    def __init__(self) -> None:
        self.sent: list[Delivery] = []
        self.told: list[Delivered] = []

    @hookimpl
    async def pacsd_route(self, subject: EventSubject) -> tuple[Route, ...]:
        if subject.attributes["ModalitiesInStudy"] != "CT":
            raise ValueError("no CT")
        return (Route("tape", "all CT"),)

    @hookimpl
    async def pacsd_route_target(self, name: str) -> RouteTarget | None:
        return self if name == "tape" else None

    @hookimpl
    async def pacsd_delivered(self, delivered: Delivered) -> None:
        self.told.append(delivered)

    async def send(self, delivery: Delivery, /) -> DeliveryResult:
        self.sent.append(delivery)
        return DeliveryResult(DeliveryOutcome.DELIVERED)

    async def check(self) -> str | None:
        return None


class Book:
    """Takes orders."""

    def __init__(self) -> None:
        self.orders: list[Order] = []

    async def cover(self, order: Order) -> None:
        self.orders.append(order)


async def test_what_a_plugin_routes_becomes_an_order() -> None:
    book = Book()
    assert route_consumers(hooks_of(object()), book.cover, Subjects()) == ()
    [consumer] = route_consumers(hooks_of(Tape()), book.cover, Subjects())
    assert consumer.name == "route:acme"
    assert consumer.deadline_s > 60
    await consumer.deliver(EVENT)
    [order] = book.orders
    assert (order.target, order.plugin) == ("tape", "acme")


async def test_who_fails_is_asked_again() -> None:
    class Broken:
        @hookimpl
        async def pacsd_route(self) -> None:
            raise OSError("no rules")

    [consumer] = route_consumers(hooks_of(Broken()), Book().cover, Subjects())
    with pytest.raises(HookError, match="pacsd_route: raised OSError: no rules"):
        await consumer.deliver(EVENT)


SUBJECT = EventSubject(EVENT, RECEPTION, {"ModalitiesInStudy": "CT"})


class Explaining(Tape):
    """Tries other rules, which are the name of a target."""

    @hookimpl
    async def pacsd_route_trial(
        self, subject: EventSubject | None, rules: str | None
    ) -> RouteTrial | HeaderWanted:
        if subject is None:
            return RouteTrial(())
        if subject.header is None:
            return HeaderWanted()
        return RouteTrial((Route(rules or "tape", "tried"),))


async def test_who_says_what_its_rules_say_is_asked_for_that() -> None:
    hooks = hooks_of(Explaining())
    assert rules_plugins(hooks) == {"acme": True}
    assert await try_routes(hooks, "acme", None, "other") == RouteTrial(())
    assert await try_routes(hooks, "acme", SUBJECT, None) == HeaderWanted()
    with_header = replace(SUBJECT, header=b"{}")
    for rules, target in ((None, "tape"), ("other", "other")):
        trial = await try_routes(hooks, "acme", with_header, rules)
        assert trial == RouteTrial((Route(target, "tried"),))


async def test_of_who_only_routes_the_routes_are_told() -> None:
    hooks = hooks_of(Tape())
    assert rules_plugins(hooks) == {"acme": False}
    assert await try_routes(hooks, "acme", None, None) == RouteTrial(())
    assert await try_routes(hooks, "acme", SUBJECT, None) == RouteTrial((Route("tape", "all CT"),))
    with pytest.raises(HookError, match="pacsd_route_trial: is not implemented"):
        await try_routes(hooks, "acme", SUBJECT, "other")


def peer(name: str) -> SendsCopies:
    raise NotProvided(name, "pacsd_route_target", f"there is no {name}")


def finding(hooks: Hooks, services: HostServices | None = None) -> FindTarget:
    services = services or HostServices(lambda: 0)
    maker = CopyMaker(hooks.coercion, lambda: services.stored, GUARD)
    return finding_targets(
        hooks, {"peer:": peer, "notify:": peer}, maker, services.lending, NO_THROTTLES
    )


async def test_a_plugin_sends_and_is_told_of_it(tmp_path: Path) -> None:
    tape = Tape()
    hooks = hooks_of(tape)
    async with small_archive(tmp_path) as archive:
        await archive.add("1.2.3.7")
        services = HostServices(lambda: 0)
        stored = StoredInstances(archive.store, archive.index, CopyPlace(tmp_path))
        services.open(archive.index, stored)
        target = await finding(hooks, services)("tape")
        facts = tuple(await stored.of_study("1.2.3", "", ""))
        delivery = Delivery("tape", "", "all", 1, "1.2.3", facts)
        assert await target.send(delivery) == DeliveryResult(DeliveryOutcome.DELIVERED)
    [sent] = tape.sent
    assert [each.sop_instance_uid for each in sent.instances] == ["1.2.3.7"]
    ended = Delivered(7, "tape", "", "all", DeliveryOutcome.DELIVERED, 1, "1.2", 3, 0, "")
    await telling(hooks)(ended)
    assert tape.told == [ended]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("cloud", "no plugin provides 'cloud'"),
        ("peer:A", "there is no peer:A"),
        ("notify:A", "there is no notify:A"),
    ],
)
async def test_peers_are_no_plugins(target: str, why: str) -> None:
    with pytest.raises(NotProvided, match=why):
        await finding(hooks_of(Tape()))(target)


async def test_events_that_no_rule_looks_at_are_not_asked_about() -> None:
    class Quiet(Tape):
        @hookimpl
        async def pacsd_route_trial(self) -> RouteTrial:
            return RouteTrial((), kinds=(EventKind.SERIES_QUIET,))

    book = Book()
    [consumer] = route_consumers(hooks_of(Quiet()), book.cover, Subjects())
    await consumer.deliver(EVENT)
    assert book.orders == []
    await consumer.deliver(replace(EVENT, event_id="e-2", kind=EventKind.SERIES_QUIET))
    assert [each.target for each in book.orders] == ["tape"]


async def test_what_cannot_be_coerced_as_the_route_says_is_sent_to_nobody() -> None:
    tape = Tape()
    target = await finding(hooks_of(tape))("tape")
    result = await target.send(Delivery("tape", "", "all", 1, "1.2", (), "research"))
    assert result.outcome is DeliveryOutcome.REFUSED
    assert tape.sent == []
