"""Hooks with a few plugins, as the dispatcher sees them."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from pacsd.api import hooks
from pacsd.api.dispatch.implementation import Implementation
from pacsd.api.dispatch.panel import Fits, OnAnswer, Panel
from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import HookError

REQUESTED = "pacsd_association_requested"


def implementation_of(number: int, plugin: object, hook: str) -> Implementation:
    """An async function is called as it is, a plain one hops into a thread."""
    function = getattr(plugin, hook)
    parameters = tuple(inspect.signature(function).parameters)
    known = {*inspect.signature(hooks.HOOKS[hook]).parameters}
    is_async = inspect.iscoroutinefunction(function)
    return Implementation(
        plugin=f"plugin{number}",
        function=function if is_async else in_a_thread(function),
        parameters=parameters,
        takes_all=known == {*parameters},
        hops=not is_async,
    )


def in_a_thread(
    function: Callable[..., object],
) -> Callable[..., Coroutine[object, object, object]]:
    """Where plain functions run in these tests."""

    async def run(**arguments: object) -> object:
        return await asyncio.to_thread(function, **arguments)

    return run


def panel_of(
    *plugins: object,
    hook: str = REQUESTED,
    deadline_s: float = 15.0,
    errors: list[HookError] | None = None,
    tally: Tally | None = None,
    fits: Fits | None = None,
    on_answer: OnAnswer | None = None,
    **facts: Any,
) -> Panel[Any]:
    """The panel of a hook, whose facts may be others than declared; asked in the order given."""
    declared = replace(hooks.hook_facts(hook), deadline_s=deadline_s, **facts)
    found = [implementation_of(number, each, hook) for number, each in enumerate(plugins)]
    on_error = (errors if errors is not None else []).append
    return Panel(declared, found, tally or Tally(), on_error, fits, on_answer)


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
