"""Hooks with a few plugins, as the dispatcher sees them."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

import pluggy

from pacsd.api import hooks
from pacsd.api.dispatch.freezing import freeze
from pacsd.api.dispatch.panel import Panel
from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError
from pacsd.api.hook_facts import PROJECT

REQUESTED = "pacsd_association_requested"


def manager_of(*plugins: object) -> pluggy.PluginManager:
    """Registered so that they are asked in the order given, as plugin0, plugin1 ..."""
    manager = pluggy.PluginManager(PROJECT)
    for module in hooks.SPECIFICATIONS:
        manager.add_hookspecs(module)
    for number, plugin in reversed(list(enumerate(plugins))):
        manager.register(plugin, f"plugin{number}")
    return manager


def in_a_thread(
    _: str, function: Callable[..., object]
) -> Callable[..., Coroutine[object, object, object]]:
    """Where plain functions run in these tests."""

    async def run(**arguments: object) -> object:
        work = partial(function, **arguments)
        return await asyncio.get_running_loop().run_in_executor(None, work)

    return run


def panel_of(
    *plugins: object,
    hook: str = REQUESTED,
    deadline_s: float = 15.0,
    errors: list[HookError] | None = None,
    tally: Tally | None = None,
    **facts: Any,
) -> Panel[Any]:
    """The panel of a hook, whose facts may be others than declared."""
    declared = replace(hooks.hook_facts(hook), deadline_s=deadline_s, **facts)
    frozen = freeze(manager_of(*plugins), hook, in_a_thread)
    on_error = (errors if errors is not None else []).append
    return Panel(declared, frozen, tally or Tally(), on_error)


class Gate:
    """Answers what it was given, raises it if it is an exception."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[object] = []

    def decide(self, request: object) -> object:
        self.asked.append(request)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class PlainGate(Gate):
    @hooks.hookimpl
    def pacsd_association_requested(self, request: object) -> object:
        return self.decide(request)


class AsyncGate(Gate):
    @hooks.hookimpl
    async def pacsd_association_requested(self, request: object) -> object:
        return self.decide(request)


class SleepyGate:
    """Never answers."""

    @hooks.hookimpl
    async def pacsd_association_requested(self) -> None:
        await asyncio.Event().wait()
