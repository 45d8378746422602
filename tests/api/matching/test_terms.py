"""The keys of a table: what they ask for together, and why a subject has it or not."""

from dataclasses import replace
from datetime import UTC

import pytest

from pacsd.api.matching.criteria import Criterion
from pacsd.api.matching.known import Answer, Known
from pacsd.api.matching.terms import Matching, MatchTerms
from pacsd.testing.hook_records import event_subject

GROUPS = {"scanners": ("CT*", "MR1")}


def matching(**keys: object) -> Matching:
    return MatchTerms.model_validate(keys).matching(GROUPS, UTC, {})


def known(**attributes: str) -> Known:
    return Known(event_subject(attributes))


def test_without_terms_everything_matches() -> None:
    assert matching().answer(known()) is Answer.YES
    assert matching().told(known()) == (True, "matches everything")


def test_all_of_them_have_to_hold() -> None:
    both = matching(match={"Modality": "CT"}, called=["PACSD"])
    assert both.answer(known(Modality="CT")) is Answer.YES
    assert both.answer(known(Modality="MR")) is Answer.NO
    assert both.told(known(Modality="CT")) == (True, "called PACSD; Modality = CT")
    assert both.told(known(Modality="MR")) == (False, "Modality = CT: Modality is MR")
    assert matching(called=["OTHER"]).told(known()) == (False, "called OTHER: is PACSD")


def test_what_is_known_to_fail_needs_no_header() -> None:
    asks = matching(match={"SliceThickness": "1", "Modality": "CT"})
    assert asks.answer(known(Modality="MR")) is Answer.NO
    assert asks.answer(known(Modality="CT")) is Answer.UNKNOWN
    why = "SliceThickness = 1: only the header says it"
    assert asks.told(known(Modality="CT")) == (False, why)


def test_a_group_stands_for_its_titles() -> None:
    grouped = matching(**{"from": ["@scanners", "US9"]})
    assert grouped.told(known()) == (True, "from CT* or MR1 or US9")
    with pytest.raises(ValueError, match=r"^from: @others is none of the groups$"):
        matching(**{"from": ["@others"]})


@pytest.mark.parametrize(
    ("keys", "is_match"),
    [
        ({"labels": ["urgent"]}, True),
        ({"labels": ["other"]}, False),
        ({"min_bytes": 10}, True),
        ({"max_bytes": 9}, False),
        ({"during": "tue 22:00-23:00"}, True),
        ({"unless": {"Modality": "CT"}}, False),
        ({"from": "CT1"}, True),
        ({"called": "OTHER"}, False),
    ],
)
def test_each_key_counts(keys: dict[str, object], is_match: bool) -> None:
    subject = replace(event_subject({"Modality": "CT"}), labels=("urgent",), size_bytes=10)
    assert matching(**keys).told(Known(subject))[0] is is_match


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"match": {"Modalty": "CT"}}, "'Modalty' is no keyword"),
        ({"during": "night"}, "window 'night': is not like"),
        ({"min_bytes": 5, "max_bytes": 4}, "max_bytes: 4 is less than min_bytes"),
        ({"labels": ""}, "at least 1 character"),
    ],
)
def test_what_is_wrong_is_told(keys: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        matching(**keys)


def test_what_several_ask_for_is_one_criterion() -> None:
    shared: dict[str, Criterion] = {}
    terms = MatchTerms(match={"Modality": ("CT",)})
    one, other = (terms.matching({}, UTC, shared) for _ in range(2))
    assert one.criteria[0] is other.criteria[0]
