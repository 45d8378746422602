import json
from dataclasses import asdict
from pathlib import Path

from pacsd.app.import_records import MAX_REASONS, MAX_REFUSED, OTHER_REASONS, ImportTally
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
