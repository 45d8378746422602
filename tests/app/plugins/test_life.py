from pathlib import Path

import pytest
import structlog

from pacsd.api.errors import PluginError
from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Host, Plugin
from pacsd.api.settings import Settings
from pacsd.app.plugins.life import Plugins
from tests.api.hookspecs.test_associations import REQUEST


class Quiet(Plugin[Settings]):
    """Writes down what happens to it."""

    def __init__(self, host: Host, life: list[str]) -> None:
        super().__init__(host, Settings())
        self.life = life

    def check(self) -> list[str]:
        return [f"{self.host.name} is not well"]

    async def startup(self) -> None:
        self.life.append(f"{self.host.name} up")

    async def shutdown(self) -> None:
        self.life.append(f"{self.host.name} down")


class FailsUp(Quiet):
    async def startup(self) -> None:
        await super().startup()
        raise OSError("no disk")


class FailsDown(Quiet):
    async def shutdown(self) -> None:
        await super().shutdown()
        raise OSError("stuck")


class Gate(Quiet):
    @hookimpl
    def pacsd_association_requested(self) -> None:
        raise KeyError("x")


def plugins_of(tmp_path: Path, life: list[str], **classes: type[Quiet]) -> Plugins:
    logger = structlog.get_logger("test")
    made = {name: kind(Host(name, tmp_path, logger), life) for name, kind in classes.items()}
    return Plugins(made, logger)


async def test_starts_in_order_and_stops_in_reverse(tmp_path: Path) -> None:
    life: list[str] = []
    plugins = plugins_of(tmp_path, life, one=Quiet, two=FailsDown, three=Quiet)
    assert life == []
    await plugins.start()
    await plugins.stop()
    await plugins.stop()
    assert life == ["one up", "two up", "three up", "three down", "two down", "one down"]


async def test_a_half_start_is_undone(tmp_path: Path) -> None:
    life: list[str] = []
    plugins = plugins_of(tmp_path, life, one=Quiet, two=FailsUp, three=Quiet)
    with pytest.raises(PluginError, match="plugin two: did not start: no disk"):
        await plugins.start()
    assert life == ["one up", "two up", "two down", "one down"]


def test_check_names_the_plugin(tmp_path: Path) -> None:
    plugins = plugins_of(tmp_path, [], one=Quiet)
    assert [str(problem) for problem in plugins.check()] == ["plugin one: one is not well"]


async def test_what_fails_is_counted_by_plugin_and_hook(tmp_path: Path) -> None:
    plugins = plugins_of(tmp_path, [], gate=Gate)
    assert await plugins.hooks.association_requested(request=REQUEST) is not None
    [call] = plugins.tally.last_calls()
    assert (call.plugin, call.hook, call.ending) == (
        "gate",
        "pacsd_association_requested",
        "raised",
    )
