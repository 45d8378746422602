"""A process: what it says, what it gets, and how it ends."""

from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from pacsd_ai_process import process
from pacsd_ai_process.cage import Cage
from pacsd_ai_process.process import run_caged

from tests.model_programs import settings_of

pytestmark = pytest.mark.usefixtures("cage_holds")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data" / "run"
    for name in ("input", "output", "scratch"):
        (made / name).mkdir(parents=True)
    return made


def cage(folder: Path, program: str) -> Cage:
    settings = settings_of(program)
    readable = [str(each) for each in settings.readable]
    return Cage([*settings.command], str(folder), str(folder.parent), readable)


async def test_it_gets_few_variables_and_ours(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACSD_SECRET", "secret")
    monkeypatch.setenv("TZ", "UTC")
    program = "import os; print(sorted(os.environ))"
    ended = await run_caged(cage(folder, program), {"OMP_NUM_THREADS": "2"}, 4_096)
    names = {*eval(ended.said)}  # noqa: S307 - what the line above has printed
    assert names >= {"HOME", "OMP_NUM_THREADS", "PATH", "TZ"}
    assert not {name for name in names if name.startswith("PACSD")}


async def test_all_that_it_says_is_read_and_the_first_of_it_kept(folder: Path) -> None:
    program = "print('a' * 1_000_000)"
    ended = await run_caged(cage(folder, program), {}, 10)
    assert (ended.code, ended.said) == (0, b"a" * 10)


async def test_who_does_not_end_when_asked_is_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GRACE_S", 0.1)
    program = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("output/begun", "w").close()
time.sleep(600)
"""
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_caged, cage(folder, program), {}, 10)
            while not (folder / "output" / "begun").exists():
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()


async def test_without_a_folder_nothing_is_begun(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await run_caged(cage(folder / "gone", "pass"), {}, 10)
