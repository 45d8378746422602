from pacsd.app.admin.delivery_records import DeliveredItem, DeliveryDetail, DeliverySummary
from pacsd.index.delivery_records import (
    Commitment,
    DeliveryState,
    Item,
    ItemState,
    LedgerEntry,
)
from pacsd.index.job_records import JobClass

ENTRY = LedgerEntry(
    id=7,
    partition=1,
    plugin="route_rules",
    rule="all CT",
    target="peer:B",
    study_instance_uid="1.2.3",
    reason="rule all CT",
    coercion="",
    priority=JobClass.ROUTING,
    state=DeliveryState.OPEN,
    covered=9,
    confirmed=5,
    waiting=1,
    delivered=2,
    refused=0,
    created_at_us=1_700_000_000_000_000,
    changed_at_us=1_700_000_060_000_000,
    explanation="busy",
)


def test_times_are_seconds_and_words_are_small() -> None:
    summary = DeliverySummary.of(ENTRY, "C-ECHO: timeout")
    assert (summary.state, summary.priority) == ("open", "routing")
    assert (summary.created_at, summary.changed_at) == (1.7e9, 1.7e9 + 60)
    assert summary.held_up == "C-ECHO: timeout"
    detail = DeliveryDetail.of(ENTRY, "")
    assert (detail.plugin, detail.covered, detail.confirmed) == ("route_rules", 9, 5)


def test_what_is_told_of_an_instance() -> None:
    item = Item(
        "1.1", "1.0", 3, b"\xab", 9, ItemState.DELIVERED, 2, "0000", "", 1, Commitment.NONE, 0
    )
    told = DeliveredItem.of(item)
    assert (told.state, told.sha256, told.commitment) == ("delivered", "ab", "")
    assert (told.sent_at, told.committed_at) == (1e-6, None)
