"""The plugin: which runners it gives."""

from pathlib import Path

from pacsd_ai_process import AiProcess
from pacsd_ai_process.runner import ProcessRunner
from pacsd_ai_process.settings import AiProcessSettings

from pacsd.testing.fake_host import fake_host
from pacsd.testing.hook_call import call_hook
from tests.model_programs import COUNTS, settings_of


def plugin(tmp_path: Path) -> AiProcess:
    program = settings_of(COUNTS, at_once=3)
    return AiProcess(fake_host(tmp_path), AiProcessSettings(program=(program,)))


async def test_it_gives_its_programs_as_runners(tmp_path: Path) -> None:
    tested = plugin(tmp_path)
    runner = await call_hook(tested, "pacsd_ai_runner", name="process:test")
    assert isinstance(runner, ProcessRunner)
    assert runner.max_at_once == 3
    for other in ("process:other", "test", "http:test"):
        assert await call_hook(tested, "pacsd_ai_runner", name=other) is None


def test_construction_and_check_touch_nothing(tmp_path: Path) -> None:
    assert plugin(tmp_path).check() == []
    assert [*tmp_path.iterdir()] == []


def test_it_says_what_cannot_be_used(tmp_path: Path) -> None:
    gone = settings_of(COUNTS, command=["/no/such"])
    tested = AiProcess(fake_host(tmp_path), AiProcessSettings(program=(gone,)))
    assert tested.check() == ["program test: command: /no/such is not there"]
