from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from pacsd.app.errand_log import tell_ended
from pacsd.app.export_records import ExportTally
from pacsd.app.import_records import ImportTally
from pacsd.archive.check_records import CheckTally, Finding, FindingKind
from pacsd.archive.instance import IngestOutcome
from pacsd.index.records import Outcome

BECAME = (
    *(Outcome.STORED, Outcome.RESTORED, Outcome.DUPLICATE, Outcome.HELD),
    *(Outcome.CONFLICT, Outcome.CONFLICT_KNOWN),
)


def told(kind: str, report: object, failure: str = "") -> Any:
    with capture_logs() as captured:
        tell_ended(kind, report, failure)
    return captured


def test_the_totals_of_an_import() -> None:
    tally = ImportTally(skipped=1)
    for became in BECAME:
        tally.add(Path("/secret/name"), IngestOutcome(0, "", 100, became=became))
    tally.refuse(Path("/secret/name"), "why")
    [line] = told("import", tally.progress())
    assert line == {
        "event": "an import is over",
        "log_level": "info",
        "files": 8,
        "stored": 2,
        "duplicates": 1,
        "held": 1,
        "quarantined": 2,
        "refused": 1,
        "no_dicom": 1,
        "data_set_bytes": 600,
    }


def test_an_import_that_ended_too_early() -> None:
    tally = ImportTally(gave_up="Not stored: no space left")
    first, second = told("import", tally.progress())
    assert (first["log_level"], first["why"]) == ("warning", "Not stored: no space left")
    assert second["event"] == "an import is over"
    assert told("import", tally.progress(), "cancelled")[0]["why"] == "cancelled"


def test_the_totals_of_an_export() -> None:
    tally = ExportTally(studies=1, not_found=("Patient ID SECRET",))
    tally.add(100)
    tally.fail("1.2.3", "damaged")
    tally.leave_uncorrected("1.2.4", ("PatientName",))
    [line] = told("export", tally.progress())
    assert line == {
        "event": "an export is over",
        "log_level": "info",
        "studies": 1,
        "exported": 1,
        "failed": 1,
        "not_corrected": 1,
        "not_found": 1,
        "data_set_bytes": 100,
    }
    first, _ = told("export", tally.progress(), "cancelled")
    assert (first["event"], first["why"]) == ("an export ended too early", "cancelled")


def test_an_export_that_did_not_begin_has_no_totals() -> None:
    [line] = told("export", ExportTally().progress(), "the folder is not empty")
    assert (line["event"], line["why"]) == ("an export ended too early", "the folder is not empty")


def test_the_counts_of_a_check() -> None:
    tally = CheckTally(rows=5, files=4, verified=3)
    tally.add(Finding(FindingKind.MISSING, "key", 1))
    [line] = told("check", tally.progress())
    assert line == {
        "event": "a check of the store is over",
        "log_level": "info",
        "files": 4,
        "indexed_files": 5,
        "read_back": 3,
        "found": "1 missing",
    }
    assert told("check", tally.progress(), "cancelled")[0]["log_level"] == "warning"
    assert told("check", CheckTally().progress())[0]["found"] == "nothing"


def test_errands_of_other_kinds_are_told_when_they_fail() -> None:
    assert told("play", None) == []
    [line] = told("play", None, "cancelled")
    assert (line["kind"], line["why"]) == ("play", "cancelled")
