"""The task of a plugin, the same in every home."""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest

from pacsd.api.acceptance import Refusal
from pacsd.api.errors import PluginError
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings
from pacsd.app.isolation.contained import Raised
from pacsd.app.isolation.home import Home, State
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.isolation.plugin_task import PluginTask
from pacsd.app.isolation.process import Clock, GuestProcess
from pacsd.app.isolation.thread import ThreadHome
from tests.app.isolation.homes import (
    HOOK,
    NOT_SOON_S,
    WITHIN_S,
    asks,
    enabled,
    host_of,
    importable,
    living,
)
from tests.app.isolation.recording_logger import RecordingLogger

HOMES: tuple[Callable[..., Home], ...] = (InlineHome, ThreadHome, GuestProcess)


@pytest.fixture(autouse=True)
def plugins_of_the_tests() -> Iterator[None]:
    with importable():
        yield


@pytest.fixture
async def logger() -> RecordingLogger:
    return RecordingLogger()


@pytest.mark.parametrize("home_of", HOMES)
async def test_a_plugin_may_have_tasks_from_startup_to_shutdown(
    home_of: Callable[..., Home], tmp_path: Path, logger: RecordingLogger
) -> None:
    home = home_of(enabled("Scoped", tmp_path, module="ordinary"), host_of(logger))
    # Started and stopped by tasks that are others, too.
    with anyio.fail_after(WITHIN_S):
        async with anyio.create_task_group() as tasks:
            async with anyio.create_task_group() as starting:
                starting.start_soon(home.start, tasks)
            answer = await home.call(HOOK, asks("CT1"))
            async with anyio.create_task_group() as stopping:
                stopping.start_soon(home.stop)
    assert isinstance(answer, Refusal)
    assert answer.explanation == "from a task of its own"
    assert [line.event for line in logger.lines] == ["left", "down"]


@pytest.mark.parametrize("home_of", HOMES)
async def test_a_plugin_whose_own_task_fails_is_shut_down(
    home_of: Callable[..., Home], tmp_path: Path, logger: RecordingLogger
) -> None:
    plugin, host = enabled("Scoped", tmp_path, module="ordinary"), host_of(logger)
    is_process = home_of is GuestProcess
    home = (
        GuestProcess(plugin, host, clock=Clock(sleep=no_wait))
        if is_process
        else home_of(plugin, host)
    )
    async with living(home):
        await home.call(HOOK, asks("fail"))
        await logger.has_told("plugin cannot go on")
        await logger.has_told("plugin shutdown failed")
        if is_process:
            await logger.has_told("plugin's process was restarted")
        else:
            while home.health().state is State.RUNNING:
                await anyio.lowlevel.checkpoint()
            with pytest.raises(PluginError, match="is not running"):
                await home.call(HOOK, asks("CT1"))


@pytest.mark.parametrize("home_of", HOMES)
async def test_a_plugin_whose_own_task_fails_at_startup_does_not_start(
    home_of: Callable[..., Home], tmp_path: Path, logger: RecordingLogger
) -> None:
    home = home_of(enabled("NeverScoped", tmp_path, module="ordinary"), host_of(logger))
    with anyio.fail_after(WITHIN_S):
        async with anyio.create_task_group() as tasks:
            with pytest.raises(PluginError, match="did not start: a scope"):
                await home.start(tasks)
            await home.stop()


async def no_wait(_: float) -> None:
    await anyio.lowlevel.checkpoint()


class Waiting(Plugin[Settings]):
    """Waits at startup, and has entered a scope by then; leaves it at shutdown if it may."""

    def __init__(self, logger: RecordingLogger, *, leaves: bool) -> None:
        super().__init__(host_of(logger), Settings())
        self.leaves = leaves

    async def startup(self) -> None:
        self.stack = AsyncExitStack()
        await self.stack.enter_async_context(anyio.create_task_group())
        self.host.logger.info("waiting")
        await anyio.sleep_forever()

    async def shutdown(self) -> None:
        if not self.leaves:
            await anyio.sleep_forever()
        await self.stack.aclose()
        self.host.logger.info("left")


async def test_who_waits_no_longer_has_the_startup_ended(logger: RecordingLogger) -> None:
    task = PluginTask("bad", Waiting(logger, leaves=True), logger)
    async with anyio.create_task_group() as tasks:
        async with anyio.create_task_group() as starting:
            starting.start_soon(task.start, tasks, NOT_SOON_S, NOT_SOON_S)
            await logger.has_told("waiting")
            starting.cancel_scope.cancel()
        assert not task.over.is_set()
        await task.stop()
    assert logger.of("left")


async def test_startup_and_shutdown_have_their_times(logger: RecordingLogger) -> None:
    task = PluginTask("bad", Waiting(logger, leaves=False), logger)
    async with anyio.create_task_group() as tasks:
        with pytest.raises(TimeoutError):
            await task.start(tasks, 0.01, 0.01)
        await task.stop()
    assert logger.of("plugin shutdown took too long")
    # Nobody is harmed by that.
    assert logger.of("plugin did not leave what it had entered")


async def test_what_is_raised_at_startup_is_raised(logger: RecordingLogger) -> None:
    class Failing(Plugin[Settings]):
        async def startup(self) -> None:
            raise OSError("no disk")

    task = PluginTask("bad", Failing(host_of(logger), Settings()), logger)
    async with anyio.create_task_group() as tasks:
        with pytest.raises(Raised, match="no disk"):
            await task.start(tasks, NOT_SOON_S, NOT_SOON_S)
        await task.stop()


@pytest.mark.parametrize("is_stopping", [True, False])
async def test_it_ends_with_those_around_it(logger: RecordingLogger, *, is_stopping: bool) -> None:
    class Staying(Plugin[Settings]):
        async def shutdown(self) -> None:
            logger.info("waiting")
            await anyio.sleep_forever()

    task = PluginTask("bad", Staying(host_of(logger), Settings()), logger)
    async with anyio.create_task_group() as tasks:
        await task.start(tasks, NOT_SOON_S, NOT_SOON_S)
        if is_stopping:
            tasks.start_soon(task.stop)
            await logger.has_told("waiting")
        tasks.cancel_scope.cancel()
    assert task.over.is_set()
    assert [line.event for line in logger.lines] == (["waiting"] if is_stopping else [])
