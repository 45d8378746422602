"""Who implements a hook, in the order of asking, and how each is called in its home."""

import inspect
from collections.abc import Callable, Coroutine, Mapping

from pacsd.api.dispatch.implementation import Implementation
from pacsd.api.hooks import HOOKS, hook_facts
from pacsd.app.isolation.home import Home, HookTraits
from pacsd.app.isolation.inline import InlineHome


def implementations(homes: Mapping[str, Home], hook: str) -> tuple[Implementation, ...]:
    """The last plugin that the configuration names is asked first, as pluggy would.

    Unless they want it otherwise: `tryfirst` before, `trylast` behind all others.
    """
    found = [
        (name, home, home.hooks[hook])
        for name, home in reversed([*homes.items()])
        if hook in home.hooks
    ]
    found.sort(key=lambda each: each[2].is_trylast - each[2].is_tryfirst)
    return tuple(_implementation(hook, *each) for each in found)


def _implementation(hook: str, name: str, home: Home, traits: HookTraits) -> Implementation:
    function, hops = _call_of(hook, home)
    return Implementation(
        plugin=name,
        function=function,
        parameters=traits.parameters,
        takes_all={*inspect.signature(HOOKS[hook]).parameters} == {*traits.parameters},
        hops=hops,
    )


def _call_of(
    hook: str, home: Home
) -> tuple[Callable[..., Coroutine[object, object, object]], bool]:
    """How it is called, and whether that leaves the event loop."""
    own = home.own_function(hook) if isinstance(home, InlineHome) else None
    # What a secret hook raises only its home can tell from the home's own words.
    if own is not None and not hook_facts(hook).is_secret:
        return own, False

    async def call(**arguments: object) -> object:
        return await home.call(hook, arguments)

    return call, True
