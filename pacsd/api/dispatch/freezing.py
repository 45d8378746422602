"""The implementations that pluggy has, frozen to tuples in the order they are asked."""

import inspect
from collections.abc import Callable, Coroutine

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
    # pluggy keeps them in the reverse of the calling order.
    return tuple(_frozen(hook, found, runs) for found in reversed(caller.get_hookimpls()))


def _frozen(hook: str, found: pluggy.HookImpl, runs: Runs) -> Implementation:
    if found.wrapper or found.hookwrapper:
        raise HookError(found.plugin_name, hook, "wrappers are not supported")
    parameters = tuple(found.argnames)
    if inspect.iscoroutinefunction(found.function):
        hops = getattr(found.function, _HOPS, False)
        return Implementation(found.plugin_name, found.function, parameters, hops=hops)
    elsewhere = runs(found.plugin_name, found.function)
    return Implementation(found.plugin_name, elsewhere, parameters, hops=True)
