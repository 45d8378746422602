from dataclasses import replace

import pytest

from pacsd.app.admin.delivery_records import (
    DeliveredItem,
    DeliveryDetail,
    DeliverySummary,
    TargetSummary,
)
from pacsd.app.cli.deliveries_report import (
    describe,
    describe_detail,
    describe_item,
    describe_target,
)
from tests.app.admin.test_delivery_records import ENTRY

SUMMARY = DeliverySummary.of(ENTRY, "")
ITEM = DeliveredItem("1.1", "1.0", "delivered", "0000", 1.7e9, "ab", 9, 1, "", None, "")


def test_a_delivery_says_how_far_it_is_and_what_is_in_its_way() -> None:
    lines = [*describe(replace(SUMMARY, held_up="no\npower"))]
    assert lines[0] == "delivery 7: open, study 1.2.3 to peer:B by all CT (routing)"
    assert lines[1].startswith("  2 delivered, 1 waiting; since ")
    assert lines[2:] == ["  busy", "  held up: no\\npower"]
    nothing = replace(SUMMARY, rule="", waiting=0, delivered=0, explanation="")
    first, second = describe(nothing)
    assert first.endswith("to peer:B (routing)")
    assert second.startswith("  nothing; since ")


def test_all_about_it_says_who_ordered_it() -> None:
    detail = DeliveryDetail.of(replace(ENTRY, coercion="site B"), "")
    lines = [*describe_detail(detail)]
    assert "  ordered by route_rules: rule all CT" in lines
    assert "  coerced by site B" in lines
    assert "  covers changes up to 9, confirmed up to 5" in lines


def test_an_instance_has_a_line() -> None:
    line = describe_item(ITEM)
    assert line.startswith("  1.1 delivered 0000 2023-")
    assert line.endswith(" sha256 ab")
    refused = replace(
        ITEM, state="refused", status="A900", sent_at=None, explanation="does not match"
    )
    assert describe_item(refused) == "  1.1 refused A900: does not match"
    committed = replace(ITEM, commitment="committed", committed_at=1.7e9)
    assert " commitment committed 2023-" in describe_item(committed)
    assert describe_item(replace(ITEM, commitment="awaited")).endswith(" commitment awaited")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (TargetSummary("tape", 0, 0, 0, None, "", ""), "tape: nothing waits"),
        (
            TargetSummary("tape", 1_200, 2, 1, None, "", "anna"),
            "tape: 1,200 waiting, 2 being made, 1 given up, paused by anna",
        ),
        (
            TargetSummary("disk", 1, 0, 0, 263_000, "no \x1bpower", ""),
            "disk: 1 waiting, down for 73 h 03 min: no \\x1bpower",
        ),
        (TargetSummary("disk", 1, 0, 0, 9.9, "", ""), "disk: 1 waiting, down for 9 s"),
    ],
)
def test_a_target_is_a_line(target: TargetSummary, said: str) -> None:
    assert describe_target(target) == said
