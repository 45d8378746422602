import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from pacsd.api.acceptance import Refusal
from pacsd.api.errors import PluginError
from pacsd.app.isolation.home import MAX_CALLS, State
from pacsd.app.isolation.thread import ThreadHome
from tests.app.isolation.homes import HOOK, asks, enabled, host_of, living
from tests.app.isolation.recording_logger import RecordingLogger


@pytest.fixture
async def logger() -> RecordingLogger:
    return RecordingLogger()


def home_of(plugin: str, folder: Path, logger: RecordingLogger, **table: object) -> ThreadHome:
    return ThreadHome(enabled(plugin, folder, table, "ordinary"), host_of(logger))


async def test_it_lives_in_a_thread_of_its_own(tmp_path: Path, logger: RecordingLogger) -> None:
    home = home_of("Ordinary", tmp_path, logger)
    async with living(home):
        assert home.health().state is State.RUNNING
        assert [*home.hooks] == [HOOK]
        answer = await home.call(HOOK, asks("CT1"))
        assert isinstance(answer, Refusal)
        assert answer.explanation == f"{os.getpid()} CT1 in plugin bad"
        assert home._loop is not None
        thread = home._loop._thread
        assert thread.daemon
    await anyio.to_thread.run_sync(thread.join)
    assert [line.event for line in logger.lines] == ["up", "down"]
    assert home.health().state is State.STOPPED
    await home.stop()


async def test_what_fails_to_start_is_told_and_shut_down(
    tmp_path: Path, logger: RecordingLogger
) -> None:
    home = home_of("Ordinary", tmp_path, logger, startup_error="no disk")
    async with anyio.create_task_group() as tasks:
        with pytest.raises(PluginError, match="bad: did not start: raised OSError: no disk"):
            await home.start(tasks)
        await home.stop()
    assert [line.event for line in logger.lines] == ["up", "down"]


async def test_check_is_asked_where_it_is_called(tmp_path: Path, logger: RecordingLogger) -> None:
    assert home_of("Ordinary", tmp_path, logger, depth=1).check() == ("not deep enough",)


async def test_calls_have_a_bound_and_can_be_cancelled(
    tmp_path: Path, logger: RecordingLogger
) -> None:
    async with (
        living(home_of("Slow", tmp_path, logger)) as home,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(MAX_CALLS):
            tasks.start_soon(home.call, HOOK, {})
        await anyio.lowlevel.checkpoint()
        with pytest.raises(PluginError, match="64 calls are unanswered"):
            await home.call(HOOK, {})
        tasks.cancel_scope.cancel()
    assert len(logger.of("waiting")) == len(logger.of("cancelled"))


async def test_who_waits_is_told_that_the_thread_ended(
    tmp_path: Path, logger: RecordingLogger
) -> None:
    home = home_of("Slow", tmp_path, logger)
    errors: list[PluginError] = []

    async def call() -> None:
        with pytest.raises(PluginError) as raised:
            await home.call(HOOK, {})
        errors.append(raised.value)

    async with anyio.create_task_group() as tasks:
        await home.start(tasks)
        tasks.start_soon(call)
        await logger.has_told("waiting")
        await home.stop()
    assert [str(error) for error in errors] == ["plugin bad: its thread has ended"]
    with pytest.raises(PluginError, match="is not running"):
        await home.call(HOOK, {})


BLOCKS = """
import logging, threading, time
from pathlib import Path
import anyio
from pacsd.app.isolation.home import Enabled
from pacsd.app.isolation.thread import ThreadHome
from tests.app.isolation import misbehaving
from tests.app.isolation.homes import HOOK, asks, host_of

class Logger:
    def info(self, event, /, **fields):
        began.set()
    def error(self, event, /, **fields):
        print(event)

began = threading.Event()

async def main():
    home = ThreadHome(
        Enabled("bad", "tests.app.isolation.misbehaving:Gate", {}, Path()),
        host_of(Logger()),
        stop_grace_s=0.1,
    )
    async with anyio.create_task_group() as tasks:
        await home.start(tasks)
        tasks.start_soon(home.call, HOOK, asks("blocks_loop"))
        while not began.is_set():
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    await home.stop()

anyio.run(main)
"""


def test_a_thread_that_never_ends_does_not_keep_the_daemon_from_ending() -> None:
    command = [sys.executable, "-c", BLOCKS]
    done = subprocess.run(command, timeout=55, check=True, capture_output=True, text=True)
    assert done.stdout == "plugin's thread was left behind\n"
