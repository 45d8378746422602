"""What is said of trials and replays; how it is called is in test_rules.py."""

import json

from pacsd.app.admin.rule_records import (
    Explained,
    ReplayReport,
    RouteAnswer,
    StudyRoutes,
    TargetCount,
    TrialAnswer,
    VerdictAnswer,
)
from pacsd.app.cli.rules_report import (
    describe_explained,
    describe_replay,
    describe_trial,
    replay_as_json,
)


def test_instances_that_go_alike_are_one_line() -> None:
    verdict = VerdictAnswer("thin", False, "SliceThickness = 1: SliceThickness is 5")
    trial = TrialAnswer("instance_stored", "1.2.3", (), (verdict,), alike=1_200)
    assert list(describe_trial(trial)) == [
        "instance 1.2.3 and 1,199 more alike: stays here",
        "  - thin: SliceThickness = 1: SliceThickness is 5",
    ]


def test_all_targets_are_named() -> None:
    routes = RouteAnswer("peer:A", "rule a", "high"), RouteAnswer("tape", "rule b", "medium")
    [line] = describe_trial(TrialAnswer("series_quiet", "1.2", routes, ()))
    assert line == "series 1.2: peer:A (high), tape (medium)"


def test_a_study_that_was_not_tried_whole_says_so() -> None:
    trial = TrialAnswer("study_quiet", "1.2", (), ())
    assert list(describe_explained(Explained((trial,), is_whole=True))) == ["study 1.2: stays here"]
    [_, more] = describe_explained(Explained((trial,), is_whole=False))
    assert "was not tried" in more


def test_what_does_not_change_is_not_listed() -> None:
    report = ReplayReport(5, 0, (TargetCount("a", 5, 5),), ())
    assert list(describe_replay(report, tries_others=True)) == [
        "5 studies",
        "  a: 5 -> 5 (+0)",
        "0 would go elsewhere",
    ]


def test_what_is_not_listed_is_counted() -> None:
    study = StudyRoutes("1.2", {}, {"a": "rule a"})
    lines = list(describe_replay(ReplayReport(9, 3, (), (study,)), tries_others=True))
    assert lines[-3:] == ["1.2", "  + a (rule a)", "and 2 more, not listed"]
    assert json.loads(json.dumps(replay_as_json(ReplayReport(9, 3, (), (study,)))))["changed"] == 3
