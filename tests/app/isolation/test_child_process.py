import os
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from pacsd.app.isolation import child_process
from pacsd.app.isolation.channel import CLOSED, Channel, Manners
from pacsd.app.isolation.child_process import begun
from pacsd.app.isolation.descriptors import descriptors_beside
from pacsd.app.isolation.line_rate import LineRate
from pacsd.app.isolation.output import Output
from tests.app.isolation.homes import importable
from tests.app.isolation.recording_logger import RecordingLogger


@pytest.fixture
async def logger() -> RecordingLogger:
    return RecordingLogger()


@pytest.fixture
def beside() -> Iterator[int]:
    with descriptors_beside() as (_, descriptor):
        yield descriptor


def output(logger: RecordingLogger) -> Output:
    return Output(logger, LineRate(lambda: 0.0))


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def stdin_of(pid: int) -> str:
    return str(Path(f"/proc/{pid}/fd/0").readlink())


async def test_a_process_is_begun_in_a_session_of_its_own_and_killed(
    logger: RecordingLogger, beside: int
) -> None:
    async with anyio.create_task_group() as tasks:
        channel = Channel(tasks, Manners({}, {}, 1, 0))
        with importable():
            async with begun(channel, output(logger), beside) as child:
                assert os.getsid(child.pid) == os.getpgid(child.pid) == child.pid
                assert stdin_of(child.pid) == "/dev/null"
                assert not child.ended.is_set()
        assert channel.closed.is_set()
        assert (child.ending, channel.reason) == ("killed", CLOSED)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


async def test_how_it_ended_by_itself_is_told_with_its_last_words(
    logger: RecordingLogger, monkeypatch: pytest.MonkeyPatch, beside: int
) -> None:
    monkeypatch.setattr(child_process, "GUEST", "no_such_program")
    async with anyio.create_task_group() as tasks:
        channel = Channel(tasks, Manners({}, {}, 1, 0))
        with anyio.fail_after(50):
            async with begun(channel, output(logger), beside) as child:
                await child.ended.wait()
        assert child.ending == "exited with code 1"
    [said] = [line.fields["line"] for line in logger.of("plugin printed")]
    assert str(said).endswith("No module named no_such_program")


async def test_a_process_that_cannot_be_begun_leaves_nothing_open(
    logger: RecordingLogger, monkeypatch: pytest.MonkeyPatch, beside: int
) -> None:
    monkeypatch.setattr("sys.executable", "/no/such/python")
    before = descriptors()
    async with anyio.create_task_group() as tasks:
        channel = Channel(tasks, Manners({}, {}, 1, 0))
        with pytest.raises(FileNotFoundError):
            async with begun(channel, output(logger), beside):
                pass
    assert descriptors() <= before


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        (0, "exited with code 0"),
        (-9, "killed"),
        (-11, "ended by SIGSEGV"),
        (-64, "ended by SIGRTMAX"),
        (-65, "ended by signal 65"),
    ],
)
def test_endings_have_names(code: int, ending: str) -> None:
    assert child_process._ending(code) == ending
