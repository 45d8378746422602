import json
from dataclasses import asdict
from pathlib import Path

import pytest

from pacsd.app import import_records
from pacsd.app.import_records import (
    MAX_REASONS,
    MAX_REFUSED,
    OTHER_REASONS,
    ImportTally,
    SetAsideFile,
)
from pacsd.archive.instance import IngestOutcome
from pacsd.index.records import Outcome

FILE = Path("/a/file")


def test_files_are_counted_by_what_became_of_them() -> None:
    tally = ImportTally(skipped=2)
    for outcome in (Outcome.STORED, Outcome.STORED, Outcome.DUPLICATE, Outcome.CONFLICT):
        tally.add(FILE, IngestOutcome(0, "", 100, became=outcome))
    progress = tally.progress()
    assert progress.outcomes == {"stored": 2, "duplicate": 1, "conflict": 1}
    assert (progress.files, progress.refused, progress.data_set_bytes) == (6, 0, 400)


def test_what_nobody_has_but_the_file_counts_as_refused() -> None:
    tally = ImportTally()
    tally.add(FILE, IngestOutcome(0xC011, "deleted", 9, became=Outcome.REFUSED_DELETED))
    tally.add(FILE, IngestOutcome(0xC010, "full", 9, became=Outcome.CONFLICT_FULL))
    tally.add(FILE, IngestOutcome(0xC000, "unreadable", 9))
    progress = tally.progress()
    assert progress.reasons == {"deleted": 1, "full": 1, "unreadable": 1}
    assert (progress.refused, progress.files, progress.data_set_bytes) == (3, 3, 0)


def test_what_is_in_the_archive_but_not_shown_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_records, "MAX_SET_ASIDE", 2)
    tally = ImportTally()
    for became in (Outcome.STORED, Outcome.HELD, Outcome.CONFLICT, Outcome.CONFLICT_KNOWN):
        tally.add(FILE, IngestOutcome(0, "", 1, became=became))
    progress = tally.progress()
    assert (progress.stored, progress.held, progress.quarantined) == (1, 1, 2)
    assert progress.set_aside_files == (
        SetAsideFile("/a/file", "held"),
        SetAsideFile("/a/file", "conflict"),
    )


def test_what_is_said_of_one_file_is_no_reason_of_its_own() -> None:
    tally = ImportTally()
    for uid in ("1.1", "1.2"):
        tally.refuse(FILE, f"data set says {uid}", "they differ")
    progress = tally.progress()
    assert progress.reasons == {"they differ": 2}
    assert [file.why for file in progress.refused_files] == [
        "data set says 1.1",
        "data set says 1.2",
    ]


def test_it_takes_little_memory_however_much_is_refused() -> None:
    tally = ImportTally()
    for number in range(MAX_REFUSED + 10):
        tally.refuse(FILE, f"reason {number}")
    progress = tally.progress()
    assert progress.refused == MAX_REFUSED + 10
    assert len(progress.refused_files) == MAX_REFUSED
    assert len(progress.reasons) == MAX_REASONS + 1
    assert progress.reasons[OTHER_REASONS] == MAX_REFUSED + 10 - MAX_REASONS


def test_json_can_say_a_name_that_is_no_text() -> None:
    tally = ImportTally()
    tally.refuse(Path("/a/\udcff"), "why")
    assert json.dumps(asdict(tally.progress()), ensure_ascii=False).encode()
    assert tally.progress().refused_files[0].path == "/a/\\xff"
