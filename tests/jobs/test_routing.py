from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.routing import MAX_ROUTES, ROUTED, HeaderWanted, Route
from pacsd.index.delivery_records import Order
from pacsd.index.errors import JobQueueFull
from pacsd.jobs.routed_kinds import RoutedKinds
from pacsd.jobs.routing import HeaderAgain, Routing, TooManyRoutes
from pacsd.testing.hook_records import RECEPTION

EVENT = ArchiveEvent("e-1", EventKind.STUDY_QUIET, 5, "1.2", "", "")


class Subjects:
    """Knows study 1.2."""

    async def of_event(self, event: ArchiveEvent) -> EventSubject | None:
        if event.study_instance_uid != "1.2":
            return None
        return EventSubject(event, RECEPTION, {"ModalitiesInStudy": "CT"})

    async def with_header(self, subject: EventSubject) -> EventSubject | None:
        return replace(subject, header=b"{}")


class Rules:
    """Answers these routes."""

    def __init__(self, *routes: Route) -> None:
        self.routes: Sequence[Route] | HeaderWanted | None = routes or None
        self.asked: list[tuple[str, EventSubject]] = []

    async def __call__(
        self, plugin: str, subject: EventSubject
    ) -> Sequence[Route] | HeaderWanted | None:
        self.asked.append((plugin, subject))
        return self.routes


class Book:
    """Takes orders; the queues of some targets are full."""

    def __init__(self, *full: str) -> None:
        self.full = full
        self.orders: list[Order] = []

    async def cover(self, order: Order) -> None:
        if order.target in self.full:
            raise JobQueueFull(f"queue {order.target}: is full")
        self.orders.append(order)


async def routed(
    rules: Rules,
    event: ArchiveEvent = EVENT,
    kinds: Collection[EventKind] = ROUTED,
    book: Book | None = None,
) -> list[Order]:
    async def looked_at(_: str) -> Collection[EventKind]:
        return kinds

    book = book or Book()
    routing = Routing(book.cover, Subjects(), rules, RoutedKinds(looked_at))
    consumer = routing.consumer("acme", 60.0)
    assert (consumer.name, consumer.deadline_s) == ("route:acme", 60.0)
    await consumer.deliver(event)
    return book.orders


async def test_each_route_becomes_an_order() -> None:
    rules = Rules(Route("peer:A", "all CT", rule="CT"), Route("tape", "all"))
    one, two = await routed(rules)
    assert (one.target, one.rule, one.reason, one.plugin) == ("peer:A", "CT", "all CT", "acme")
    assert (two.target, two.rule, two.change) == ("tape", "", 1)
    assert rules.asked == [("acme", EventSubject(EVENT, RECEPTION, {"ModalitiesInStudy": "CT"}))]


async def test_what_is_gone_or_leads_nowhere_makes_no_job() -> None:
    gone = ArchiveEvent("e-2", EventKind.STUDY_QUIET, 5, "1.9", "", "")
    rules = Rules(Route("tape", "all"))
    assert await routed(rules, gone) == []
    assert rules.asked == []
    assert await routed(Rules()) == []


async def test_what_no_rule_looks_at_is_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = Rules(Route("tape", "all"))
    monkeypatch.setattr(Subjects, "of_event", None)
    assert await routed(rules, kinds=[EventKind.SERIES_QUIET]) == []
    assert rules.asked == []


class Curious(Rules):
    """Wants the header first."""

    async def __call__(
        self, plugin: str, subject: EventSubject
    ) -> Sequence[Route] | HeaderWanted | None:
        routes = await super().__call__(plugin, subject)
        return HeaderWanted() if subject.header is None else routes


async def test_who_wants_the_header_is_asked_again_with_it() -> None:
    rules = Curious(Route("tape", "all"))
    [job] = await routed(rules)
    assert job.target == "tape"
    assert [subject.header for _, subject in rules.asked] == [None, b"{}"]


async def test_what_is_gone_before_its_header_is_read_goes_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def gone(*_: object) -> None:
        return None

    monkeypatch.setattr(Subjects, "with_header", gone)
    rules = Curious(Route("tape", "all"))
    assert await routed(rules) == []
    assert len(rules.asked) == 1


async def test_the_header_is_given_once() -> None:
    rules = Curious()
    rules.routes = HeaderWanted()
    with pytest.raises(HeaderAgain):
        await routed(rules)


async def test_a_flood_of_routes_is_refused() -> None:
    rules = Rules(*(Route(f"t{number}", "all") for number in range(MAX_ROUTES + 1)))
    with pytest.raises(TooManyRoutes, match="101 routes are more than 100"):
        await routed(rules)


async def test_a_queue_that_is_full_costs_no_other_target_anything() -> None:
    book = Book("dead")
    with pytest.raises(JobQueueFull):
        await routed(Rules(Route("dead", "all"), Route("tape", "all")), book=book)
    assert [each.target for each in book.orders] == ["tape"]
