import os
import threading
from pathlib import Path

import anyio
import pytest

from pacsd.api.acceptance import Refusal
from pacsd.api.errors import PluginError
from pacsd.app.isolation.home import MAX_CALLS, State
from pacsd.app.isolation.inline import InlineHome
from tests.app.isolation.homes import HOOK, asks, enabled, host_of, living
from tests.app.isolation.recording_logger import RecordingLogger


@pytest.fixture
async def logger() -> RecordingLogger:
    return RecordingLogger()


def home_of(plugin: str, folder: Path, logger: RecordingLogger, **table: object) -> InlineHome:
    return InlineHome(enabled(plugin, folder, table, "ordinary"), host_of(logger))


async def test_it_lives_on_this_event_loop(tmp_path: Path, logger: RecordingLogger) -> None:
    home = home_of("Ordinary", tmp_path, logger)
    assert home.hooks == {}
    assert home.health().state is State.STOPPED
    async with living(home):
        assert home.health().state is State.RUNNING
        assert [*home.hooks] == [HOOK]
        answer = await home.call(HOOK, asks("CT1"))
        assert isinstance(answer, Refusal)
        assert answer.explanation == f"{os.getpid()} CT1 in {threading.current_thread().name}"
    await home.stop()
    assert [line.event for line in logger.lines] == ["up", "down"]
    assert home.health().state is State.STOPPED


async def test_plain_functions_run_in_threads(tmp_path: Path, logger: RecordingLogger) -> None:
    async with living(home_of("Plain", tmp_path, logger)) as home:
        answer = await home.call(HOOK, {})
        assert isinstance(answer, Refusal)
        assert answer.explanation == f"{os.getpid()} in plugin bad"


async def test_check_tells_what_is_wrong(tmp_path: Path, logger: RecordingLogger) -> None:
    assert home_of("Ordinary", tmp_path, logger).check() == ()
    assert home_of("Ordinary", tmp_path, logger, depth=1).check() == ("not deep enough",)
    with pytest.raises(PluginError, match="plugin bad: check raised SystemExit: 4"):
        home_of("Unchecked", tmp_path, logger).check()


async def test_what_fails_to_start_is_shut_down(tmp_path: Path, logger: RecordingLogger) -> None:
    home = home_of("Ordinary", tmp_path, logger, startup_error="no disk")
    async with anyio.create_task_group() as tasks:
        with pytest.raises(PluginError, match="bad: did not start: raised OSError: no disk"):
            await home.start(tasks)
        await home.stop()
    assert [line.event for line in logger.lines] == ["up", "down"]


async def test_calls_have_a_bound(tmp_path: Path, logger: RecordingLogger) -> None:
    async with (
        living(home_of("Slow", tmp_path, logger)) as home,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(MAX_CALLS):
            tasks.start_soon(home.call, HOOK, {})
        while len(logger.of("waiting")) < MAX_CALLS:
            await anyio.lowlevel.checkpoint()
        with pytest.raises(PluginError, match="64 calls are unanswered"):
            await home.call(HOOK, {})
        tasks.cancel_scope.cancel()
    assert len(logger.of("cancelled")) == MAX_CALLS


async def test_nobody_answers_before_and_after(tmp_path: Path, logger: RecordingLogger) -> None:
    home = home_of("Ordinary", tmp_path, logger)
    with pytest.raises(PluginError, match="is not running"):
        await home.call(HOOK, asks("CT1"))
    async with living(home):
        pass
    with pytest.raises(PluginError, match="is not running"):
        await home.call(HOOK, asks("CT1"))
