"""What calling a hook costs, beside what pluggy itself takes for the same plugins."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pluggy
import structlog

from contrib.bench.figures import Figure, Measure, Scale, Values
from contrib.bench.servers import Peer
from pacsd.api.acceptance import AssociationRequest
from pacsd.api.dispatch.tally import Tally
from pacsd.api.hook_facts import PROJECT
from pacsd.api.hooks import hookimpl
from pacsd.api.hookspecs import associations
from pacsd.api.plugin import Host, Plugin
from pacsd.api.settings import Settings
from pacsd.app.isolation.home import Enabled
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.plugins.hooks import Hooks, make_hooks

REQUEST = AssociationRequest("CT1", "PACSD", "192.0.2.7", 5000, None, (), "1.2.3", "CT")
CALLS_A_SECOND = 20_000


class Gate(Plugin[Settings]):
    """Lets everybody in, on the event loop."""

    @hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> None:
        """Nothing against it."""


class PlainGate:
    """The same as pluggy would call it."""

    @hookimpl
    def pacsd_association_requested(self, request: AssociationRequest) -> None:
        """Nothing against it."""


def take(_: Peer, scale: Scale) -> Values:
    """CPU time of this process for each call."""
    calls = int(scale.seconds * CALLS_A_SECOND)
    return {
        "hook_empty_us": asyncio.run(_asked(_hooks(0), calls)),
        "hook_one_us": asyncio.run(_asked(_hooks(1), calls)),
        "hook_five_us": asyncio.run(_asked(_hooks(5), calls)),
        "hook_pluggy_us": _called_by_pluggy(_pluggy(5), calls),
    }


def _hooks(count: int) -> Hooks:
    """Those of plugins that live in the daemon."""
    homes = {f"gate{number}": _home(f"gate{number}") for number in range(count)}
    for home in homes.values():
        home.load()
    return make_hooks(homes, Tally(), lambda _: None)


def _home(name: str) -> InlineHome:
    enabled = Enabled(name, "contrib.bench.hooks:Gate", {}, Path())
    return InlineHome(enabled, Host(name, Path(), structlog.get_logger(name)))


def _pluggy(count: int) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(associations)
    for number in range(count):
        manager.register(PlainGate(), f"gate{number}")
    return manager


async def _asked(hooks: Hooks, calls: int) -> float:
    ask: Callable[..., Awaitable[object]] = hooks.association_requested
    began = time.process_time()
    for _ in range(calls):
        await ask(request=REQUEST)
    return (time.process_time() - began) / calls * 1e6


def _called_by_pluggy(manager: pluggy.PluginManager, calls: int) -> float:
    ask = manager.hook.pacsd_association_requested
    began = time.process_time()
    for _ in range(calls):
        ask(request=REQUEST)
    return (time.process_time() - began) / calls * 1e6


MEASURE = Measure(
    "hooks",
    (
        Figure("hook_empty_us", "hook nobody implements (us of CPU)", "<= 0.5"),
        Figure("hook_one_us", "hook one plugin implements (us of CPU)"),
        Figure("hook_five_us", "hook five plugins implement, one deadline (us of CPU)", "<= 10"),
        Figure("hook_pluggy_us", "the same five called by pluggy, without a deadline (us of CPU)"),
    ),
    take,
    only=("pacsd",),
)
