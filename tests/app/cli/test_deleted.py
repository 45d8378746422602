import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.admin.deletion_records import DeletionSummary
from pacsd.app.cli.main import build
from tests.app.small_daemon import SmallDaemon, running

STUDY = DeletionSummary(
    7, 1.7e9, 1.7e9 + 86_400, "study", "1.2.3", ("1.2.3",), 240, "somebody", "a mistake"
)
UNKNOWN = DeletionSummary(9, 1.7e9, None, "", "", ("1", "2"), 3, "", "")


class ListingDaemon(SmallDaemon):
    """Answers as told, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: list[DeletionSummary] = [STUDY, UNKNOWN]
        self.asked: list[Mapping[str, object]] = []
        self.commands["deletion.list"] = self._answer

    def _answer(self, arguments: Mapping[str, object]) -> object:
        self.asked.append(arguments)
        return self.answer


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[ListingDaemon]:
    daemon = ListingDaemon()
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["deleted", "list", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.usefixtures("daemon")
def test_list() -> None:
    code, out, err = run()
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "deletion 7: study 1.2.3, 240 instances"
    assert lines[1].startswith("  by somebody at 2023-11-1")
    assert lines[1].endswith(": a mistake")
    assert lines[2].startswith("  restorable until 2023-11-1")
    assert lines[3:5] == ["deletion 9: several, 3 instances", "  of study 1, 2"]
    assert lines[5].startswith("  by (not noted) at ")
    assert lines[5].endswith(": (no reason noted)")
    assert lines[6] == "  restorable at any time"


def test_nothing_is_said(daemon: ListingDaemon) -> None:
    daemon.answer = []
    assert run() == (0, "", "nothing is deleted\n")
    assert run("--after", "7", "--limit", "5") == (0, "", "nothing more\n")
    assert daemon.asked == [{"limit": 101, "after": 0}, {"limit": 6, "after": 7}]


@pytest.mark.usefixtures("daemon")
def test_more_and_for_programs() -> None:
    code, out, err = run("--limit", "1", "--json")
    assert (code, err) == (0, "more: --after 7\n")
    assert [each["number"] for each in json.loads(out)] == [7]
