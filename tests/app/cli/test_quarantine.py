import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.admin.quarantine_records import (
    HeldSummary,
    ReleasedAnswer,
    StoredDetail,
    VersionDetail,
    VersionSummary,
)
from pacsd.app.cli import quarantine
from pacsd.app.cli.main import build
from pacsd.archive.difference import Comparison, Difference
from tests.app.small_daemon import SmallDaemon, running

VERSION = VersionSummary(
    number=7,
    received_at=1_700_000_000.0,
    calling_ae="CT1",
    called_ae="PACSD",
    peer_address="2001:db8:1234:5678:9abc:def0:1234:5678",
    sop_class="CT Image Storage",
    transfer_syntax="Explicit VR Little Endian",
    sop_instance_uid="1.2.826." + "1" * 50,
    study_instance_uid="1.2.3",
    series_instance_uid="1.2.3.1",
    size_bytes=1_234_567,
    why="another data set has its UID",
)
STORED = StoredDetail("live", 1.7e9, "1.2.3", "1.2.3.1", "P1", "", 900, "aa" * 32, "1/0.dcm")
DETAIL = VersionDetail(
    VERSION, "P1", "HOSPITAL", "bb" * 32, "1/1.dcm", {"PatientName": "Doe\x1b^John"}, STORED
)
DIFFERENCES = (
    Difference("", "(0010,0010)", "PatientName", "Doe^John", "Roe^John"),
    Difference("ReferencedImageSequence[0]", "(0009,1001)", "", None, "1.2"),
)


class QuarantineDaemon(SmallDaemon):
    """Answers as told, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, object] = {
            "list": [VERSION],
            "held": [HeldSummary(9, "1.2.4", "1.2.3", "1.2.3.1")],
            "show": DETAIL,
            "diff": Comparison(DIFFERENCES, is_cut=False, first_fault="", second_fault=""),
            "release": ReleasedAnswer("1.2.4", "live"),
            "discard": None,
        }
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        for name in self.answers:
            self.commands[f"quarantine.{name}"] = partial(self._answer, name)

    def _answer(self, name: str, arguments: Mapping[str, object]) -> object:
        self.asked.append((name, arguments))
        return self.answers[name]


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[QuarantineDaemon]:
    daemon = QuarantineDaemon()
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["quarantine", *arguments], input=typed)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.usefixtures("daemon")
def test_list_cuts_nothing_off_in_a_pipe() -> None:
    code, out, err = run("list")
    assert (code, err) == (0, "")
    for shown in (VERSION.sop_instance_uid, VERSION.peer_address, VERSION.why, "1,234,567"):
        assert shown in out
    assert "CT1 to PACSD" in out


def test_list_goes_on(daemon: QuarantineDaemon) -> None:
    daemon.answers["list"] = []
    assert run("list") == (0, "", "nothing is in quarantine\n")
    assert run("list", "--after", "7", "--limit", "3") == (0, "", "nothing more\n")
    assert daemon.asked[-1] == ("list", {"after": 7, "limit": 3})


def test_held(daemon: QuarantineDaemon) -> None:
    code, out, _ = run("held")
    assert code == 0
    assert "1.2.4" in out
    daemon.answers["held"] = []
    assert run("held") == (0, "", "nothing is held\n")


@pytest.mark.usefixtures("daemon")
def test_show() -> None:
    code, out, _ = run("show", "7")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "version 7: another data set has its UID"
    assert "  patient P1, issued by HOSPITAL" in lines
    assert "  PatientName = Doe?^John" in lines
    assert "stored under its UID: live" in lines


@pytest.mark.usefixtures("daemon")
def test_diff() -> None:
    code, out, _ = run("diff", "7")
    assert code == 0
    assert out.splitlines() == [
        "(0010,0010) PatientName",
        "  - Doe^John",
        "  + Roe^John",
        "(0009,1001) ReferencedImageSequence[0]/",
        "  - (not there)",
        "  + 1.2",
    ]


def test_diff_of_what_cannot_be_read(daemon: QuarantineDaemon) -> None:
    daemon.answers["diff"] = Comparison((), is_cut=True, first_fault="", second_fault="cut short")
    assert run("diff", "7")[1].splitlines() == [
        "no element differs",
        "... and more",
        "the version one was read in part only: cut short",
    ]


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize("command", ["list", "held", "show", "diff"])
def test_for_programs(command: str) -> None:
    number = ["7"] if command in {"show", "diff"} else []
    code, out, _ = run(command, *number, "--json")
    assert code == 0
    assert json.loads(out)


def test_release_and_discard(daemon: QuarantineDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "jane")
    assert run("release", "7", "--yes") == (0, "version 7 is 1.2.4 now, live\n", "")
    assert run("discard", "7", "--yes") == (0, "version 7 is gone\n", "")
    asked = {"number": 7, "actor": "jane"}
    assert daemon.asked == [("release", asked), ("discard", asked)]


@pytest.mark.parametrize("command", ["release", "discard"])
def test_without_a_terminal_it_must_be_said(daemon: QuarantineDaemon, command: str) -> None:
    code, out, err = run(command, "7", typed="y\n")
    assert (code, out) == (1, "")
    assert "Say so with --yes" in err
    assert daemon.asked == []


@pytest.mark.parametrize(("typed", "code"), [("n\n", 1), ("y\n", 0)])
def test_on_a_terminal_it_is_asked(
    daemon: QuarantineDaemon, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    monkeypatch.setattr(quarantine, "_is_terminal", lambda: True)
    assert run("discard", "7", typed=typed)[0] == code
    assert len(daemon.asked) == (code == 0)


def test_whoever_has_no_name_has_a_number(
    daemon: QuarantineDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr("getpass.getuser", nameless)
    run("discard", "7", "--yes")
    assert str(daemon.asked[0][1]["actor"]).startswith("user ")


def test_a_daemon_of_another_version(daemon: QuarantineDaemon) -> None:
    daemon.answers["show"] = replace(DETAIL, patient_id=None)  # type: ignore[arg-type]
    code, _, err = run("show", "7")
    assert code == 1
    assert "restart it after an upgrade" in err
