import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.admin.job_records import DrainState, JobDetail, JobSummary
from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.cli.main import build
from tests.app.small_daemon import SmallDaemon, running

DEAD = JobSummary(
    7, "dead", "event", "route", "routing", 12, 12, 1.7e9, 1.7e9, 1.7e9 + 60, "OSError: no\nroute"
)
WAITING = JobSummary(9, "waiting", "event", "route", "ai", 1, 12, 1.7e9, 1.7e9 + 60, None, "")
DETAIL = JobDetail(WAITING, "event delivery", "e-1", "22:00-06:00", 1.8e9, 1.9e9, "{}")


class WorkingDaemon(SmallDaemon):
    """Answers as told, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, list[object]] = {
            "list": [[DEAD, WAITING]],
            "show": [DETAIL],
            **{name: [WAITING] for name in ("retry", "cancel", "retarget")},
            "drain": [DrainState("route", True, 0)],
            "resume": [DrainState("route", False, 1)],
        }
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        for name in self.answers:
            self.commands[f"jobs.{name}"] = self._answering(name)

    def _answering(self, name: str) -> Callable[[Mapping[str, object]], object]:
        def answer(arguments: Mapping[str, object]) -> object:
            self.asked.append((name, {k: v for k, v in arguments.items() if k != "actor"}))
            answers = self.answers[name]
            if not answers:
                raise AdminError("no")
            return answers.pop(0)

        return answer


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkingDaemon]:
    daemon = WorkingDaemon()
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["jobs", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_list(daemon: WorkingDaemon) -> None:
    code, out, err = run("list", "--state", "dead", "--queue", "route", "--kind", "event")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "job 7: dead, event for route (routing)"
    assert lines[1].startswith("  created 2023-11-1")
    assert lines[1].endswith("12 of 12 attempts")
    assert ", ended 2023" in lines[1]
    assert lines[2] == "  OSError: no\\nroute"
    assert ", not before 2023" in lines[4]
    assert daemon.asked == [
        (
            "list",
            {"state": "dead", "queue": "route", "kind": "event", "limit": 101, "after": 0},
        )
    ]


def test_nothing_is_said_and_more(daemon: WorkingDaemon) -> None:
    daemon.answers["list"] = [[], [DEAD, WAITING]]
    assert run("list") == (0, "", "there are no such jobs\n")
    code, out, err = run("list", "--limit", "1", "--json")
    assert (code, err) == (0, "more: --after 7\n")
    assert [each["number"] for each in json.loads(out)] == [7]


@pytest.mark.usefixtures("daemon")
def test_show() -> None:
    code, out, _ = run("show", "9")
    assert code == 0
    for line in ("created by event delivery", "unique key e-1", "window 22:00-06:00", "payload {}"):
        assert f"  {line}\n" in out
    assert "dead if it has not begun at 2027" in out
    assert "leased until 2030" in out


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (("retry", "9"), {"number": 9}),
        (("cancel", "9"), {"number": 9}),
        (("retarget", "9", "archive"), {"number": 9, "queue": "archive"}),
    ],
)
def test_steered(
    daemon: WorkingDaemon, arguments: tuple[str, ...], asked: dict[str, object]
) -> None:
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    assert out.startswith("job 9: waiting")
    assert daemon.asked == [(arguments[0], asked)]
    assert run(*arguments) == (1, "", "no\n")


def test_drain_waits_for_what_runs(daemon: WorkingDaemon) -> None:
    states = [DrainState("route", True, number) for number in (2, 2, 1, 0)]
    daemon.answers["drain"] = [*states]
    told = "2 jobs of queue route run yet\n1 jobs of queue route run yet\n"
    assert run("drain", "route") == (0, "queue route is drained\n", told)
    assert len(daemon.asked) == 4
    assert run("drain", "route", "--off") == (0, "queue route is worked at again\n", "")


@pytest.mark.usefixtures("daemon")
def test_drain_for_programs() -> None:
    code, out, _ = run("drain", "route", "--json")
    assert (code, json.loads(out)) == (0, {"queue": "route", "is_drained": True, "running": 0})
