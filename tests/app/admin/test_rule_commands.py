"""The commands about rules, over a small archive and rules in this file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pacsd.api.errors import HookError
from pacsd.api.event_subject import EventSubject
from pacsd.api.events import EventKind
from pacsd.api.host import HostError
from pacsd.api.routing import HeaderWanted, Route, RouteTrial, RulesRefused, RuleVerdict
from pacsd.app.admin import rule_commands
from pacsd.app.admin.rule_commands import RuleCommands
from pacsd.app.admin.rule_records import (
    Explained,
    RouteAnswer,
    RulesChecked,
    RulesPlugin,
    TrialAnswer,
)
from pacsd.app.admin.unix_socket import AdminError
from pacsd.archive.deliverable import Deliverables
from pacsd.archive.event_subjects import EventSubjects
from pacsd.jobs.route_trials import RouteTrials
from tests.app.small_archive import SmallArchive, small_archive

HEADER = '{"0020000D": {"vr": "UI", "Value": ["1.7"]}, "00080060": {"vr": "CS", "Value": ["MR"]}}'


class Rules:
    """What is of CT goes to A, or to what other rules name."""

    kinds: tuple[EventKind, ...] = (EventKind.INSTANCE_STORED, EventKind.STUDY_QUIET)

    async def __call__(
        self, plugin: str, subject: EventSubject | None, rules: str | None
    ) -> RouteTrial | HeaderWanted | RulesRefused | None:
        if rules == "bad":
            return RulesRefused("no rules")
        if rules == "worse":
            raise HookError(plugin, "pacsd_route_trial", "raised ValueError: x")
        if subject is None:
            return RouteTrial((Route("A", "rule ct"), Route("B", "rule b")), (), self.kinds)
        told = subject.attributes
        modality = told.get("Modality", told.get("ModalitiesInStudy", ""))
        routes = (Route(rules or "A", "all CT"),) if "CT" in modality else ()
        return RouteTrial(routes, (RuleVerdict("ct", is_match=bool(routes), why=modality),))


async def missing(routes: Sequence[Route]) -> list[str]:
    return [f"{each.reason}: nobody has it" for each in routes if each.target == "B"]


async def header_of(uid: str) -> bytes:
    raise HostError(f"{uid} cannot be read")


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as opened:
        yield opened


async def asked(archive: SmallArchive, command: str, **arguments: object) -> Any:
    subjects = EventSubjects(archive.index, header_of)
    trials = RouteTrials(subjects, Deliverables(archive.retriever), Rules())
    plugins = {"acme": True, "tape": False}
    commands = RuleCommands(trials, missing, lambda: plugins, lambda: 5)
    return await _call(commands, command, {"plugin": "acme", **arguments})


async def _call(commands: RuleCommands, command: str, arguments: Mapping[str, object]) -> Any:
    answer: Any = commands.by_name()[command](arguments)
    return answer if isinstance(answer, list) else await answer


async def test_who_has_rules(archive: SmallArchive) -> None:
    assert await asked(archive, "rules.plugins") == [
        RulesPlugin("acme", explains=True),
        RulesPlugin("tape", explains=False),
    ]


async def test_rules_that_can_be_used_look_at_kinds_and_lead_somewhere(
    archive: SmallArchive,
) -> None:
    assert await asked(archive, "rules.check", rules="B") == RulesChecked(
        ("instance_stored", "study_quiet"), ("A", "B"), ("rule b: nobody has it",)
    )
    assert await asked(archive, "rules.kinds") == ["instance_stored", "study_quiet"]
    with pytest.raises(AdminError, match=r"^no rules$"):
        await asked(archive, "rules.check", rules="bad")
    with pytest.raises(AdminError, match="raised ValueError: x"):
        await asked(archive, "rules.check", rules="worse")


async def test_instances_of_which_rules_say_the_same_are_one_answer(archive: SmallArchive) -> None:
    for number in range(3):
        await archive.add(f"1.2.3.{number + 4}", Modality="CT")
    await archive.add("1.2.3.9", Modality="SR", SeriesInstanceUID="1.2.3.2")
    explained: Explained = await asked(archive, "rules.explain", study="1.2.3", rules="B")
    assert explained.is_whole
    found = explained.trials
    assert [(each.kind, each.uid, each.alike) for each in found] == [
        ("instance_stored", "1.2.3.4", 3),
        ("instance_stored", "1.2.3.9", 1),
        ("study_quiet", "1.2.3", 1),
    ]
    assert [each.routes for each in found] == [
        (RouteAnswer("B", "all CT", "medium"),),
        (),
        (RouteAnswer("B", "all CT", "medium"),),
    ]


async def test_a_study_of_any_size_is_explained_within_bounds(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_commands, "MAX_EXPLAINED", 2)
    for number in range(3):
        await archive.add(f"1.2.3.{number + 4}", Modality="CT")
    explained: Explained = await asked(archive, "rules.explain", study="1.2.3")
    [answer] = explained.trials
    assert (answer.alike, explained.is_whole) == (2, False)


@pytest.mark.parametrize(
    ("study", "said"), [("1.9", "is not here, or no rule"), ("x\n", "study: .* is no UID")]
)
async def test_what_is_not_here_is_told(archive: SmallArchive, study: str, said: str) -> None:
    with pytest.raises(AdminError, match=said):
        await asked(archive, "rules.explain", study=study)


async def test_what_is_not_in_the_archive_is_told_of_by_its_header(archive: SmallArchive) -> None:
    test = {"kind": "study_quiet", "header": HEADER, "modalities": "CT\\MR", "calling_ae": "CT1"}
    answer: TrialAnswer = await asked(archive, "rules.test", **test)
    assert (answer.kind, answer.uid) == ("study_quiet", "1.7")
    assert answer.routes == (RouteAnswer("A", "all CT", "medium"),)
    assert answer.verdicts[0].why == "CT\\MR"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "patient"}, "kind: patient is none"),
        ({"kind": "study_deleted"}, "kind: study_deleted is none"),
        ({"header": "{"}, "header: is no JSON"),
        ({"header": "[]"}, "header: is no data set"),
        ({"rules": "bad"}, "no rules"),
    ],
)
async def test_what_is_no_subject_is_told(
    archive: SmallArchive, changed: dict[str, str], said: str
) -> None:
    with pytest.raises(AdminError, match=said):
        await asked(archive, "rules.test", **{"kind": "study_quiet", "header": HEADER, **changed})
