import io
import json
from pathlib import Path

import pytest

from pacsd.app.cli.send_progress import Lines
from pacsd.app.cli.send_report import (
    MAX_REMARKS,
    Report,
    ReportForPeople,
    ReportForPrograms,
    Tally,
    Teller,
    shown,
)
from pacsd.app.dicom_files import DicomFile
from pacsd.app.file_sending import OutboundFile
from pacsd.net.sending import Outcome
from tests.dicom.written import EXPLICIT, IMPLICIT

FILE = OutboundFile.of(DicomFile(Path("/a/1.dcm"), "1.2", "1.2.3", EXPLICIT.uid, 0))


def run(report: Report) -> Tally:
    """One of each kind."""
    teller = Teller(Tally(), report, Lines())
    teller.sent(FILE, Outcome(0, "", EXPLICIT.uid, 1000))
    teller.sent(FILE, Outcome(0xB000, "coerced", IMPLICIT.uid, 500))
    teller.sent(FILE, Outcome(0xA700, "disk full", EXPLICIT.uid, 9))
    teller.unreadable(Path("/a/2.dcm"), "no SOP Instance UID")
    teller.skipped(Path("/a/readme"))
    teller.tally.seconds = 2.0
    report.summary("PEER at host:104", teller.tally)
    return teller.tally


def test_the_numbers() -> None:
    tally = run(ReportForPrograms(io.StringIO()))
    assert (tally.sent, tally.warnings, tally.failed, tally.skipped) == (2, 1, 2, 1)
    assert tally.data_set_bytes == 1500
    assert tally.reencoded == {(EXPLICIT.uid, IMPLICIT.uid): 1}
    assert not tally.is_success


@pytest.mark.parametrize(
    ("statuses", "gave_up", "is_success"),
    [
        ([0], "", True),
        ([0, 0xB000, 0xB007], "", True),
        ([0, 0xC001], "", False),
        ([0, None], "", False),
        ([0], "gone", False),
        ([], "", False),
    ],
)
def test_success_is_that_all_of_something_was_accepted(
    statuses: list[int | None], gave_up: str, is_success: bool
) -> None:
    tally = Tally(gave_up=gave_up)
    for status in statuses:
        tally.add(Outcome(status), "")
    assert tally.is_success is is_success


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    run(ReportForPeople(said.append))
    assert said == [
        "/a/1.dcm: A700 Refused: Out of Resources (failure): disk full",
        "/a/2.dcm: not sent: no SOP Instance UID",
    ]
    table = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert [line for line in table if line[-1:].isdigit()] == [
        "0000 Success (success) 1",
        "A700 Refused: Out of Resources (failure) 1",
        "B000 Coercion of Data Elements (warning) 1",
        "not sent 1",
        "of these re-encoded: Explicit VR Little Endian to Implicit VR Little Endian 1",
    ]
    last = "PEER at host:104: 2 sent, 2 failed, 1 other files passed over, 0.0 MB in 2.0 s"
    assert table[-1] == last


@pytest.mark.parametrize("texts", [["held"], [f"held {each}" for each in range(MAX_REMARKS + 2)]])
def test_what_the_peer_says_of_what_it_took_is_told_once(texts: list[str]) -> None:
    said: list[str] = []
    out = io.StringIO()
    for report in (ReportForPeople(said.append), ReportForPrograms(out)):
        teller = Teller(Tally(), report, Lines())
        for text in (*texts, *texts, ""):
            teller.sent(FILE, Outcome(0, text, EXPLICIT.uid, 1))
        report.summary("PEER", teller.tally)
        assert teller.tally.is_success
    assert said == [f"/a/1.dcm: 0000 Success (success): {text}" for text in texts[:MAX_REMARKS]]
    told = json.loads(out.getvalue())
    assert (told["failures"], told["remarks"]) == ([], texts[:MAX_REMARKS])


def test_why_it_ended_early(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    tally = Tally(gave_up="refused")
    teller = Teller(tally, ReportForPeople(said.append), Lines())
    teller.not_tried(30)
    teller.not_tried(4)
    teller.report.summary("PEER", tally)
    assert "0 sent, 0 failed, 34 not tried, " in capsys.readouterr().out
    assert not tally.is_success
    ReportForPeople(said.append).summary("PEER", Tally(gave_up="refused", not_tried=None))
    ReportForPeople(said.append).summary("PEER", Tally())
    assert said == [
        "given up, not tried and not sent: 34: refused",
        "given up, not tried and not sent: the rest: refused",
        "nothing to send: no DICOM file was found",
    ]
    assert "0 sent, 0 failed" in capsys.readouterr().out


def test_for_programs() -> None:
    out = io.StringIO()
    run(ReportForPrograms(out))
    said = json.loads(out.getvalue())
    assert said["failures"] == [
        {"path": "/a/1.dcm", "status": "A700", "comment": "disk full"},
        {"path": "/a/2.dcm", "status": None, "comment": "no SOP Instance UID"},
    ]
    assert (said["sent"], said["warnings"], said["failed"], said["skipped"]) == (2, 1, 2, 1)
    assert (said["gave_up"], said["not_tried"]) == (None, 0)
    assert [row["status"] for row in said["statuses"]] == ["0000", "A700", "B000", None]
    assert said["reencoded"] == [{"from": EXPLICIT.uid, "to": IMPLICIT.uid, "instances": 1}]


def test_no_failures_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    ReportForPrograms().summary("PEER", Tally())
    assert json.loads(capsys.readouterr().out)["failures"] == []


def test_a_path_is_one_line() -> None:
    assert shown(Path("/a b/ä")) == "/a b/ä"
    assert shown(Path("/a\n\x1b")) == "/a\\n\\x1b"
    assert shown(Path("/\udcff")) == "/\\udcff"
