from pacsd.app.admin.deletion_records import DeletionCount, DeletionDone, DeletionSummary
from pacsd.dicom.level import Level
from pacsd.index.deletion_records import Cause, Counted, ListedDeletion, UniqueKeys

DAY_US = 86_400_000_000
KEYS = UniqueKeys("1.2.3", "1.2.3.1")


def test_how_much_there_is() -> None:
    counted = Counted(7, 1, 1_000, 99)
    assert DeletionCount.of(KEYS, counted, 30 * DAY_US) == DeletionCount(
        "series", "1.2.3.1", "1.2.3", 1, 7, 1_000, 30.0
    )
    assert DeletionCount.of(KEYS, counted, None).keep_days is None


def test_what_was_done() -> None:
    assert DeletionDone.of(KEYS, 7) == DeletionDone("series", "1.2.3.1", "1.2.3", 7)


def test_until_when_it_can_be_restored() -> None:
    cause = Cause(1_000_000, "why", Level.STUDY, "1.2.3")
    summary = DeletionSummary.of(ListedDeletion(5, "admin", cause, 7, ("1.2.3",)), DAY_US)
    assert (summary.deleted_at, summary.restorable_until) == (1.0, 86_401.0)
    assert (summary.level, summary.uid, summary.reason) == ("study", "1.2.3", "why")
    unknown = DeletionSummary.of(ListedDeletion(5, "", Cause(0), 7, ("1.2.3",)), None)
    assert (unknown.restorable_until, unknown.level, unknown.uid) == (None, "", "")
