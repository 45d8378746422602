from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.api.errors import HookError, NotProvided
from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.hooks import hookimpl
from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import Delivered, Delivery, DeliveryOutcome, DeliveryResult, RouteTarget
from pacsd.api.routing import HeaderWanted, Route, RouteTrial
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.route_work import (
    deliveries,
    route_consumers,
    rules_plugins,
    try_routes,
)
from pacsd.index.index import open_index
from pacsd.index.job_records import FreePlaces, JobFilter
from pacsd.index.records import Scope
from pacsd.jobs.outcomes import Dead, Done, Outcome
from pacsd.jobs.planned_delivery import DELIVER, job_of
from pacsd.testing.hook_records import RECEPTION
from tests.api.hookspecs.hooks_of import hooks_of

EVENT = ArchiveEvent("e-1", EventKind.STUDY_QUIET, 5, "1.2", "", "")


class Subjects:
    async def of_event(self, event: ArchiveEvent) -> EventSubject | None:
        return EventSubject(event, RECEPTION, {"ModalitiesInStudy": "CT"})

    async def with_header(self, subject: EventSubject) -> EventSubject | None:
        return replace(subject, header=b"{}")


class Study:
    async def pages(self, *_: str) -> AsyncGenerator[tuple[InstanceFacts, ...], None]:
        yield (InstanceFacts("1.2.3.4", "1.2", "1.2.3", "1.2", "1.2", 9),)


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


async def test_what_a_plugin_routes_becomes_a_job(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=lambda: 0) as index:
        assert route_consumers(hooks_of(object()), index.jobs, Subjects()) == ()
        [consumer] = route_consumers(hooks_of(Tape()), index.jobs, Subjects())
        assert consumer.name == "route:acme"
        assert consumer.deadline_s > 60
        await consumer.deliver(EVENT)
        [job] = await index.jobs.page(Scope(), JobFilter(kind=DELIVER))
        assert (job.queue, job.created_by) == ("target:tape", "acme")


async def test_who_fails_is_asked_again(tmp_path: Path) -> None:
    class Broken:
        @hookimpl
        async def pacsd_route(self) -> None:
            raise OSError("no rules")

    async with open_index(tmp_path, now_us=lambda: 0) as index:
        [consumer] = route_consumers(hooks_of(Broken()), index.jobs, Subjects())
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


def peer(name: str) -> RouteTarget:
    raise NotProvided(name, "pacsd_route_target", f"there is no {name}")


async def delivered(folder: Path, hooks: Hooks, target: str) -> Outcome:
    async with open_index(folder, now_us=lambda: 0) as index:
        await index.jobs.add([job_of(EVENT, Route(target, "all"), "acme")])
        [job] = (await index.jobs.claim([DELIVER], FreePlaces(1), 1, 60)).jobs
        return await deliveries(hooks, Study(), peer).handler.run(job)


async def test_a_plugin_sends_and_is_told_of_it(tmp_path: Path) -> None:
    tape = Tape()
    assert await delivered(tmp_path, hooks_of(tape), "tape") == Done("1 instances delivered")
    assert len(tape.sent) == 1
    assert [each.outcome for each in tape.told] == [DeliveryOutcome.DELIVERED]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("cloud", "no plugin provides 'cloud'"),
        ("peer:A", "there is no peer:A"),
        ("notify:A", "there is no notify:A"),
    ],
)
async def test_peers_are_no_plugins(tmp_path: Path, target: str, why: str) -> None:
    assert await delivered(tmp_path, hooks_of(Tape()), target) == Dead(why)
