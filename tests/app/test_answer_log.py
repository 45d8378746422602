import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from pacsd.api.acceptance import Refusal
from pacsd.api.access import NotRecognized, Principal, Restriction
from pacsd.api.receiving import Hold, NotAccepted
from pacsd.api.vote import Deny
from pacsd.app.answer_log import LINE_INTERVAL_S, AnswerLog
from pacsd.testing.daemon import running
from pacsd.testing.fake_host import ManualClock
from pacsd.testing.objects import dicom_file
from tests.app.plugins.reloaded import installed


def log_of(clock: ManualClock) -> AnswerLog:
    return AnswerLog(structlog.get_logger("plugins"), clock)


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        (Deny("kept for the court"), "Deny", "kept for the court"),
        (NotAccepted(0xC000, "no screenshots"), "NotAccepted C000", "no screenshots"),
        (Refusal(1, 1, 3, "CT1\x1b is not ours"), "Refusal 1/1/3", r"CT1\x1b is not ours"),
        (NotRecognized("no such token"), "NotRecognized", "no such token"),
        (Deny("x" * 1_000), "Deny", "x" * 253 + "..."),
    ],
)
def test_who_said_no_is_named(answer: object, kind: str, why: str) -> None:
    with capture_logs() as lines:
        log_of(ManualClock())("acme", "pacsd_hook", answer)
    assert lines == [
        {
            "event": "a plugin said no",
            "log_level": "info",
            "plugin": "acme",
            "hook": "pacsd_hook",
            "answer": kind,
            "why": why,
            "unwritten": 0,
        }
    ]


@pytest.mark.parametrize("answer", [Principal("ann"), Hold("no order"), (), "anything"])
def test_other_answers_are_no_lines(answer: object) -> None:
    with capture_logs() as lines:
        log_of(ManualClock())("acme", "pacsd_hook", answer)
    assert lines == []


def test_what_somebody_sees_is_told_to_who_looks_for_it_without_a_value() -> None:
    with capture_logs() as lines:
        restriction = Restriction({"PatientID": ("1",), "Modality": ("CT",)})
        log_of(ManualClock())("acme", "pacsd_restrict_query", restriction)
    [line] = lines
    assert (line["log_level"], line["plugin"]) == ("debug", "acme")
    assert line["attributes"] == "PatientID,Modality"


def test_what_is_said_again_and_again_is_counted() -> None:
    clock = ManualClock()
    log = log_of(clock)
    with capture_logs() as lines:
        for _ in range(5):
            log("acme", "pacsd_hook", Deny("closed"))
        log("acme", "pacsd_hook", Deny("another reason"))
        log("other", "pacsd_hook", Deny("closed"))
        clock.advance(LINE_INTERVAL_S)
        log("acme", "pacsd_hook", Deny("closed"))
    told = [(line["plugin"], line["why"], line["unwritten"]) for line in lines]
    assert told == [
        ("acme", "closed", 0),
        ("acme", "another reason", 0),
        ("other", "closed", 0),
        ("acme", "closed", 4),
    ]


def test_in_a_daemon_whoever_refuses_an_instance_is_named(tmp_path: Path) -> None:
    config, file = tmp_path / "pacsd.toml", tmp_path / "one.dcm"
    config.write_text("[plugins.two]\npatient_id = '4711'\n[plugins.one]\npatient_id = '1'\n")
    file.write_bytes(dicom_file({"PatientID": "4711"}, pixel_bytes=512))
    environment = installed(tmp_path / "installed")
    with running("--config", str(config), environment=environment) as daemon:
        sent = [sys.executable, "-m", "pacsd", "send", f"PACSD={daemon.dicom_url}", str(file)]
        assert subprocess.run(sent, capture_output=True, check=False, timeout=50).returncode == 1
        line = daemon.wait_for("a plugin said no")
        assert daemon.stop() == 0
    told = (line["plugin"], line["hook"], line["answer"], line["why"])
    assert told == ("two", "pacsd_instance_received", "NotAccepted A700", "not for two")
