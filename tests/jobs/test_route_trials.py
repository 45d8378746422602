"""Routes tried: a study as it would be routed."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.instances import InstanceFacts
from pacsd.api.routing import ROUTED, HeaderWanted, Route, RouteTrial, RulesRefused
from pacsd.jobs.route_trials import RouteTrials, RulesUnusable, Tried
from pacsd.jobs.routing import HeaderAgain
from pacsd.testing.hook_records import RECEPTION


class Study:
    """Two series, of two instances and one."""

    async def pages(self, *_: str) -> AsyncGenerator[tuple[InstanceFacts, ...], None]:
        yield _facts("1.2.1.1"), _facts("1.2.1.2")
        yield (_facts("1.2.2.1"),)


class Subjects:
    """Knows all but what ends in .2."""

    async def of_event(self, event: ArchiveEvent) -> EventSubject | None:
        is_known = not event.sop_instance_uid.endswith(".2")
        return EventSubject(event, RECEPTION, {}) if is_known else None

    async def with_header(self, subject: EventSubject) -> EventSubject | None:
        return replace(subject, header=b"{}") if subject.event.series_instance_uid else None


class Rules:
    """Everything goes to a target that is named as it is."""

    def __init__(self, kinds: Sequence[EventKind] = ROUTED, *, wants: int = 0) -> None:
        self.kinds = tuple(kinds)
        self.wants = wants

    async def __call__(
        self, plugin: str, subject: EventSubject | None, rules: str | None
    ) -> RouteTrial | HeaderWanted | RulesRefused | None:
        if rules == "bad":
            return RulesRefused("no rules")
        if plugin == "silent":
            return None
        if subject is None:
            return RouteTrial((), (), self.kinds)
        if self.wants > (subject.header is not None):
            return HeaderWanted()
        return RouteTrial((Route(str(subject.event.kind), rules or "in force"),))


def _facts(uid: str) -> InstanceFacts:
    return InstanceFacts(uid, "1.2.840", uid[: -len(".1")], "1.2", "1.2.840", 9)


def trials(rules: Rules) -> RouteTrials:
    return RouteTrials(Subjects(), Study(), rules)


async def tried(rules: Rules, plugin: str = "acme", text: str | None = None) -> list[Tried]:
    return [each async for each in trials(rules).of_study(plugin, "1.2", text)]


async def test_all_that_rules_look_at_is_tried_as_it_came() -> None:
    found = await tried(Rules(), text="other")
    assert [each.trial.routes[0].target for each in found] == [
        "instance_stored",
        "series_quiet",
        "instance_stored",
        "series_quiet",
        "study_quiet",
    ]
    assert {each.trial.routes[0].reason for each in found} == {"other"}
    assert {each.subject.event.at_us for each in found} == {RECEPTION.received_at_us}


@pytest.mark.parametrize("kind", ROUTED)
async def test_what_no_rule_looks_at_is_not_tried(kind: EventKind) -> None:
    found = await tried(Rules([kind]))
    assert {each.subject.event.kind for each in found} == {kind}


async def test_the_header_is_given_to_who_wants_it_once() -> None:
    found = await tried(Rules(wants=1))
    # Of the study it is gone meanwhile.
    assert [len(each.trial.routes) for each in found] == [1, 1, 1, 1, 0]
    with pytest.raises(HeaderAgain):
        await tried(Rules(wants=2))


async def test_who_says_nothing_looks_at_nothing() -> None:
    assert (await trials(Rules()).check("silent")).kinds == ()
    assert await tried(Rules(), "silent") == []


async def test_rules_that_cannot_be_used_are_told_of() -> None:
    for trying in (tried(Rules(), text="bad"), trials(Rules()).check("acme", "bad")):
        with pytest.raises(RulesUnusable, match="no rules"):
            await trying
