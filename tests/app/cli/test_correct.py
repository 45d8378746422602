import json
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.admin.correction_records import CorrectedAttribute
from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.cli.main import build
from tests.app.small_daemon import SmallDaemon, running

NAME = CorrectedAttribute(
    7, 1.7e9, "patient", "P1", "PatientName", "Doe\x1b^Jon", "Doe^John", "admin", "a typing error"
)
COMMENTS = CorrectedAttribute(
    8, 1.7e9, "instance", "1.1", "ImageComments", None, "", "admin", "not true"
)


class CorrectingDaemon(SmallDaemon):
    """Answers as told, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: object = [NAME, COMMENTS]
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        for name in ("correct.apply", "correct.list"):
            self.commands[name] = partial(self._answer, name)

    def _answer(self, name: str, arguments: Mapping[str, object]) -> object:
        self.asked.append((name, arguments))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[CorrectingDaemon]:
    daemon = CorrectingDaemon()
    monkeypatch.setenv("SUDO_USER", "somebody")
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str, stdin: str | bytes = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["correct", *arguments], input=stdin)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_what_changed_is_printed(daemon: CorrectingDaemon, level: str) -> None:
    values = ("PatientName=Doe^John=X", "ImageComments=")
    code, out, err = run(level, "1.2.3", *values, "--reason", "a typing error")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "PatientName of the patient: Doe?^Jon -> Doe^John",
        "ImageComments of the instance: (what each object says) -> (nothing)",
    ]
    assert daemon.asked == [
        (
            "correct.apply",
            {
                "level": level,
                "uid": "1.2.3",
                "values": {"PatientName": "Doe^John=X", "ImageComments": ""},
                "reason": "a typing error",
                "actor": "somebody",
            },
        )
    ]


def test_nothing_new_is_said(daemon: CorrectingDaemon) -> None:
    daemon.answer = []
    asked = ("study", "1.2.3", "PatientName=Doe", "--reason", "x")
    assert run(*asked) == (0, "", "nothing to do: it was corrected so before\n")
    assert run("list") == (0, "", "nothing was corrected\n")
    assert run("list", "1.2", "--after", "7") == (0, "", "nothing more\n")
    assert daemon.asked[-1] == ("correct.list", {"uid": "1.2", "limit": 101, "after": 7})


@pytest.mark.usefixtures("daemon")
def test_list() -> None:
    code, out, _ = run("list")
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == "correction 7: PatientName of patient P1"
    assert lines[1] == "  Doe?^Jon -> Doe^John"
    assert lines[2].startswith("  by admin at 2023-11-1")
    assert lines[2].endswith(": a typing error")
    assert lines[4] == "  (what each object says) -> (nothing)"


@pytest.mark.usefixtures("daemon")
def test_a_list_says_that_there_are_more() -> None:
    code, out, err = run("list", "--limit", "1")
    assert (code, err) == (0, "more: --after 7\n")
    assert "ImageComments" not in out


@pytest.mark.usefixtures("daemon")
def test_for_programs() -> None:
    for arguments in (("list",), ("study", "1", "PatientName=x", "--reason", "x")):
        _, out, _ = run(*arguments, "--json")
        assert [each["number"] for each in json.loads(out)] == [7, 8]


def test_a_value_may_come_from_standard_input(daemon: CorrectingDaemon) -> None:
    values = ("PatientName=-", "StudyID=1")
    code, _, _ = run("study", "1.2.3", *values, "--reason", "x", stdin="Doe^John\n")
    assert code == 0
    assert daemon.asked[0][1]["values"] == {"PatientName": "Doe^John", "StudyID": "1"}


def test_standard_input_is_one_value(daemon: CorrectingDaemon) -> None:
    code, _, err = run("study", "1.2.3", "PatientName=-", "StudyID=-", "--reason", "x", stdin="a")
    assert (code, daemon.asked) == (2, [])
    assert "only one value" in err
    code, _, _ = run("study", "1.2.3", "PatientName=-", "--reason", "x", stdin=b"\xff")
    assert (code, daemon.asked) == (2, [])


def test_what_the_daemon_refuses(daemon: CorrectingDaemon) -> None:
    daemon.answer = AdminError("PatientID (0010,0020): whose it is, is not corrected")
    code, _, err = run("study", "1", "PatientID=x", "--reason", "x")
    assert (code, err) == (1, "PatientID (0010,0020): whose it is, is not corrected\n")


@pytest.mark.parametrize("values", [("PatientName",), ("StudyID=1", "StudyID=2"), ()])
def test_what_is_not_written_as_it_must_be(daemon: CorrectingDaemon, values: list[str]) -> None:
    code, _, _ = run("study", "1.2.3", *values, "--reason", "x")
    assert (code, daemon.asked) == (2, [])


def test_a_reason_must_be_given(daemon: CorrectingDaemon) -> None:
    code, _, _ = run("study", "1.2.3", "StudyID=1")
    assert (code, daemon.asked) == (2, [])
