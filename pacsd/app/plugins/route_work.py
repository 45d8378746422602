"""Plugins asked for routes and targets, and told what became of deliveries."""

from collections.abc import Callable, Collection, Mapping
from functools import partial

from pacsd.api.dispatch.asked_alone import AskedAlone
from pacsd.api.event_subject import EventSubject
from pacsd.api.events import EventKind
from pacsd.api.hooks import hook_facts
from pacsd.api.route_target import Delivered, RouteTarget
from pacsd.api.routing import NO_ROUTES, HeaderWanted, Route, RouteTrial, RulesRefused
from pacsd.app.plugins.coerced_copies import CopyMaker
from pacsd.app.plugins.coerced_target import SendsCopies, of_ours, of_plugin
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.lending import Lending
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.deliveries import FindTarget, TellDelivered
from pacsd.jobs.routed_kinds import RoutedKinds
from pacsd.jobs.routing import Cover, Routing, SubjectsWithHeaders
from pacsd.net.throttle import Throttles

_LONGER_S = 15.0
"""Than the deadline of the hook, for looking up what is asked about, and to say who is late."""

OwnTargets = Mapping[str, Callable[[str], SendsCopies]]
"""By a prefix of names, who has the target of a name; raises NotProvided."""


def route_consumers(
    hooks: Hooks, cover: Cover, subjects: SubjectsWithHeaders
) -> tuple[Consumer, ...]:
    """A consumer of events for each plugin that has rules."""
    kinds = RoutedKinds(partial(_kinds, hooks))
    routing = Routing(cover, subjects, partial(_ask, hooks.route), kinds)
    deadline_s = hook_facts("pacsd_route").deadline_s + _LONGER_S
    return tuple(routing.consumer(plugin, deadline_s) for plugin in hooks.route.plugins)


def own_target(own: OwnTargets, name: str) -> SendsCopies | None:
    """The target of this name that needs no plugin, None if plugins are to be asked.

    Raises:
        NotProvided: it has such a name, and there is none.
    """
    found = (target for prefix, target in own.items() if name.startswith(prefix))
    target = next(found, None)
    return None if target is None else target(name)


def finding_targets(
    hooks: Hooks,
    own: OwnTargets,
    maker: CopyMaker,
    lending: Lending,
    throttles: Throttles,
) -> FindTarget:
    """What finds targets by their names: ours by their prefixes, others by asking plugins.

    Each is given copies where a delivery is to be coerced. `throttles` are those of some targets.
    """

    async def target_of(name: str) -> RouteTarget:
        ours = own_target(own, name)
        if ours is not None:
            return of_ours(ours, maker)
        plugin, found = await hooks.route_target.found(name)
        return of_plugin(found, maker, lending, plugin, throttles.of(name))

    return target_of


def telling(hooks: Hooks) -> TellDelivered:
    """What tells plugins of deliveries that have ended."""

    async def tell(delivered: Delivered) -> None:
        await hooks.delivered(delivered=delivered)

    return tell


def rules_plugins(hooks: Hooks) -> Mapping[str, bool]:
    """The plugins with rules, and whether they say what each rule says, and try others."""
    explaining = hooks.route_trial.plugins
    return {name: name in explaining for name in hooks.route.plugins}


async def try_routes(
    hooks: Hooks, plugin: str, subject: EventSubject | None, rules: str | None
) -> RouteTrial | HeaderWanted | RulesRefused | None:
    """Ask a plugin where a subject would go, and by which rules; or what its own rules say.

    Raises:
        HookError: it failed, or the plugin does not try other rules.
    """
    if plugin in hooks.route_trial.plugins or rules is not None:
        return await hooks.route_trial.ask(plugin, subject=subject, rules=rules)
    if subject is None:
        return NO_ROUTES
    routes = await hooks.route.ask(plugin, subject=subject)
    return routes if isinstance(routes, HeaderWanted) else RouteTrial(routes or ())


async def _kinds(hooks: Hooks, plugin: str) -> Collection[EventKind] | None:
    """The kinds of events that a plugin's own rules look at, None if it does not say."""
    if plugin not in hooks.route_trial.plugins:
        return None
    said = await hooks.route_trial.ask(plugin, subject=None, rules=None)
    return said.kinds if isinstance(said, RouteTrial) else None


async def _ask(
    hook: AskedAlone[tuple[Route, ...] | HeaderWanted], plugin: str, subject: EventSubject
) -> tuple[Route, ...] | HeaderWanted | None:
    return await hook.ask(plugin, subject=subject)
