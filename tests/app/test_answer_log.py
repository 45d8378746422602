import subprocess
import sys
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
import structlog
from structlog.testing import capture_logs

from pacsd.api.acceptance import Refusal
from pacsd.api.access import NotRecognized, Principal, Restriction
from pacsd.api.receiving import Hold, NotAccepted
from pacsd.api.vote import Deny
from pacsd.app import answer_log
from pacsd.app.answer_log import LINE_INTERVAL_S, AnswerLog
from pacsd.app.repeats import MAX_KINDS, OTHERS
from pacsd.testing.daemon import running
from pacsd.testing.fake_host import ManualClock
from pacsd.testing.objects import dicom_file
from tests.app.plugins.reloaded import installed

TIMEOUT_S = 30.0


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


def test_a_plugin_with_many_reasons_drowns_no_other_and_its_own_for_a_while_only() -> None:
    clock = ManualClock()
    log = log_of(clock)
    with capture_logs() as lines:
        for number in range(MAX_KINDS + 5):
            log("acme", "pacsd_hook", Deny(f"no. {number}"))
        log("other", "pacsd_hook", Deny("closed"))
        log("acme", "pacsd_another_hook", Deny("closed"))
    assert len(lines) == MAX_KINDS + 1 + 2
    assert [line["plugin"] for line in lines[-2:]] == ["other", "acme"]
    clock.advance(LINE_INTERVAL_S)
    with capture_logs() as lines:
        log.tell_rest(clock())
        for number in range(2):
            log("acme", "pacsd_hook", Deny(f"new {number}"))
    rest, *new = lines
    assert (rest["what"], rest["unwritten"]) == (OTHERS, 4)
    assert [line["why"] for line in new] == ["new 0", "new 1"]


async def test_what_was_counted_last_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    log = log_of(clock)
    monkeypatch.setattr(answer_log, "LOOK_S", 0.0)
    rest = {
        "event": "a plugin said no again: the rest was not logged one by one",
        "log_level": "info",
        "plugin": "acme",
        "hook": "pacsd_hook",
        "what": "Deny: closed",
        "unwritten": 2,
    }
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(log.run)
        with capture_logs() as lines:
            for _ in range(3):
                log("acme", "pacsd_hook", Deny("closed"))
            clock.advance(LINE_INTERVAL_S)
            with anyio.fail_after(TIMEOUT_S):
                while len(lines) < 2:
                    await anyio.lowlevel.checkpoint()
        assert lines[1:] == [rest]
        with capture_logs() as lines:
            for _ in range(3):
                log("acme", "pacsd_hook", Deny("closed"))
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True), anyio.fail_after(TIMEOUT_S):
                while len(lines) < 2:
                    await anyio.lowlevel.checkpoint()
        assert lines[1:] == [rest]


def test_in_a_daemon_whoever_refuses_an_instance_is_named_and_how_often(tmp_path: Path) -> None:
    config, file = tmp_path / "pacsd.toml", tmp_path / "one.dcm"
    config.write_text("[plugins.two]\npatient_id = '4711'\n[plugins.one]\npatient_id = '1'\n")
    file.write_bytes(dicom_file({"PatientID": "4711"}, pixel_bytes=512))
    environment = installed(tmp_path / "installed")
    with running("--config", str(config), environment=environment) as daemon:
        sent = [sys.executable, "-m", "pacsd", "send", f"PACSD={daemon.dicom_url}", str(file)]
        for _ in range(2):
            ended = subprocess.run(sent, capture_output=True, check=False, timeout=50)
            assert ended.returncode == 1
        line = daemon.wait_for("a plugin said no")
        assert daemon.stop() == 0
        [rest] = daemon.said("a plugin said no again: the rest was not logged one by one")
    told = (line["plugin"], line["hook"], line["answer"], line["why"])
    assert told == ("two", "pacsd_instance_received", "NotAccepted A700", "not for two")
    assert (rest["what"], rest["unwritten"]) == ("NotAccepted A700: not for two", 1)
