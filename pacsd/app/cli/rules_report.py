"""What `pacsd rules` says: where something would go and why, and what other rules change."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pacsd.app.admin.rule_records import (
        Explained,
        ReplayReport,
        RouteAnswer,
        StudyRoutes,
        TrialAnswer,
    )

_KINDS = {"instance_stored": "instance", "series_quiet": "series", "study_quiet": "study"}


def describe_trial(trial: "TrialAnswer") -> Iterator[str]:
    """Where it would go, then what each rule says that looks at such."""
    more = f" and {trial.alike - 1:,} more alike" if trial.alike > 1 else ""
    yield f"{_KINDS.get(trial.kind, trial.kind)} {trial.uid}{more}: {_targets(trial.routes)}"
    for verdict in trial.verdicts:
        if verdict.is_match or not verdict.why.startswith("looks at "):
            yield f"  {'+' if verdict.is_match else '-'} {verdict.rule}: {verdict.why}"


def describe_explained(explained: "Explained") -> Iterator[str]:
    """All of a study, and whether that is all."""
    for trial in explained.trials:
        yield from describe_trial(trial)
    if not explained.is_whole:
        yield "... there is more of this study, which was not tried"


def describe_replay(report: "ReplayReport", *, tries_others: bool) -> Iterator[str]:
    """How many studies go where; then those that change, or each if nothing else was tried."""
    yield f"{report.studies:,} studies"
    for each in report.targets:
        if not tries_others:
            yield f"  {each.target}: {each.in_force:,}"
        else:
            difference = each.tried - each.in_force
            yield f"  {each.target}: {each.in_force:,} -> {each.tried:,} ({difference:+,})"
    if tries_others:
        yield f"{report.changed:,} would go elsewhere"
    for study in report.listed:
        yield from _describe_changes(study) if tries_others else _describe_study(study)
    unlisted = (report.changed if tries_others else report.studies) - len(report.listed)
    if unlisted > 0:
        yield f"and {unlisted:,} more, not listed"


def replay_as_json(report: "ReplayReport") -> object:
    """The same for programs."""
    return asdict(report)


def _targets(routes: "tuple[RouteAnswer, ...]") -> str:
    return ", ".join(f"{each.target} ({each.priority})" for each in routes) or "stays here"


def _describe_study(study: "StudyRoutes") -> Iterator[str]:
    to = ", ".join(f"{target} ({why})" for target, why in study.in_force.items())
    yield f"{study.study_instance_uid}: {to or 'stays here'}"


def _describe_changes(study: "StudyRoutes") -> Iterator[str]:
    yield study.study_instance_uid
    for target, why in study.tried.items():
        if target not in study.in_force:
            yield f"  + {target} ({why})"
    for target, why in study.in_force.items():
        if target not in study.tried:
            yield f"  - {target} ({why})"
