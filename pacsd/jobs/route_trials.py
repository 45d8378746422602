"""Routes tried: where a study would go by the rules of a plugin, or by others; nothing is sent.

It is tried as it would be routed: itself and each of its series as quiet, and each instance as
stored, as far as rules look at those, all at the time at which it came.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.api.instances import InstanceFacts
from pacsd.api.routing import NO_ROUTES, HeaderWanted, RouteTrial, RulesRefused
from pacsd.jobs.routing import HeaderAgain, SubjectsWithHeaders

EVENT_ID = "trial"

_NOTHING = RouteTrial((), (), ())
"""Of rules that look at nothing."""

Answer: TypeAlias = RouteTrial | HeaderWanted | RulesRefused | None

Ask = Callable[[str, EventSubject | None, str | None], Awaitable[Answer]]
"""Asks a plugin: about a subject, and the text of other rules."""


class Pages(Protocol):
    """Who knows what there is of a study; see `Deliverables`."""

    def pages(
        self, study_instance_uid: str, series_instance_uid: str = "", sop_instance_uid: str = ""
    ) -> AsyncGenerator[tuple[InstanceFacts, ...], None]:
        """The instances; raises when they cannot be told now."""


class RulesUnusable(Exception):
    """Rules that were to be tried cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What was tried, and where it would go."""

    subject: EventSubject
    trial: RouteTrial


class RouteTrials:
    """Asks plugins."""

    def __init__(self, subjects: SubjectsWithHeaders, instances: Pages, ask: Ask) -> None:
        self._subjects = subjects
        self._instances = instances
        self._ask = ask

    async def check(self, plugin: str, rules: str | None = None) -> RouteTrial:
        """What rules look at, and where they may lead, without a subject.

        Raises:
            RulesUnusable: they cannot be used; and whatever asking the plugin raises.
        """
        answer = _usable(await self._ask(plugin, None, rules))
        return answer if isinstance(answer, RouteTrial) else _NOTHING

    async def of_study(
        self, plugin: str, study: str, rules: str | None = None
    ) -> AsyncGenerator[Tried, None]:
        """Where all of a study would go; raises what asking the index or the plugin raises."""
        kinds = (await self.check(plugin, rules)).kinds
        async with aclosing(self._events(study, kinds)) as events:
            async for event in events:
                found = await self._subjects.of_event(event)
                if found is not None:
                    subject = _as_it_came(found)
                    yield Tried(subject, await self.of_subject(plugin, subject, rules))

    async def of_subject(
        self, plugin: str, subject: EventSubject, rules: str | None = None
    ) -> RouteTrial:
        """Where this would go; raises as `check` does."""
        answer = _usable(await self._ask(plugin, subject, rules))
        if isinstance(answer, HeaderWanted):
            with_header = await self._subjects.with_header(subject)
            if with_header is None:
                return NO_ROUTES
            answer = _usable(await self._ask(plugin, with_header, rules))
        if isinstance(answer, HeaderWanted):
            raise HeaderAgain("the header is wanted where it was given")
        return answer or NO_ROUTES

    async def _events(
        self, study: str, kinds: tuple[EventKind, ...]
    ) -> AsyncGenerator[ArchiveEvent, None]:
        seen: set[str] = set()
        if not {EventKind.SERIES_QUIET, EventKind.INSTANCE_STORED}.isdisjoint(kinds):
            async with aclosing(self._instances.pages(study)) as pages:
                async for page in pages:
                    for each in page:
                        uid, series = each.sop_instance_uid, each.series_instance_uid
                        if EventKind.INSTANCE_STORED in kinds:
                            yield _event(EventKind.INSTANCE_STORED, study, series, uid)
                        if EventKind.SERIES_QUIET in kinds and series not in seen:
                            seen.add(series)
                            yield _event(EventKind.SERIES_QUIET, study, series)
        if EventKind.STUDY_QUIET in kinds:
            yield _event(EventKind.STUDY_QUIET, study)


def _usable(answer: Answer) -> RouteTrial | HeaderWanted | None:
    if isinstance(answer, RulesRefused):
        raise RulesUnusable(answer.why)
    return answer


def _event(kind: EventKind, study: str, series: str = "", instance: str = "") -> ArchiveEvent:
    return ArchiveEvent(EVENT_ID, kind, 0, study, series, instance)


def _as_it_came(subject: EventSubject) -> EventSubject:
    event = replace(subject.event, at_us=subject.reception.received_at_us)
    return replace(subject, event=event)
