import json
from dataclasses import asdict

from pacsd.app.export_records import MAX_FAILED, ExportTally, FailedInstance
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


def test_it_takes_little_memory_however_much_fails() -> None:
    tally = ExportTally()
    for number in range(MAX_FAILED + 10):
        tally.fail(f"1.{number}", f"reason {number}")
    progress = tally.progress()
    assert (progress.failed, len(progress.failures)) == (MAX_FAILED + 10, MAX_FAILED)
    assert len(progress.reasons) == MAX_REASONS + 1
    assert progress.reasons[OTHER_REASONS] == MAX_FAILED + 10 - MAX_REASONS
