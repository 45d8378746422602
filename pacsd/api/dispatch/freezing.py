"""The implementations that pluggy has, frozen to tuples in the order they are asked."""

import inspect
from collections.abc import Callable, Coroutine
from typing import cast

import pluggy

from pacsd.api.dispatch.implementation import Implementation
from pacsd.api.errors import HookError

Plain = Callable[..., object]
Elsewhere = Callable[..., Coroutine[object, object, object]]
Runs = Callable[[str, Plain], Elsewhere]
"""Makes of a plain function of a plugin (by name) one that runs it elsewhere and is awaited."""

_HOPS = "pacsd_hops"


def mark_as_hopping(function: Callable[..., object]) -> None:
    """Say of an async function that it answers from elsewhere, off the event loop."""
    setattr(function, _HOPS, True)


def freeze(manager: pluggy.PluginManager, hook: str, runs: Runs) -> tuple[Implementation, ...]:
    """The registered implementations of a hook, in the order they are to be asked.

    Raises:
        HookError: an implementation is a wrapper, which would not be called.
    """
    caller: pluggy.HookCaller = getattr(manager.hook, hook)
    known = frozenset(caller.spec.argnames) if caller.spec is not None else frozenset[str]()
    # pluggy keeps them in the reverse of the calling order.
    return tuple(_frozen(hook, found, known, runs) for found in reversed(caller.get_hookimpls()))


def _frozen(hook: str, found: pluggy.HookImpl, known: frozenset[str], runs: Runs) -> Implementation:
    if found.wrapper or found.hookwrapper:
        raise HookError(found.plugin_name, hook, "wrappers are not supported")
    is_async = inspect.iscoroutinefunction(found.function)
    parameters = tuple(found.argnames)
    function = (
        cast("Elsewhere", found.function) if is_async else runs(found.plugin_name, found.function)
    )
    return Implementation(
        plugin=found.plugin_name,
        function=function,
        parameters=parameters,
        takes_all=known == {*parameters},
        hops=not is_async or getattr(found.function, _HOPS, False),
    )
