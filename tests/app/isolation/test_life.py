from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest

from pacsd.api.errors import PluginError
from pacsd.app.isolation import child_process
from pacsd.app.isolation.channel import Handler
from pacsd.app.isolation.descriptors import Descriptors
from pacsd.app.isolation.life import Life, Limits, lived
from tests.app.isolation.homes import HOOK, enabled, importable
from tests.app.isolation.recording_logger import RecordingLogger


@pytest.fixture
async def logger() -> RecordingLogger:
    return RecordingLogger()


def no_answers(_: Descriptors) -> Mapping[str, Handler]:
    return {}


async def test_one_life(tmp_path: Path, logger: RecordingLogger) -> None:
    async def live(life: Life) -> Life:
        assert [*await life.load()] == [HOOK]
        assert await life.check() == ("not deep enough",)
        await life.start_up()
        await life.shut_down()
        await life.over()
        return life

    plugin = enabled("Ordinary", tmp_path, {"depth": 1}, "ordinary")
    with importable(), anyio.fail_after(50):
        life = await lived(plugin, logger, Limits(), no_answers, live)
    assert life.reason == "exited with code 0"
    assert [line.event for line in logger.lines] == ["up", "down"]


async def test_a_process_that_cannot_be_begun_is_told(
    tmp_path: Path, logger: RecordingLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def live(_: Life) -> None:
        raise AssertionError("there is no life")

    monkeypatch.setattr("sys.executable", "/no/such/python")
    with pytest.raises(PluginError, match="plugin bad: its process cannot be begun"):
        await lived(enabled("Gate", tmp_path), logger, Limits(), no_answers, live)


async def test_a_process_that_ends_at_once_is_told(
    tmp_path: Path, logger: RecordingLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "GUEST", "no_such_program")
    with anyio.fail_after(50), pytest.raises(PluginError, match="load: its process ended"):
        await lived(enabled("Gate", tmp_path), logger, Limits(), no_answers, Life.load)
