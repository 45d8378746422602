"""The marker for implementations of hooks, and the one list of the hooks there are.

pluggy registers and validates implementations; `pacsd.api.dispatch` calls them, those of the plugin
that the configuration names last first, unless `tryfirst` or `trylast` say otherwise. An
implementation may be a plain function, which runs in a worker thread, or `async`, which runs on the
event loop of the plugin's home and must not block it. It may leave out parameters it does not need.
The specifications stand, by what they are about, in `pacsd.api.hookspecs`.
"""

import inspect
from collections.abc import Callable, Mapping
from types import ModuleType

import pluggy

from pacsd.api.hook_facts import PROJECT, HookFacts, facts_of
from pacsd.api.hookspecs import (
    access,
    ai,
    associations,
    audit,
    commands,
    events,
    http,
    jobs,
    keys,
    life,
    pixels,
    queries,
    receiving,
    removal,
    routing,
    stores,
)

hookimpl = pluggy.HookimplMarker(PROJECT)

SPECIFICATIONS: tuple[ModuleType, ...] = (
    associations,
    access,
    queries,
    receiving,
    removal,
    events,
    jobs,
    http,
    routing,
    pixels,
    ai,
    commands,
    audit,
    keys,
    stores,
    life,
)
"""Where they stand, in the order of the guide."""


def _all() -> dict[str, Callable[..., object]]:
    found = [
        each
        for module in SPECIFICATIONS
        for _, each in inspect.getmembers(module, inspect.isfunction)
        if facts_of(each) is not None and each.__module__ == module.__name__
    ]
    return {each.__name__: each for each in found}


HOOKS: Mapping[str, Callable[..., object]] = _all()
"""The specifications by name."""


def hook_facts(name: str) -> HookFacts:
    """What is declared of a hook."""
    facts = facts_of(HOOKS[name])
    if facts is None:
        raise AssertionError("only what has facts is in the list")
    return facts
