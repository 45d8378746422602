import json
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.admin.deletion_records import DeletionCount, DeletionDone
from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.cli import with_confirmation
from pacsd.app.cli.main import build
from tests.app.small_daemon import SmallDaemon, running


class DeletingDaemon(SmallDaemon):
    """Answers as told, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, object] = {
            "deletion.count": DeletionCount("study", "1.2.3", "1.2.3", 2, 240, 126_000_000, 30.0),
            "deletion.delete": DeletionDone("study", "1.2.3", "1.2.3", 240),
            "deletion.restore": DeletionDone("study", "1.2.3", "1.2.3", 240),
        }
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        for name in self.answers:
            self.commands[name] = partial(self._answer, name)

    def _answer(self, name: str, arguments: Mapping[str, object]) -> object:
        self.asked.append((name, arguments))
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeletingDaemon]:
    daemon = DeletingDaemon()
    monkeypatch.setenv("SUDO_USER", "somebody")
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), arguments, input=stdin)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_delete(daemon: DeletingDaemon, level: str) -> None:
    code, out, err = run("delete", level, "1.2.3", "--reason", "a mistake", "--yes")
    assert (code, out, err) == (0, "study 1.2.3: 240 instances deleted\n", "")
    named = {"level": level, "uid": "1.2.3", "study": ""}
    assert daemon.asked == [
        ("deletion.count", named),
        ("deletion.delete", {**named, "reason": "a mistake", "actor": "somebody"}),
    ]


def test_it_asks_before(daemon: DeletingDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(with_confirmation, "_is_terminal", lambda: True)
    asked = ("delete", "study", "1.2.3", "--reason", "a mistake")
    code, out, _ = run(*asked, stdin="n\n")
    assert code == 1
    assert out.startswith(
        "study 1.2.3: 240 instances in 2 series, 126.0 MB; restorable for 30 days. Delete? [y/N]"
    )
    assert [name for name, _ in daemon.asked] == ["deletion.count"]
    code, out, _ = run(*asked, stdin="y\n")
    assert (code, out.splitlines()[-1]) == (0, "study 1.2.3: 240 instances deleted")


def test_the_question_names_the_study(daemon: DeletingDaemon) -> None:
    daemon.answers["deletion.count"] = DeletionCount("series", "1.2", "1", 1, 7, 0, None)
    code, _, err = run("delete", "series", "1.2", "--study", "1", "--reason", "x")
    assert code == 1
    assert err == (
        "series 1.2 of study 1: 7 instances in 1 series, 0.0 MB; restorable at any time. Delete? "
        "Say so with --yes: this is no terminal.\n"
    )
    assert daemon.asked[0][1]["study"] == "1"


def test_restore(daemon: DeletingDaemon) -> None:
    code, out, err = run("restore-deleted", "study", "1.2.3")
    assert (code, out, err) == (0, "study 1.2.3: 240 instances restored\n", "")
    named = {"level": "study", "uid": "1.2.3", "study": "", "actor": "somebody"}
    assert daemon.asked == [("deletion.restore", named)]


@pytest.mark.usefixtures("daemon")
def test_for_programs() -> None:
    delete = ("delete", "study", "1", "--reason", "x", "--yes")
    for arguments in (delete, ("restore-deleted", "study", "1")):
        _, out, _ = run(*arguments, "--json")
        assert json.loads(out) == {
            "level": "study",
            "uid": "1.2.3",
            "study_instance_uid": "1.2.3",
            "instances": 240,
        }


def test_what_the_daemon_refuses(daemon: DeletingDaemon) -> None:
    daemon.answers["deletion.count"] = AdminError("there is no study 9")
    code, _, err = run("delete", "study", "9", "--reason", "x", "--yes")
    assert (code, err) == (1, "there is no study 9\n")
    assert [name for name, _ in daemon.asked] == ["deletion.count"]


def test_a_reason_must_be_given(daemon: DeletingDaemon) -> None:
    code, _, _ = run("delete", "study", "1.2.3", "--yes")
    assert (code, daemon.asked) == (2, [])
