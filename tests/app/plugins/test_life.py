from collections.abc import Mapping, Sequence

import anyio
import pytest
import structlog
from anyio.abc import TaskGroup
from structlog.testing import capture_logs

from pacsd.api.acceptance import Refusal
from pacsd.api.errors import HookError, PluginError
from pacsd.app.conf.decode import Problem
from pacsd.app.conf.errors import ConfigErrors
from pacsd.app.isolation.errors import SettingsRefused
from pacsd.app.isolation.home import Health, HookTraits, State
from pacsd.app.plugins.life import Origin, Plugins
from pacsd.app.plugins.loading import without_place
from pacsd.testing.hook_recorder import HookRecorder
from pacsd.testing.object_home import ObjectHome
from tests.api.hookspecs.test_associations import REQUEST

HOOK = "pacsd_association_requested"


class FakeHome:
    """Writes down what happens to it; raises at `start` what it is told to."""

    def __init__(self, name: str, life: list[str], failure: Exception | None = None) -> None:
        self.name = name
        self.life = life
        self.failure = failure
        self.hooks: Mapping[str, HookTraits] = {HOOK: HookTraits((), False, False)}

    def check(self) -> Sequence[str]:
        if self.failure is not None:
            raise self.failure
        return [f"{self.name} is not well"]

    async def start(self, tasks: TaskGroup) -> None:
        assert not tasks.cancel_scope.cancel_called
        self.life.append(f"{self.name} up")
        if self.failure is not None:
            raise self.failure

    async def call(self, hook: str, arguments: Mapping[str, object]) -> object:
        assert arguments == {}
        raise HookError(self.name, hook, "returned junk")

    async def stop(self) -> None:
        self.life.append(f"{self.name} down")

    def health(self) -> Health:
        return Health(State.RUNNING)


def plugins_of(*homes: FakeHome) -> Plugins:
    logger = structlog.get_logger("test")
    return Plugins({home.name: home for home in homes}, logger, without_place)


async def started(plugins: Plugins) -> None:
    async with anyio.create_task_group() as tasks:
        await plugins.start(tasks)


async def test_starts_in_order_and_stops_in_reverse() -> None:
    life: list[str] = []
    plugins = plugins_of(*(FakeHome(name, life) for name in ("one", "two", "three")))
    assert life == []
    await started(plugins)
    await plugins.stop()
    await plugins.stop()
    assert life == ["one up", "two up", "three up", "three down", "two down", "one down"]


async def test_a_half_start_is_undone() -> None:
    life: list[str] = []
    failing = FakeHome("two", life, PluginError("two", "did not start: no disk"))
    plugins = plugins_of(FakeHome("one", life), failing, FakeHome("three", life))
    async with anyio.create_task_group() as tasks:
        with pytest.raises(PluginError, match="plugin two: did not start: no disk"):
            await plugins.start(tasks)
    assert life == ["one up", "two up", "two down", "one down"]
    with pytest.raises(RuntimeError, match="hooks before start"):
        _ = plugins.hooks


async def test_a_table_that_does_not_fit_is_told_with_its_key() -> None:
    refused = SettingsRefused("two", [Problem(("depth",), '"x"', "must be a whole number")])
    life: list[str] = []
    plugins = plugins_of(FakeHome("one", life), FakeHome("two", life, refused))
    said = 'plugins.two.depth = "x": must be a whole number'
    with pytest.raises(ConfigErrors, match=said):
        plugins.check()
    async with anyio.create_task_group() as tasks:
        with pytest.raises(ConfigErrors, match=said):
            await plugins.start(tasks)


def test_check_tells_of_all() -> None:
    failing = FakeHome("two", [], PluginError("two", "cannot be imported"))
    faults = plugins_of(FakeHome("one", []), failing).check()
    assert list(map(str, faults)) == [
        "plugin one: one is not well",
        "plugin two: cannot be imported",
    ]


async def test_what_fails_is_logged_and_counted_by_plugin_and_hook() -> None:
    plugins = plugins_of(FakeHome("gate", []))
    await started(plugins)
    with structlog.testing.capture_logs() as logged:
        assert await plugins.hooks.association_requested(request=REQUEST) is not None
    [call] = plugins.tally.last_calls()
    assert (call.plugin, call.hook, call.ending) == ("gate", HOOK, "raised")
    [line] = logged
    assert (line["plugin"], line["hook"], line["error"]) == ("gate", HOOK, "returned junk")


async def test_others_take_their_place_while_it_runs() -> None:
    life: list[str] = []
    old, kept, new = (FakeHome(name, life) for name in ("old", "kept", "new"))
    plugins = plugins_of(old, kept)
    async with anyio.create_task_group() as tasks:
        await plugins.start(tasks)
        await plugins.hooks.association_requested(request=REQUEST)
        await new.start(tasks)
        plugins.replace({"kept": kept, "new": new}, {"new": Origin("x:Y", {})}, {"new"})
        assert [*plugins.leaving] == ["old"]
        await anyio.wait_all_tasks_blocked()
        assert [*plugins.leaving] == []
    assert {plugin for _, plugin in plugins.tally.counts} == {"kept", "new"}
    assert (plugins.tally.total, [*plugins.origins]) == (1, ["new"])
    await plugins.stop()
    assert life == ["old up", "kept up", "new up", "old down", "new down", "kept down"]


async def test_the_end_of_all_does_not_wait_for_those_that_leave() -> None:
    life: list[str] = []
    old = FakeHome("old", life)
    plugins = plugins_of(old)
    async with anyio.create_task_group() as tasks:
        await plugins.start(tasks)
        with plugins.hooks.panels[HOOK].lineup:
            plugins.replace({}, {}, ())
            await plugins.stop()
            assert life == ["old up", "old down"]


def test_there_are_no_tasks_before_the_start() -> None:
    with pytest.raises(RuntimeError, match="tasks before start"):
        _ = plugins_of().tasks


class RaisingHome(FakeHome):
    async def call(self, hook: str, arguments: Mapping[str, object]) -> object:
        assert arguments == {}
        error = HookError(self.name, hook, "raised KeyError: 'x'")
        error.traceback = "Traceback\n  File"
        raise error


async def test_p01_a_hook_that_failed_is_logged_with_the_plugins_own_traceback() -> None:
    plugins = plugins_of(FakeHome("junk", []), RaisingHome("bad", []))
    await started(plugins)
    with capture_logs() as lines:
        await plugins.hooks.association_requested(request=REQUEST)
        await plugins.hooks.panels[HOOK].ask_all({"request": REQUEST}, {"junk"})
    head = {"event": "hook failed", "log_level": "error", "hook": HOOK}
    traceback = "Traceback\n  File"
    assert lines == [
        {**head, "plugin": "bad", "error": "raised KeyError: 'x'", "exception": traceback},
        {**head, "plugin": "junk", "error": "returned junk"},
    ]


async def test_who_is_told_of_answers_is_told_by_the_hooks_of_a_reload_too() -> None:
    plugins, told = plugins_of(), list[object]()
    plugins.on_answer = lambda *answer: told.append(answer)
    await started(plugins)
    no = Refusal(1, 1, 1, "no")
    homes = {"gate": ObjectHome("gate", HookRecorder({HOOK: no}))}
    plugins.hooks.replace(homes, ())
    await plugins.hooks.association_requested(request=REQUEST)
    await plugins.hooks_with(homes).association_requested(request=REQUEST)
    assert told == [("gate", HOOK, no)] * 2
