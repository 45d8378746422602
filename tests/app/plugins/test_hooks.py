from dataclasses import fields

import pytest

from pacsd.api.events import EventKind
from pacsd.api.hooks import HOOKS, hookimpl
from pacsd.app.plugins.hooks import Hooks
from pacsd.testing.hook_recorder import HookRecorder
from pacsd.testing.object_home import ObjectHome
from tests.api.hookspecs.hooks_of import hooks_of


class Gate:
    @hookimpl
    async def pacsd_association_requested(self) -> None: ...


def test_the_core_has_every_hook_there_is() -> None:
    events = {f"pacsd_{kind}" for kind in EventKind}
    known = {f"pacsd_{field.name}" for field in fields(Hooks)}
    assert known - {"pacsd_events", "pacsd_panels"} == {*HOOKS} - events


async def test_all_hooks_are_swapped_in_one_step() -> None:
    hooks = hooks_of(HookRecorder())
    assert {hook for hook, _ in hooks.implemented} == {*HOOKS}
    before = hooks.replace({"other": ObjectHome("other", Gate())}, ("acme",))
    assert {*before} == {*HOOKS}
    assert all(len(lineup.members) == 1 for lineup in before.values())
    assert hooks.implemented == {("pacsd_association_requested", "other")}
    assert hooks.association_requested.is_implemented
    assert not hooks.authenticate.is_implemented
    assert hooks.events.plugins == hooks.job.plugins == ()


@pytest.mark.parametrize("hook", ["ai_runner", "route_target", "coercion"])
async def test_what_a_plugin_that_is_gone_provided_is_asked_for_again(hook: str) -> None:
    old, new = object(), object()
    name = f"pacsd_{hook}"
    hooks = hooks_of(HookRecorder({name: old}))
    assert await getattr(hooks, hook)("gpu") is old
    other = ObjectHome("acme", HookRecorder({name: new}))
    hooks.replace({"acme": other}, ())
    assert await getattr(hooks, hook)("gpu") is old
    hooks.replace({"acme": other}, ("acme",))
    assert await getattr(hooks, hook)("gpu") is new
