"""Stored studies tried by rules in force and by others."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pacsd.app import rule_replay
from pacsd.app.admin.errands import ErrandError
from pacsd.app.admin.rule_records import ReplayReport, StudyRoutes, TargetCount
from pacsd.app.rule_replay import RuleReplay
from pacsd.archive.deliverable import Deliverables
from pacsd.archive.event_subjects import EventSubjects
from pacsd.jobs.route_trials import RouteTrials
from tests.app.admin.test_rule_commands import Rules, header_of
from tests.app.small_archive import SmallArchive, small_archive


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as opened:
        for number, modality in enumerate(("CT", "MR", "CT")):
            study = f"1.2.{number + 1}"
            await opened.add(
                f"{study}.1.1",
                Modality=modality,
                StudyInstanceUID=study,
                SeriesInstanceUID=f"{study}.1",
            )
        yield opened


async def replayed(archive: SmallArchive, rules: str | None = None) -> ReplayReport:
    subjects = EventSubjects(archive.index, header_of)
    trials = RouteTrials(subjects, Deliverables(archive.retriever), Rules())
    arguments = {"plugin": "acme", "rules": rules, "since_us": 0}
    replay = RuleReplay(arguments, trials, archive.index.recent_studies)
    await replay.run()
    return replay.report()


async def test_without_others_every_study_is_listed(archive: SmallArchive) -> None:
    report = await replayed(archive)
    assert (report.studies, report.changed) == (3, 0)
    assert report.targets == (TargetCount("A", 2, 2),)
    goes = {"A": "all CT"}
    assert report.listed == (
        StudyRoutes("1.2.1", goes, goes),
        StudyRoutes("1.2.2", {}, {}),
        StudyRoutes("1.2.3", goes, goes),
    )


async def test_with_others_those_that_change_are(archive: SmallArchive) -> None:
    report = await replayed(archive, "B")
    assert (report.studies, report.changed) == (3, 2)
    assert report.targets == (TargetCount("A", 2, 0), TargetCount("B", 0, 2))
    assert [each.study_instance_uid for each in report.listed] == ["1.2.1", "1.2.3"]
    assert (await replayed(archive, "A")).changed == 0


async def test_the_list_has_a_bound(archive: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_replay, "MAX_LISTED", 1)
    report = await replayed(archive, "B")
    assert (report.changed, len(report.listed)) == (2, 1)


async def test_rules_that_cannot_be_used_are_told_first(archive: SmallArchive) -> None:
    with pytest.raises(ErrandError, match="no rules"):
        await replayed(archive, "bad")
