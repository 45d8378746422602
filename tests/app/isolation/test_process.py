import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from pacsd.api.acceptance import Refusal
from pacsd.api.errors import HookError, PluginError
from pacsd.app.conf.decode import Problem
from pacsd.app.isolation.errors import SettingsRefused
from pacsd.app.isolation.home import State
from pacsd.app.isolation.process import Clock, GuestProcess
from tests.app.isolation.homes import HOOK, asks, enabled, host_of, importable, living
from tests.app.isolation.recording_logger import RecordingLogger
from tests.house.floors import imports, modules


@pytest.fixture
async def logger() -> RecordingLogger:
    return RecordingLogger()


@pytest.fixture(autouse=True)
def _importable() -> Iterator[None]:
    with importable():
        yield


def home_of(plugin: str, folder: Path, logger: RecordingLogger, **table: object) -> GuestProcess:
    return GuestProcess(enabled(plugin, folder, table, "ordinary"), host_of(logger))


async def test_it_lives_in_a_process_of_its_own(tmp_path: Path, logger: RecordingLogger) -> None:
    home = home_of("Ordinary", tmp_path, logger)
    async with living(home):
        assert home.hooks[HOOK].is_tryfirst
        health = home.health()
        assert health.state is State.RUNNING
        assert (health.resident_bytes or 0) > 1024**2
        answer = await home.call(HOOK, asks("CT1"))
        assert isinstance(answer, Refusal)
        assert answer.explanation.startswith(f"{health.pid} ")
        assert health.pid != os.getpid()
    assert [line.event for line in logger.lines] == ["up", "down"]
    assert home.health().state is State.STOPPED
    await home.stop()
    with pytest.raises(PluginError, match="plugin bad: is not running"):
        await home.call(HOOK, asks("CT1"))


async def test_it_is_seen_from_uvloop_as_well(tmp_path: Path) -> None:
    async def on_uvloop() -> object:
        logger = RecordingLogger()
        async with living(home_of("Plain", tmp_path, logger)) as home:
            answer = await home.call(HOOK, {})
        assert logger.of("asked")
        return answer

    answer = await anyio.to_thread.run_sync(
        lambda: anyio.run(on_uvloop, backend_options={"use_uvloop": True})
    )
    assert isinstance(answer, Refusal)
    assert answer.explanation.endswith(" in plugin bad")


async def test_it_sees_nothing_of_the_environment_but_what_is_its_own(
    tmp_path: Path, logger: RecordingLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACSD_HTTP_TOKEN", "secret")
    monkeypatch.setenv("PACSD_PLUGIN_KEY", "its own")
    async with living(home_of("Looks", tmp_path, logger)) as home:
        answer = await home.call(HOOK, {})
        assert isinstance(answer, Refusal)
        group, _, listed = answer.explanation.partition(" ")
        names = listed.split(",")
        assert "PACSD_PLUGIN_KEY" in names
        assert "PACSD_HTTP_TOKEN" not in names
        assert int(group) == home.health().pid
    assert [line.fields for line in logger.of("plugin printed")] == [{"line": "printed"}]


async def test_p01_where_it_raised_over_there_comes_back(
    tmp_path: Path, logger: RecordingLogger
) -> None:
    async with living(home_of("Raises", tmp_path, logger)) as home:
        with pytest.raises(HookError, match="raised ValueError: no room for CT1") as raised:
            await home.call(HOOK, asks("CT1"))
    lines = raised.value.traceback.splitlines()
    places = [line.rpartition(" in ")[2] for line in lines if line.startswith("  File ")]
    assert places == ["pacsd_association_requested", "_deeper"]
    assert lines[-2:] == ["ValueError: no room for CT1", "\\udcff"]


async def test_a_call_that_ends_when_it_is_cancelled_costs_no_life(
    tmp_path: Path, logger: RecordingLogger
) -> None:
    async with living(home_of("Slow", tmp_path, logger)) as home:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(home.call, HOOK, {})
            await logger.has_told("waiting")
            tasks.cancel_scope.cancel()
        await logger.has_told("cancelled")
        assert home.health().restarts == 0


async def test_check_is_asked_in_a_process_for_this_alone(
    tmp_path: Path, logger: RecordingLogger
) -> None:
    assert home_of("Ordinary", tmp_path, logger, depth=1).check() == ("not deep enough",)
    with pytest.raises(PluginError, match="plugin bad: check raised SystemExit: 4"):
        home_of("Unchecked", tmp_path, logger).check()
    assert "tests.app.isolation.no_such" not in sys.modules


async def test_everything_wrong_with_a_table_comes_back(
    tmp_path: Path, logger: RecordingLogger
) -> None:
    home = home_of("Ordinary", tmp_path, logger, depth="3", dept=1)
    async with anyio.create_task_group() as tasks:
        with pytest.raises(SettingsRefused) as raised:
            await home.start(tasks)
        await home.stop()
    assert raised.value.problems == (
        Problem(("depth",), '"3"', "must be a whole number"),
        Problem(("dept",), "", "unknown key; did you mean depth?"),
    )
    with pytest.raises(SettingsRefused):
        home.check()


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        ("Unbuilt", "cannot be constructed: raised ValueError: no bad with"),
        (
            "Misspelt",
            "unknown hook 'pacsd_asociation_requested'; did you mean pacsd_association_requested?",
        ),
        ("MISSING", "cannot be imported: raised AttributeError"),
        ("Store", "pacsd_blob_store needs trusted = true in its table: BlobStore is no type"),
    ],
)
async def test_what_does_not_fit_is_told(
    tmp_path: Path, logger: RecordingLogger, plugin: str, reason: str
) -> None:
    home = home_of(plugin, tmp_path, logger)
    async with anyio.create_task_group() as tasks:
        with pytest.raises(PluginError) as raised:
            await home.start(tasks)
    assert reason in raised.value.explanation
    assert home.health().state is State.STOPPED


async def test_what_fails_to_start_is_shut_down(tmp_path: Path, logger: RecordingLogger) -> None:
    home = home_of("Ordinary", tmp_path, logger, startup_error="no disk")
    async with anyio.create_task_group() as tasks:
        with pytest.raises(PluginError, match="did not start: raised OSError: no disk"):
            await home.start(tasks)
    assert [line.event for line in logger.lines] == ["up", "down"]


class HeldClock:
    """Time stands still; who waits does so until it is released."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.begun = anyio.Event()
        self.release = anyio.Event()

    async def sleep(self, wait_s: float) -> None:
        self.waits.append(wait_s)
        self.begun.set()
        await self.release.wait()


async def test_p01_while_it_is_away_calls_fail_at_once_and_say_when_it_is_tried_again(
    tmp_path: Path, logger: RecordingLogger
) -> None:
    held = HeldClock()
    clock = Clock(now_s=lambda: 7.0, sleep=held.sleep)
    home = GuestProcess(enabled("Gate", tmp_path), host_of(logger), clock=clock)
    async with living(home):
        with pytest.raises(PluginError, match="plugin bad: its process was ended: ended"):
            await home.call(HOOK, asks("ends_process"))
        await held.begun.wait()
        with pytest.raises(PluginError, match=r"is not running; it is tried again in 0\.5 s"):
            await home.call(HOOK, asks("behaves"))
        assert (home.health().state, home.health().retry_in_s) == (State.RESTARTING, 0.5)
        held.release.set()
        await logger.has_told("plugin's process was restarted")
        assert await home.call(HOOK, asks("behaves")) is not None
    assert held.waits == [0.5]


async def test_it_can_be_stopped_while_it_is_away(tmp_path: Path, logger: RecordingLogger) -> None:
    held = HeldClock()
    home = GuestProcess(enabled("Gate", tmp_path), host_of(logger), clock=Clock(sleep=held.sleep))
    async with living(home):
        with pytest.raises(PluginError):
            await home.call(HOOK, asks("ends_process"))
        await held.begun.wait()
    assert home.health().state is State.STOPPED


async def test_p06_what_a_plugin_forges_ends_its_process(
    tmp_path: Path, logger: RecordingLogger
) -> None:
    held = HeldClock()
    plugin = enabled("Forges", tmp_path, {}, "ordinary")
    async with living(GuestProcess(plugin, host_of(logger), clock=Clock(sleep=held.sleep))) as home:
        with pytest.raises(PluginError, match="its process was ended: sent something else"):
            await home.call(HOOK, {})
        ended = await logger.has_told("plugin's process ended")
        assert "instead of JSON" in str(ended.fields["reason"])


async def test_what_the_daemon_cannot_ask_is_told(tmp_path: Path, logger: RecordingLogger) -> None:
    async with living(home_of("Ordinary", tmp_path, logger)) as home:
        with pytest.raises(HookError, match="cannot be asked: str instead of Association"):
            await home.call(HOOK, {"request": "CT1"})
        with pytest.raises(HookError, match="cannot be asked: a frame of"):
            await home.call(HOOK, asks("x" * 3_000_000))


FORBIDDEN = {"pickle", "marshal", "shelve", "yaml", "dill", "multiprocessing", "importlib"}


def test_p06_no_channel_knows_pickle_yaml_or_eval() -> None:
    for path in modules("pacsd/app/isolation"):
        assert not {name.split(".")[0] for name in imports(path)} & FORBIDDEN, path
        names = {
            node.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Name)
        }
        assert not names & {"eval", "exec", "compile", "__import__"}, path
