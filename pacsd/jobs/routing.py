"""Events are routed: whoever has rules is asked where what they are about shall go.

Each plugin with rules is a consumer of events of its own. What it answers becomes orders in the
ledger of deliveries, durable before its next event; a repetition of an event changes nothing there.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent
from pacsd.api.routing import MAX_ROUTES, HeaderWanted, Route
from pacsd.index.delivery_records import Order
from pacsd.index.errors import JobQueueFull
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.orders import order_of
from pacsd.jobs.routed_kinds import RoutedKinds

AskRoutes = Callable[[str, EventSubject], Awaitable[Sequence[Route] | HeaderWanted | None]]
"""Asks a plugin; raises if it has to be asked again."""
Cover = Callable[[Order], Awaitable[object]]
"""Takes an order; raises JobQueueFull if there is no room for it."""


class Subjects(Protocol):
    """Who knows what events are about; see `EventSubjects`."""

    async def of_event(self, event: ArchiveEvent) -> EventSubject | None:
        """What it is about; None: nothing to be routed."""


class SubjectsWithHeaders(Subjects, Protocol):
    """The same, with headers for those who ask for them."""

    async def with_header(self, subject: EventSubject) -> EventSubject | None:
        """The same with a header; None: it is gone."""


class TooManyRoutes(Exception):
    """An answer has more routes than one may have."""


class HeaderAgain(Exception):
    """Whoever was given the header wants it again."""


class Routing:
    """Asks plugins for routes and has them kept as orders."""

    def __init__(
        self, cover: Cover, subjects: SubjectsWithHeaders, ask: AskRoutes, kinds: RoutedKinds
    ) -> None:
        self._cover = cover
        self._subjects = subjects
        self._ask = ask
        self._kinds = kinds

    def consumer(self, plugin: str, deadline_s: float) -> Consumer:
        """The consumer of events that stands for a plugin with rules."""
        return Consumer(f"route:{plugin}", partial(self._route, plugin), deadline_s)

    async def _route(self, plugin: str, event: ArchiveEvent) -> None:
        if event.kind not in await self._kinds.of(plugin):
            return
        subject = await self._subjects.of_event(event)
        if subject is None:
            return
        routes = await self._routes(plugin, subject)
        if len(routes) > MAX_ROUTES:
            raise TooManyRoutes(f"{len(routes)} routes are more than {MAX_ROUTES}")
        full: JobQueueFull | None = None
        for route in routes:
            # Each by itself: a queue that is full costs no other target what is meant for it.
            try:
                await self._cover(order_of(event, route, plugin))
            except JobQueueFull as error:
                full = full or error
        if full is not None:
            raise full

    async def _routes(self, plugin: str, subject: EventSubject) -> Sequence[Route]:
        answer = await self._ask(plugin, subject)
        if isinstance(answer, HeaderWanted):
            with_header = await self._subjects.with_header(subject)
            answer = None if with_header is None else await self._ask(plugin, with_header)
        if isinstance(answer, HeaderWanted):
            raise HeaderAgain("the header is wanted where it was given")
        return answer or ()
