"""All rules of a file, in their order."""

from dataclasses import replace
from datetime import UTC

import pytest
from pacsd_route_rules.rule_file import MAX_TOLD, RuleFileError
from pacsd_route_rules.rule_set import NOT_ASKED, RuleSet, read_rules

from pacsd.api.events import EventKind
from pacsd.api.routing import MAX_ROUTES, HeaderWanted, RouteTrial
from pacsd.testing.hook_records import event_subject

SUBJECT = event_subject({"Modality": "CT"})
TWO = """
[[rule]]
name = "ct"
match = { Modality = "CT" }
to = ["a", "b"]
priority = "high"

[[rule]]
name = "all"
to = ["b", "c"]
"""
THIN = """
[[rule]]
name = "thin"
match = { SliceThickness = "1" }
to = "d"
"""


def rules(text: str) -> RuleSet:
    return read_rules(text, UTC)


def went(text: str) -> list[tuple[str, str]]:
    routes = rules(text).routes(SUBJECT)
    assert not isinstance(routes, HeaderWanted)
    return [(each.target, each.reason) for each in routes]


def test_all_rules_that_match_count_and_of_one_target_the_first() -> None:
    assert went(TWO) == [("a", "rule ct"), ("b", "rule ct"), ("c", "rule all")]


def test_or_only_the_first_that_matches() -> None:
    assert went('mode = "first"\n' + TWO) == [("a", "rule ct"), ("b", "rule ct")]
    stays = '[[rule]]\nname = "stays"\nmatch = { Modality = "CT" }\n'
    assert went('mode = "first"\n' + stays + TWO) == []


def test_the_header_is_wanted_only_where_it_decides() -> None:
    assert rules(TWO + THIN).routes(SUBJECT) == HeaderWanted()
    first = rules('mode = "first"\n' + TWO + THIN)
    assert not isinstance(first.routes(SUBJECT), HeaderWanted)
    header = b'{"00180050": {"vr": "DS", "Value": [1]}}'
    trial = rules(THIN).trial(replace(SUBJECT, header=header))
    assert isinstance(trial, RouteTrial)
    assert [each.target for each in trial.routes] == ["d"]
    assert rules(THIN).trial(SUBJECT) == HeaderWanted()


def test_each_rule_says_what_it_says() -> None:
    trial = rules('mode = "first"\n' + TWO).trial(SUBJECT)
    assert isinstance(trial, RouteTrial)
    assert [(each.rule, each.is_match, each.why) for each in trial.verdicts] == [
        ("ct", True, "Modality = CT"),
        ("all", False, NOT_ASKED),
    ]
    trial = rules(TWO).trial(event_subject({"Modality": "MR"}))
    assert isinstance(trial, RouteTrial)
    assert [each.is_match for each in trial.verdicts] == [False, True]


def test_rules_look_at_kinds_of_events() -> None:
    text = TWO + 'of = "instance"\n'
    assert rules(text).kinds == (EventKind.INSTANCE_STORED, EventKind.STUDY_QUIET)
    assert rules("").kinds == ()
    stored = event_subject({"Modality": "CT"}, EventKind.INSTANCE_STORED)
    routes = rules(text).routes(stored)
    assert not isinstance(routes, HeaderWanted)
    assert [each.target for each in routes] == ["b", "c"]


def test_all_that_rules_may_lead_to_is_known_beforehand() -> None:
    again = "[[rule]]\nname = 'coerced'\nto = ['a', 'c']\ncoerce = 'x'\n"
    overview = rules(TWO + THIN + again).overview()
    assert [(each.target, each.coercion, each.rule) for each in overview.routes] == [
        ("a", "", "ct"),
        ("b", "", "ct"),
        ("c", "", "all"),
        ("d", "", "thin"),
        ("a", "x", "coerced"),
        ("c", "x", "coerced"),
    ]
    assert overview.kinds == (EventKind.STUDY_QUIET,)


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = "[[rule]]\nname = 'r{}'\nto = 'y'\nfrom = '@z'\n"
    with pytest.raises(RuleFileError) as raised:
        rules("[[rule]]\nname = 'r1'\n" + wrong.format(1) + wrong.format(2))
    assert str(raised.value).split("; ") == [
        "rule 'r1': to: goes nowhere, which only means something in mode \"first\"",
        "rule 'r1': another rule has this name",
        "rule 'r1': from: @z is none of the groups",
        "rule 'r2': from: @z is none of the groups",
    ]
    many = "".join(wrong.format(number) for number in range(MAX_TOLD + 5))
    with pytest.raises(RuleFileError, match=f"{MAX_TOLD - 1}': from: @z .*; and 5 more$"):
        rules(many)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TWO + TWO, "rule 'ct': another rule has this name"),
        ('[[rule]]\nname = "x"\n', "rule 'x': to: goes nowhere, which only means something in"),
        ("[[rule]]\nname = 'x'\nto = 'y'\nfrom = '@z'", "rule 'x': from: @z is none of the groups"),
        (
            f"[[rule]]\nname = 'x'\nto = {[f't{number}' for number in range(MAX_ROUTES + 1)]}",
            "101 targets are more than 100",
        ),
    ],
)
def test_rules_that_do_not_go_together_are_refused(text: str, said: str) -> None:
    with pytest.raises(RuleFileError) as raised:
        rules(text)
    assert said in str(raised.value)
