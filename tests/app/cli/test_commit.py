"""`pacsd commit`, with a daemon of which only the errand is real."""

import json
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from anyio.abc import TaskStatus
from anyio.from_thread import start_blocking_portal
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from pacsd.app.admin.errands import Arguments, ErrandError, Errands
from pacsd.app.admin.unix_socket import SOCKET_NAME, AdminSocket
from pacsd.app.cli.main import build
from pacsd.app.commit_records import CommitProgress, NotSafe

RUNNER = CliRunner(env={"PACSD_CONFIG": None, "PACSD_STORE__UNSAFE_TMPFS": "true"})
ALL = CommitProgress("PACS2", "1.2", 2, 2)
NOT_ALL = CommitProgress(
    "PACS2",
    "1.2",
    5,
    1,
    2,
    2,
    (NotSafe("1.2.3", True, "0112 gone"), NotSafe("1.2.4", False, "no result\n")),
)


class Answering:
    """An errand that ends so."""

    def __init__(self, report: CommitProgress, failure: str = "") -> None:
        self._report = report
        self._failure = failure
        self.arguments: list[Arguments] = []

    def begin(self, arguments: Arguments) -> "Answering":
        self.arguments.append(arguments)
        return self

    async def run(self) -> None:
        if self._failure:
            raise ErrandError(self._failure)

    def report(self) -> CommitProgress:
        return self._report


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


def run(data_dir: Path, *arguments: str) -> Result:
    options = ["--data-dir", str(data_dir)]
    return RUNNER.invoke(build(), ["commit", "PACS2", "1.2", *arguments, *options])


def asked(data_dir: Path, answering: Answering, *arguments: str) -> Result:
    errands = Errands({"commit": answering.begin})

    async def serve(*, task_status: TaskStatus[None]) -> None:
        async with anyio.create_task_group() as tasks:
            ready = anyio.Event()
            tasks.start_soon(errands.run, ready.set)
            await ready.wait()
            await AdminSocket(data_dir / SOCKET_NAME, errands.commands).run(task_status.started)

    with start_blocking_portal() as portal:
        future, _ = portal.start_task(serve)
        try:
            return run(data_dir, *arguments)
        finally:
            future.cancel()


def test_all_is_committed(tmp_path: Path) -> None:
    answering = Answering(ALL)
    done = asked(tmp_path, answering, "--wait", "7")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "PACS2: 2 of 2 instances committed, 0 not, 0 unknown\n"
    said = answering.arguments[0]
    assert (said["peer"], said["study_instance_uid"], said["wait_s"]) == ("PACS2", "1.2", 7)


def test_what_is_not_is_named(tmp_path: Path) -> None:
    done = asked(tmp_path, Answering(NOT_ALL))
    assert done.exit_code == 1
    assert done.stdout == "PACS2: 1 of 5 instances committed, 2 not, 2 unknown\n"
    assert done.stderr.splitlines() == [
        "1.2.3: not committed: 0112 gone",
        r"1.2.4: unknown: no result\n",
        "... and 2 more",
    ]


def test_for_programs(tmp_path: Path) -> None:
    done = asked(tmp_path, Answering(NOT_ALL), "--json")
    said = json.loads(done.stdout)
    assert (said["failure"], said["report"]["unknown"]) == (None, 2)


def test_what_cannot_be_asked_says_why(tmp_path: Path) -> None:
    done = asked(tmp_path, Answering(CommitProgress("PACS2", "1.2"), "study 1.2 is not here"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "study 1.2 is not here\n"


def test_without_a_daemon_nobody_asks(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"no daemon runs on {tmp_path}")
