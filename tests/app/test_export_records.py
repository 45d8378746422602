import json
from collections import Counter
from dataclasses import asdict

import pytest

from pacsd.app.export_records import (
    MAX_FAILED,
    ExportTally,
    FailedInstance,
    UncorrectedInstance,
)
from pacsd.app.import_records import MAX_REASONS, OTHER_REASONS


def test_instances_are_counted() -> None:
    tally = ExportTally(expected=3, studies=1)
    tally.add(100)
    tally.add(50)
    tally.fail("1.2.3", "damaged")
    progress = tally.progress()
    assert (progress.exported, progress.failed, progress.data_set_bytes) == (2, 1, 150)
    assert progress.reasons == {"damaged": 1}
    assert progress.failures == (FailedInstance("1.2.3", "damaged"),)
    assert json.loads(json.dumps(asdict(progress)))["expected"] == 3


def test_what_left_without_a_correction_is_named() -> None:
    tally = ExportTally(expected=1)
    tally.add(100)
    assert tally.outcome == "done"
    tally.leave_uncorrected("1.2.3", ("PatientName",))
    assert tally.outcome == "done in part"
    progress = tally.progress()
    assert (progress.exported, progress.failed, progress.not_corrected) == (1, 0, 1)
    assert progress.uncorrected == (UncorrectedInstance("1.2.3", ("PatientName",)),)


@pytest.mark.parametrize(
    "tally",
    [
        ExportTally(expected=2, exported=1),
        ExportTally(expected=1, exported=1, gave_up="no space left"),
        ExportTally(expected=1, exported=1, reasons=Counter({"damaged": 1})),
    ],
)
def test_a_part_is_not_all(tally: ExportTally) -> None:
    assert tally.outcome == "done in part"


def test_it_takes_little_memory_however_much_fails() -> None:
    tally = ExportTally()
    for number in range(MAX_FAILED + 10):
        tally.fail(f"1.{number}", f"reason {number}")
        tally.leave_uncorrected(f"2.{number}", ("PatientName",))
    progress = tally.progress()
    assert (progress.failed, len(progress.failures)) == (MAX_FAILED + 10, MAX_FAILED)
    assert (progress.not_corrected, len(progress.uncorrected)) == (MAX_FAILED + 10, MAX_FAILED)
    assert len(progress.reasons) == MAX_REASONS + 1
    assert progress.reasons[OTHER_REASONS] == MAX_FAILED + 10 - MAX_REASONS
