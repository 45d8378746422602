import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.api.commands import CommandAnswer
from pacsd.app.admin.plugin_records import RunnableCommand
from pacsd.app.cli.main import build
from tests.app.small_daemon import SmallDaemon, running


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDaemon]:
    daemon = SmallDaemon()
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["run", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_command_is_given_what_stands_behind_it(daemon: SmallDaemon) -> None:
    asked: list[Mapping[str, object]] = []

    def command(arguments: Mapping[str, object]) -> CommandAnswer:
        asked.append(arguments)
        return CommandAnswer("two lines\nof text", 3)

    daemon.commands["run.command"] = command
    assert run("acme", "export", "--all", "-n", "7") == (3, "two lines\nof text\n", "")
    assert asked[0]["plugin"] == "acme"
    assert asked[0]["name"] == "export"
    assert asked[0]["arguments"] == ["--all", "-n", "7"]
    daemon.commands["run.command"] = lambda _: CommandAnswer()
    assert run("acme", "export") == (0, "", "")


def test_commands_are_listed(daemon: SmallDaemon) -> None:
    known = [RunnableCommand("acme", "export", "Write"), RunnableCommand("b", "c", "Do")]
    daemon.commands["run.list"] = lambda _: known
    assert run() == (0, "acme export: Write\nb c: Do\n", "")
    assert run("b") == (0, "b c: Do\n", "")
    assert run("other") == (0, "", "other has added no command\n")
    daemon.commands["run.list"] = lambda _: []
    assert run() == (0, "", "no plugin has added a command\n")
