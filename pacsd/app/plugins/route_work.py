"""Plugins asked for routes and targets, and told what became of deliveries."""

from collections.abc import Callable
from functools import partial

from pacsd.api.dispatch.asked_alone import AskedAlone
from pacsd.api.event_subject import EventSubject
from pacsd.api.hooks import hook_facts
from pacsd.api.route_target import Delivered, RouteTarget
from pacsd.api.routing import Route
from pacsd.app.plugins.hooks import Hooks
from pacsd.index.jobs import Jobs
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.deliveries import Deliveries, Pages
from pacsd.jobs.routing import Routing, Subjects
from pacsd.net.peer_target import PREFIX

_LONGER_S = 15.0
"""Than the deadline of the hook, for looking up what is asked about, and to say who is late."""

Peer = Callable[[str], RouteTarget]
"""The peer of a target's name; raises NotProvided."""


def route_consumers(hooks: Hooks, jobs: Jobs, subjects: Subjects) -> tuple[Consumer, ...]:
    """A consumer of events for each plugin that has rules."""
    routing = Routing(jobs, subjects, partial(_ask, hooks.route))
    deadline_s = hook_facts("pacsd_route").deadline_s + _LONGER_S
    return tuple(routing.consumer(plugin, deadline_s) for plugin in hooks.route.plugins)


def deliveries(hooks: Hooks, instances: Pages, peer: Peer) -> Deliveries:
    """What makes the deliveries that routes ask for."""

    async def target_of(name: str) -> RouteTarget:
        return peer(name) if name.startswith(PREFIX) else await hooks.route_target(name)

    async def tell(delivered: Delivered) -> None:
        await hooks.delivered(delivered=delivered)

    return Deliveries(instances, target_of, tell)


async def _ask(
    hook: AskedAlone[tuple[Route, ...]], plugin: str, subject: EventSubject
) -> tuple[Route, ...] | None:
    return await hook.ask(plugin, subject=subject)
