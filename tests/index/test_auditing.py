from pacsd.index.auditing import AGAIN_AFTER_US, append_audit
from pacsd.index.desks import WriterDesk
from pacsd.index.records import AuditEntry
from tests.index.made import Clock, added, new, rows

TRAIL = "SELECT actor, action, outcome, study_instance_uid FROM audit ORDER BY id"


def test_an_entry_is_appended(desk: WriterDesk) -> None:
    entry = AuditEntry("admin", "discard", "done", "1.2", "192.0.2.9", "why\0")
    desk.perform(lambda session: append_audit(session, 1, entry))
    assert rows(desk, TRAIL) == [("admin", "discard", "done", "1.2")]
    assert rows(desk, "SELECT peer_address, detail FROM audit") == [("192.0.2.9", "why\ufffd")]


def test_a_study_sent_object_by_object_is_one_entry(desk: WriterDesk) -> None:
    for number in range(5):
        added(desk, new(f"1.{number}"))
    assert rows(desk, TRAIL) == [("CT_1", "store (dimse)", "stored", "1.2.3")]


def test_each_sender_study_and_outcome_has_its_entry(desk: WriterDesk) -> None:
    added(
        desk,
        new("1.1"),
        new("1.1"),
        new("1.2", study="9", series="9.1"),
        new("1.3", calling_ae="CT_2"),
        new("1.4", patient_id="P2"),
    )
    assert sorted(rows(desk, TRAIL), key=repr) == [
        ("CT_1", "store (dimse)", "duplicate", "1.2.3"),
        ("CT_1", "store (dimse)", "held", "1.2.3"),
        ("CT_1", "store (dimse)", "stored", "1.2.3"),
        ("CT_1", "store (dimse)", "stored", "9"),
        ("CT_2", "store (dimse)", "stored", "1.2.3"),
    ]


def test_who_goes_on_is_audited_again_in_a_while(desk: WriterDesk, clock: Clock) -> None:
    added(desk, new("1.1"))
    clock.us += AGAIN_AFTER_US
    added(desk, new("1.2"))
    assert len(rows(desk, TRAIL)) == 2
