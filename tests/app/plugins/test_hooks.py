from dataclasses import fields

import anyio
import pytest

from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import PluginError
from pacsd.api.events import EventKind
from pacsd.api.hooks import HOOKS, hookimpl
from pacsd.app.plugins.hooks import THREADS_PER_PLUGIN, Hooks, make_hooks, registered
from tests.api.hookspecs.test_associations import REQUEST


def test_the_core_has_every_hook_there_is() -> None:
    events = {f"pacsd_{kind}" for kind in EventKind}
    assert {f"pacsd_{field.name}" for field in fields(Hooks)} - {"pacsd_events"} == {
        *HOOKS
    } - events


def test_a_misspelt_hook_is_told() -> None:
    class Misspelt:
        @hookimpl
        def pacsd_asociation_requested(self) -> None: ...

    with pytest.raises(PluginError, match="plugin acme: unknown hook 'pacsd_asociation"):
        registered({"acme": Misspelt()})


async def test_plain_functions_of_a_plugin_have_so_many_threads() -> None:
    all_in = anyio.Event()
    release = anyio.Event()
    count = 0

    def enter() -> None:
        nonlocal count
        count += 1
        if count == THREADS_PER_PLUGIN:
            all_in.set()

    class Slow:
        @hookimpl
        def pacsd_association_requested(self) -> None:
            anyio.from_thread.run_sync(enter)
            anyio.from_thread.run(release.wait)

    hooks = make_hooks(registered({"acme": Slow()}), Tally(), lambda _: None)

    async def ask() -> None:
        await hooks.association_requested(request=REQUEST)

    async with anyio.create_task_group() as tasks:
        for _ in range(THREADS_PER_PLUGIN + 1):
            tasks.start_soon(ask)
        await all_in.wait()
        await anyio.wait_all_tasks_blocked()
        assert count == THREADS_PER_PLUGIN
        release.set()
    assert count == THREADS_PER_PLUGIN + 1
