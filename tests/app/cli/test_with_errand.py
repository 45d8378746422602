import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
import typer
from anyio.abc import TaskStatus
from anyio.from_thread import start_blocking_portal
from structlog.testing import capture_logs

from pacsd.app.admin.errands import Errand, ErrandError, Errands
from pacsd.app.admin.unix_socket import SOCKET_NAME, AdminSocket
from pacsd.app.cli.with_errand import Ended, run_errand, tell_failure
from pacsd.app.data_dir import locked
from pacsd.app.import_records import ImportProgress


@dataclass(frozen=True, slots=True)
class Steps:
    done: int


class Work:
    """Counts to five, then fails, ends, or goes on for ever."""

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self._arguments = arguments
        self._done = 0

    async def run(self) -> None:
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
            self._done += 1
        if self._arguments.get("fails"):
            raise ErrandError("it failed")
        if self._arguments.get("stays"):
            await anyio.sleep_forever()

    def report(self) -> object:
        return {"other": 1} if self._arguments.get("is_strange") else Steps(self._done)


def begin(arguments: Mapping[str, object]) -> Errand:
    return Work(arguments)


@contextmanager
def serving(data_dir: Path) -> Iterator[None]:
    errands = Errands({"work": begin})

    async def serve(*, task_status: TaskStatus[None]) -> None:
        started = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(errands.run, started.set)
            await started.wait()
            await AdminSocket(data_dir / SOCKET_NAME, errands.commands).run(task_status.started)

    with start_blocking_portal() as portal:
        served, _ = portal.start_task(serve)
        yield
        served.cancel()


@pytest.fixture
def data_dir() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="pacsd-") as folder, serving(Path(folder)):
        yield folder


def test_the_daemon_does_it_while_reports_are_shown(data_dir: str) -> None:
    shown: list[Steps] = []
    ended = run_errand(None, data_dir, "work", Steps, shown.append)
    assert ended == Ended(Steps(5), "")
    assert shown[-1] == Steps(5)
    assert (ended.exit_code(0), ended.exit_code(1)) == (0, 1)


def test_what_the_daemon_cannot_do_says_why(
    data_dir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = run_errand(None, data_dir, "work", Steps, lambda _: None, fails=True)
    assert ended == Ended(Steps(5), "it failed")
    assert ended.exit_code(0) == 2
    tell_failure(ended)
    assert capsys.readouterr().err == "it failed\n"


def test_what_the_daemon_does_not_know(data_dir: str) -> None:
    ended = run_errand(None, data_dir, "play", Steps, lambda _: None)
    assert (ended.report, ended.exit_code(0)) == (None, 2)
    assert "is not known to this daemon" in ended.failure


def test_a_daemon_of_another_version(data_dir: str) -> None:
    with pytest.raises(typer.Exit):
        run_errand(None, data_dir, "work", Steps, lambda _: None, is_strange=True)


def test_ctrl_c_cancels_it(data_dir: str) -> None:
    def interrupt(steps: Steps) -> None:
        if steps.done == 5:
            raise KeyboardInterrupt

    ended = run_errand(None, data_dir, "work", Steps, interrupt, stays=True)
    assert ended == Ended(Steps(5), "interrupted")
    assert ended.exit_code(0) == 130
    again = run_errand(None, data_dir, "work", Steps, lambda _: None)
    assert again.failure == ""


def test_the_daemon_goes_away(data_dir: str) -> None:
    def gone(_: Steps) -> None:
        (Path(data_dir) / SOCKET_NAME).rename(Path(data_dir) / "moved")

    ended = run_errand(None, data_dir, "work", Steps, gone, stays=True)
    assert ended.failure.startswith("no daemon runs on")
    assert ended.exit_code(0) == 2


def test_where_there_is_no_archive(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    ended = run_errand(None, nowhere, "check", Steps, lambda _: None)
    assert ended.failure == f"data_dir = {nowhere}: there is no archive"
    assert not (tmp_path / "nowhere").exists()


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PACSD_STORE__UNSAFE_TMPFS", "true")
    monkeypatch.setattr("pacsd.app.logs.configure", lambda _: None)
    with capture_logs():
        yield


@pytest.mark.usefixtures("quiet")
def test_without_a_daemon_it_is_done_here(tmp_path: Path) -> None:
    shown: list[ImportProgress] = []
    ended = run_errand(
        None,
        str(tmp_path / "data"),
        "import",
        ImportProgress,
        shown.append,
        makes_archive=True,
        paths=[str(tmp_path)],
    )
    assert ended.failure == ""
    assert ended.report == shown[-1]
    assert ended.report is not None
    assert ended.report.outcomes == {}


@pytest.mark.usefixtures("quiet")
def test_ctrl_c_ends_it_here(tmp_path: Path) -> None:
    def interrupt(_: ImportProgress) -> None:
        raise KeyboardInterrupt

    ended = run_errand(
        None, str(tmp_path), "import", ImportProgress, interrupt, paths=[str(tmp_path)]
    )
    assert ended.failure == "interrupted"


@pytest.mark.usefixtures("quiet")
def test_a_directory_that_another_one_uses(tmp_path: Path) -> None:
    with locked(tmp_path):
        ended = run_errand(None, str(tmp_path), "check", Steps, lambda _: None)
    assert "another pacsd" in ended.failure
    assert ended.exit_code(0) == 2
