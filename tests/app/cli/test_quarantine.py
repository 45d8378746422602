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
from pacsd.app.admin.unix_socket import AdminError, NoDaemonError
from pacsd.app.cli import with_confirmation
from pacsd.app.cli.main import build
from pacsd.archive.difference import Comparison, Difference, Writing, WrittenOtherwise
from pacsd.index.records import NamedPatient
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
HELD = HeldSummary(
    number=9,
    received_at=1.7e9,
    calling_ae="CT1",
    called_ae="PACSD",
    peer_address="192.0.2.7",
    origin="dimse",
    sop_class="CT Image Storage",
    sop_instance_uid="1.2.4",
    study_instance_uid="1.2.3",
    series_instance_uid="1.2.3.1",
    size_bytes=900,
    patient=NamedPatient("P2", "", "Roe^Jane"),
    study_patient=NamedPatient("P1", "", "Doe^John"),
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
            "held": [HELD],
            "show": DETAIL,
            "diff": Comparison(DIFFERENCES, is_cut=False, first_fault="", second_fault=""),
            "release": ReleasedAnswer("1.2.4", "live", 868),
            "discard": None,
        }
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        self.unknown: set[object] = set()
        for name in self.answers:
            self.commands[f"quarantine.{name}"] = partial(self._answer, name)

    def _answer(self, name: str, arguments: Mapping[str, object]) -> object:
        self.asked.append((name, arguments))
        if arguments.get("number") in self.unknown:
            raise AdminError(f"no version {arguments['number']} is in quarantine")
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
def test_list_cuts_nothing_off_and_folds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    code, out, err = run("list")
    assert (code, err) == (0, "")
    for shown in (VERSION.sop_instance_uid, VERSION.peer_address, VERSION.why, "1,234,567"):
        assert shown in out
    assert "CT1 to PACSD" in out


def test_list_goes_on(daemon: QuarantineDaemon) -> None:
    daemon.answers["list"] = []
    assert run("list") == (0, "", "nothing is in quarantine\n")
    assert run("list", "--after", "7", "--limit", "3") == (0, "", "nothing more\n")
    assert daemon.asked[-1] == ("list", {"after": 7, "limit": 4})


def test_held(daemon: QuarantineDaemon) -> None:
    code, out, _ = run("held")
    assert code == 0
    for shown in ("P2, Roe^Jane", "P1, Doe^John", "CT1 to PACSD", "1.2.4", "1.2.3.1"):
        assert shown in out
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
        "no element differs, as far as they were read",
        "... and more",
        "the version one was read in part only: cut short",
    ]


def test_diff_of_what_is_only_written_otherwise(daemon: QuarantineDaemon) -> None:
    daemon.answers["diff"] = Comparison((), is_cut=False, first_fault="", second_fault="")
    assert run("diff", "7")[1] == (
        "no element differs: the same values are written in two ways (Transfer Syntax, lengths "
        "of sequences, order, group lengths, trailing padding)\n"
    )
    name = WrittenOtherwise("", "(0010,0010)", "PatientName", Writing.PADDING)
    inner = WrittenOtherwise("ReferencedImageSequence[0]", "(0009,1001)", "", Writing.PADDING)
    private = WrittenOtherwise("", "(0009,1001)", "", Writing.VR)
    daemon.answers["diff"] = Comparison((), False, "", "", (name, inner, *[private] * 21))
    named = "(0010,0010) PatientName, (0009,1001) ReferencedImageSequence[0]/"
    assert run("diff", "7")[1].splitlines() == [
        "no element differs",
        f"the values differ only in padding: {named}",
        f"the values differ only in VR: {'(0009,1001), ' * 20}...",
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
    released = "version 7 is 1.2.4 now, live\nwhat was stored is version 868 now\n"
    assert run("release", "7", "--yes") == (0, released, "")
    assert run("discard", "7", "--yes") == (0, "version 7 is gone\n", "")
    asked = {"number": 7, "actor": "jane"}
    assert daemon.asked == [("show", {"number": 7}), ("release", asked), ("discard", asked)]


@pytest.mark.parametrize("command", ["release", "discard"])
def test_without_a_terminal_it_must_be_said(daemon: QuarantineDaemon, command: str) -> None:
    code, out, err = run(command, "7", typed="y\n")
    assert (code, out) == (1, "")
    assert "Say so with --yes" in err
    assert {name for name, _ in daemon.asked} <= {"show"}


@pytest.mark.parametrize(
    ("detail", "question"),
    [
        (DETAIL, "Show version 7 instead of what is stored now?"),
        (replace(DETAIL, stored=None), "Show version 7, which nobody sees yet?"),
    ],
)
def test_release_asks_about_what_it_does(
    daemon: QuarantineDaemon, monkeypatch: pytest.MonkeyPatch, detail: VersionDetail, question: str
) -> None:
    monkeypatch.setattr(with_confirmation, "_is_terminal", lambda: True)
    daemon.answers["show"] = detail
    code, out, _ = run("release", "7", typed="n\n")
    assert (code, [name for name, _ in daemon.asked]) == (1, ["show"])
    assert question in out


def test_release_warns_before_it_makes_both_invisible(
    daemon: QuarantineDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(with_confirmation, "_is_terminal", lambda: True)
    patient = NamedPatient("P9", "", "Doe^John")
    daemon.answers["show"] = replace(DETAIL, study_patient=patient, would_be_held=True)
    code, out, err = run("release", "7", typed="n\n")
    assert (code, [name for name, _ in daemon.asked]) == (1, ["show"])
    assert "  its study is of P9, Doe^John" in err
    assert "then neither is shown" in err
    assert "Release version 7 all the same, so that neither is shown?" in out
    daemon.answers["release"] = ReleasedAnswer("1.2.4", "held", 868)
    code, out, err = run("release", "7", "--yes")
    assert code == 0
    assert "then neither is shown" in err
    assert "to undo this: pacsd quarantine release 868" in out


def test_several_are_discarded_and_one_that_fails_stops_no_other(
    daemon: QuarantineDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(with_confirmation, "_is_terminal", lambda: True)
    daemon.unknown = {8}
    code, out, err = run("discard", "7", "8", "9", "7", typed="y\n")
    assert code == 1
    assert "Remove versions 7, 8, 9 and their files for good?" in out
    assert out.endswith("version 7 is gone\nversion 9 is gone\n")
    assert err == "version 8 is not discarded: no version 8 is in quarantine\n"
    assert run("discard", "7", "9", "--yes")[0] == 0


def test_of_many_it_asks_how_many(
    daemon: QuarantineDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(with_confirmation, "_is_terminal", lambda: True)
    code, out, _ = run("discard", *map(str, range(1, 101)), typed="n\n")
    assert (code, daemon.asked) == (1, [])
    assert "Remove 100 versions and their files for good?" in out


def test_without_a_daemon_it_is_said_once(
    daemon: QuarantineDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise NoDaemonError("no daemon runs")

    monkeypatch.setattr("pacsd.app.admin.unix_socket.ask", gone)
    assert run("discard", "7", "8", "--yes") == (1, "", "no daemon runs\n")
    assert daemon.asked == []


@pytest.mark.parametrize(("typed", "code"), [("n\n", 1), ("y\n", 0)])
def test_on_a_terminal_it_is_asked(
    daemon: QuarantineDaemon, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    monkeypatch.setattr(with_confirmation, "_is_terminal", lambda: True)
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
