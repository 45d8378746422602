from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.routing import MAX_ROUTES, ROUTED, HeaderWanted, Route
from pacsd.index import job_counts
from pacsd.index.errors import JobQueueFull
from pacsd.index.index import Index
from pacsd.index.job_records import Job, JobFilter
from pacsd.jobs.planned_delivery import DELIVER
from pacsd.jobs.routed_kinds import RoutedKinds
from pacsd.jobs.routing import HeaderAgain, Routing, TooManyRoutes
from pacsd.testing.hook_records import RECEPTION
from tests.index.made import SCOPE

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


async def routed(
    index: Index,
    rules: Rules,
    event: ArchiveEvent = EVENT,
    kinds: Collection[EventKind] = ROUTED,
) -> list[Job]:
    async def looked_at(_: str) -> Collection[EventKind]:
        return kinds

    routing = Routing(index.jobs, Subjects(), rules, RoutedKinds(looked_at))
    consumer = routing.consumer("acme", 60.0)
    assert (consumer.name, consumer.deadline_s) == ("route:acme", 60.0)
    await consumer.deliver(event)
    return await index.jobs.page(SCOPE, JobFilter(kind=DELIVER))


async def test_each_route_becomes_a_job_in_its_own_queue(index: Index) -> None:
    rules = Rules(Route("peer:A", "all CT"), Route("tape", "all"))
    jobs = await routed(index, rules)
    assert {job.queue for job in jobs} == {"target:peer:A", "target:tape"}
    assert rules.asked == [("acme", EventSubject(EVENT, RECEPTION, {"ModalitiesInStudy": "CT"}))]


async def test_a_repetition_adds_nothing(index: Index) -> None:
    rules = Rules(Route("tape", "all"))
    assert await routed(index, rules) == await routed(index, rules)


async def test_what_is_gone_or_leads_nowhere_makes_no_job(index: Index) -> None:
    gone = ArchiveEvent("e-2", EventKind.STUDY_QUIET, 5, "1.9", "", "")
    rules = Rules(Route("tape", "all"))
    assert await routed(index, rules, gone) == []
    assert rules.asked == []
    assert await routed(index, Rules()) == []


async def test_what_no_rule_looks_at_is_not_looked_up(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = Rules(Route("tape", "all"))
    monkeypatch.setattr(Subjects, "of_event", None)
    assert await routed(index, rules, kinds=[EventKind.SERIES_QUIET]) == []
    assert rules.asked == []


class Curious(Rules):
    """Wants the header first."""

    async def __call__(
        self, plugin: str, subject: EventSubject
    ) -> Sequence[Route] | HeaderWanted | None:
        routes = await super().__call__(plugin, subject)
        return HeaderWanted() if subject.header is None else routes


async def test_who_wants_the_header_is_asked_again_with_it(index: Index) -> None:
    rules = Curious(Route("tape", "all"))
    [job] = await routed(index, rules)
    assert job.queue == "target:tape"
    assert [subject.header for _, subject in rules.asked] == [None, b"{}"]


async def test_what_is_gone_before_its_header_is_read_goes_nowhere(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> None:
        return None

    monkeypatch.setattr(Subjects, "with_header", gone)
    rules = Curious(Route("tape", "all"))
    assert await routed(index, rules) == []
    assert len(rules.asked) == 1


async def test_the_header_is_given_once(index: Index) -> None:
    rules = Curious()
    rules.routes = HeaderWanted()
    with pytest.raises(HeaderAgain):
        await routed(index, rules)


async def test_a_flood_of_routes_is_refused(index: Index) -> None:
    rules = Rules(*(Route(f"t{number}", "all") for number in range(MAX_ROUTES + 1)))
    with pytest.raises(TooManyRoutes, match="101 routes are more than 100"):
        await routed(index, rules)


async def test_a_queue_that_is_full_costs_no_other_target_anything(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    await routed(index, Rules(Route("dead", "all")))
    monkeypatch.setattr(job_counts, "MAX_OPEN_JOBS", 1)
    later = ArchiveEvent("e-2", EventKind.STUDY_QUIET, 5, "1.2", "", "")
    with pytest.raises(JobQueueFull):
        await routed(index, Rules(Route("dead", "all"), Route("tape", "all")), later)
    jobs = await index.jobs.page(SCOPE, JobFilter(queue="target:tape"))
    assert len(jobs) == 1
