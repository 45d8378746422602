from pacsd.api.routing import Route, RoutePriority, RouteTrial, RuleVerdict
from pacsd.app.admin.rule_records import (
    RouteAnswer,
    StudyRoutes,
    TrialAnswer,
    VerdictAnswer,
)


def test_a_trial_is_answered_with_all_it_says() -> None:
    trial = RouteTrial(
        (Route("peer:A", "rule a", RoutePriority.HIGH),),
        (RuleVerdict("a", is_match=True, why="Modality = CT"),),
    )
    assert TrialAnswer.of("study_quiet", "1.2", trial) == TrialAnswer(
        "study_quiet",
        "1.2",
        (RouteAnswer("peer:A", "rule a", "high"),),
        (VerdictAnswer("a", True, "Modality = CT"),),
    )


def test_what_goes_to_the_same_targets_does_not_change() -> None:
    assert not StudyRoutes("1.2", {"a": "one", "b": "x"}, {"b": "other", "a": "x"}).changes
    assert StudyRoutes("1.2", {"a": "one"}, {}).changes
