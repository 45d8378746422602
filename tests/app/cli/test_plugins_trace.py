import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.admin.plugin_records import TraceAnswer, TracedCall
from pacsd.app.cli import plugins_trace
from pacsd.app.cli.main import build
from tests.app.small_daemon import SmallDaemon, running

CALL = TracedCall(7, 3.21, "acme\x1b", "pacsd_before_delete", 1.2345, "late")


class TracingDaemon(SmallDaemon):
    """Gives one answer after the other, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = [TraceAnswer(7, 7, (CALL,))]
        self.asked: list[Mapping[str, object]] = []
        self.commands["plugins.trace"] = self._trace

    def _trace(self, arguments: Mapping[str, object]) -> TraceAnswer:
        self.asked.append(arguments)
        return self.answers.pop(0)


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[TracingDaemon]:
    daemon = TracingDaemon()
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["plugins", "trace", *arguments])
    return result.exit_code, result.stdout, result.stderr


def until_answered(daemon: TracingDaemon) -> Callable[[float], None]:
    """Instead of waiting: Ctrl-C, once the daemon has no more answers."""

    def wait(seconds: float) -> None:
        assert seconds == 0.5
        if not daemon.answers:
            raise KeyboardInterrupt

    return wait


def call(number: int) -> TracedCall:
    return TracedCall(number, 0.0, "acme", "pacsd_before_delete", 0.001, "answered")


def test_what_was_answered_and_where_it_raised(daemon: TracingDaemon) -> None:
    raised = replace(CALL, ending="raised", traceback="Traceback:\n  File x\x1b\nValueError: boom")
    denied = replace(CALL, number=8, ending="answered", kind="Deny\n")
    daemon.answers = [TraceAnswer(7, 8, (raised, denied))]
    lines = run()[1].splitlines()
    assert lines[0].endswith("  raised")
    assert lines[1:4] == ["      Traceback:", "        File x\\x1b", "      ValueError: boom"]
    assert lines[4].endswith("  answered Deny\\n")
    assert len(lines) == 5


@pytest.mark.usefixtures("daemon")
def test_a_call_is_a_line_that_no_terminal_obeys() -> None:
    line = "      3.2 s ago  acme\\x1b pacsd_before_delete  1,234.500 ms  late\n"
    assert run() == (0, line, "")


def test_what_is_asked_for(daemon: TracingDaemon) -> None:
    daemon.answers = [TraceAnswer(1, 0, ())]
    code, out, err = run("--plugin", "acme", "--hook", "pacsd_before_delete", "--limit", "3")
    assert (code, out, err) == (0, "", "there was no such call\n")
    [asked] = daemon.asked
    assert asked == {"plugin": "acme", "hook": "pacsd_before_delete", "after": 0, "limit": 3}


def test_a_misspelt_hook_is_told_before_anybody_is_asked(daemon: TracingDaemon) -> None:
    code, _, err = run("--hook", "pacsd_before_delet")
    assert code == 2
    assert "did you mean pacsd_before_delete?" in err
    assert daemon.asked == []


@pytest.mark.usefixtures("daemon")
def test_for_programs() -> None:
    [found] = json.loads(run("--json")[1])
    assert (found["number"], found["plugin"], found["ending"]) == (7, "acme\x1b", "late")


def test_follow_shows_each_call_once_and_tells_what_it_missed(
    daemon: TracingDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.answers = [
        TraceAnswer(1, 2, (call(1), call(2))),
        TraceAnswer(1, 2, ()),
        TraceAnswer(6, 6, (call(6),)),
    ]
    monkeypatch.setattr(plugins_trace, "wait", until_answered(daemon))
    code, out, err = run("--follow", "--every", "0.5", "--json")
    assert code == 130
    assert [json.loads(line)["number"] for line in out.splitlines()] == [1, 2, 6]
    assert err == "3 calls came too fast to be seen\n"
    assert [asked["after"] for asked in daemon.asked] == [0, 2, 2]


def test_follow_begins_again_with_a_daemon_started_anew(
    daemon: TracingDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.answers = [
        TraceAnswer(1, 9, (call(9),)),
        TraceAnswer(1, 1, ()),
        TraceAnswer(1, 1, (call(1),)),
    ]
    monkeypatch.setattr(plugins_trace, "wait", until_answered(daemon))
    code, out, err = run("--follow", "--every", "0.5")
    assert code == 130
    assert len(out.splitlines()) == 2
    assert err == "the daemon was started anew\n"


def test_no_daemon(tmp_path: Path) -> None:
    code, out, err = run("--data-dir", str(tmp_path))
    assert (code, out) == (1, "")
    assert err.startswith("no daemon runs on ")


def test_following_looks_neither_too_often_nor_too_rarely() -> None:
    assert run("--follow", "--every", "0.01")[0] == 2
    assert run("--follow", "--every", "3600")[0] == 2
