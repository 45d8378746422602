"""One rule: all of its criteria, and its routes."""

from datetime import UTC

import pytest
from pacsd_route_rules.rule import Rule, make_rule
from pacsd_route_rules.rule_file import RuleFileError, RuleTable

from pacsd.api.events import EventKind
from pacsd.api.matching.known import Answer, Known
from pacsd.api.routing import Route, RoutePriority
from pacsd.testing.hook_records import event_subject

GROUPS = {"scanners": ("CT*", "MR1")}


def rule(**keys: object) -> Rule:
    table = RuleTable.model_validate({"name": "a", "to": ["peer:B"], **keys})
    return make_rule(table, GROUPS, UTC, {})


def known(**attributes: str) -> Known:
    return Known(event_subject(attributes))


def test_without_criteria_everything_matches() -> None:
    verdict = rule().verdict(known())
    assert rule().answer(known()) is Answer.YES
    assert (verdict.rule, verdict.is_match, verdict.why) == ("a", True, "matches everything")


def test_all_criteria_have_to_hold() -> None:
    both = rule(match={"Modality": "CT"}, called=["PACSD"])
    assert both.answer(known(Modality="CT")) is Answer.YES
    assert both.answer(known(Modality="MR")) is Answer.NO
    assert both.verdict(known(Modality="CT")).why == "called PACSD; Modality = CT"
    assert both.verdict(known(Modality="MR")).why == "Modality = CT: Modality is MR"
    assert rule(called=["OTHER"]).verdict(known()).why == "called OTHER: is PACSD"


def test_a_group_stands_for_its_titles() -> None:
    grouped = rule(**{"from": ["@scanners", "US9"]})
    assert grouped.answer(known()) is Answer.YES
    assert grouped.verdict(known()).why == "from CT* or MR1 or US9"
    with pytest.raises(RuleFileError, match=r"rule 'a': from: @others is none of the groups"):
        rule(**{"from": ["@others"]})


def test_it_looks_at_one_kind_of_events() -> None:
    of_series = rule(of="series")
    assert of_series.kind is EventKind.SERIES_QUIET
    assert of_series.verdict(known()).why == "looks at series_quiet, this is study_quiet"


def test_its_routes_name_it() -> None:
    made = rule(to=["peer:B", "tape"], priority="high")
    assert made.routes == (
        Route("peer:B", "rule a", RoutePriority.HIGH, "a"),
        Route("tape", "rule a", RoutePriority.HIGH, "a"),
    )


def test_its_routes_name_its_coercion() -> None:
    [route] = rule(coerce="research").routes
    assert route.coercion == "research"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"coerce": "a" * 65}, "coercion 'aaa"),
        ({"match": {"Modalty": "CT"}}, "'Modalty' is no keyword"),
        ({"during": "night"}, "window 'night': is not like"),
        ({"min_bytes": 5, "max_bytes": 4}, "max_bytes: 4 is less than min_bytes"),
        ({"to": ["x" * 300]}, "must be 1 to 200 bytes"),
    ],
)
def test_what_is_wrong_with_it_is_told_with_its_name(keys: dict[str, object], said: str) -> None:
    with pytest.raises(RuleFileError) as raised:
        rule(**keys)
    assert str(raised.value).startswith("rule 'a': ")
    assert said in str(raised.value)
