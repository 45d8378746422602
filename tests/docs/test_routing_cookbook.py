"""Every rule of the cookbook does what it says: where something goes, and where it does not."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pacsd_route_rules.rule_set import RuleSet, read_rules
from pacsd_target_s3.settings import TargetS3Settings, problems

from contrib.docs.generate import ROOT
from pacsd.api.event_subject import EventSubject
from pacsd.api.events import EventKind
from pacsd.api.routing import HeaderWanted
from pacsd.app.conf.settings import Config
from pacsd.testing.hook_records import event_subject

COOKBOOK = ROOT / "contrib/docs/routing-cookbook.md"
INSTANCE, SERIES, STUDY = (
    EventKind.INSTANCE_STORED,
    EventKind.SERIES_QUIET,
    EventKind.STUDY_QUIET,
)
NIGHT = int(datetime(2026, 11, 26, 23, 0, tzinfo=UTC).timestamp()) * 1_000_000
NOON = int(datetime(2026, 11, 26, 12, 0, tzinfo=UTC).timestamp()) * 1_000_000


ORDERED = b'{"00400275":{"vr":"SQ","Value":[{"00400009":{"vr":"SH","Value":["CARD7"]}}]}}'


def sliced(thickness: float) -> bytes:
    """The header of slices that thick."""
    return f'{{"00180050":{{"vr":"DS","Value":[{thickness}]}}}}'.encode()


def recipes() -> Mapping[int, RuleSet]:
    """The rules of each recipe, by its number."""
    parts = COOKBOOK.read_text(encoding="utf-8").split("\n## ")[1:]
    texts = {int(part.partition(".")[0]): part.split("```toml\n")[1] for part in parts}
    return {number: read_rules(text.split("```")[0], UTC) for number, text in texts.items()}


RECIPES = recipes()


def subject(kind: EventKind, *, at_us: int = NOON, **facts: object) -> EventSubject:
    """Something with these attributes; facts in small letters are those of the record."""
    own = {name: value for name, value in facts.items() if name.islower() and name != "from_"}
    found = event_subject({name: str(facts[name]) for name in facts if not name.islower()}, kind)
    reception = found.reception
    if "from_" in facts:
        reception = replace(reception, calling_ae=str(facts["from_"]))
    event = replace(found.event, at_us=at_us)
    return replace(found, event=event, reception=reception, **own)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "asked", "targets"),
    [
        (1, subject(STUDY, at_us=NIGHT), {"peer:VNA"}),
        (1, subject(STUDY, at_us=NOON), set()),
        (
            2,
            subject(INSTANCE, from_="CT_ER2", Modality="CT", StudyDescription="CT STROKE"),
            {"peer:NEURO"},
        ),
        (2, subject(INSTANCE, from_="CT3", Modality="CT", StudyDescription="CT STROKE"), set()),
        (3, subject(STUDY, Modality="MG\\SR", StudyDescription="SCREENING"), {"web:screening"}),
        (3, subject(STUDY, Modality="MG", StudyDescription="DIAGNOSTIC"), set()),
        (4, subject(INSTANCE, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.67"), {"peer:DOSE"}),
        (4, subject(INSTANCE, SOPClassUID="1.2.840.10008.5.1.4.1.1.2"), set()),
        (5, subject(STUDY, ReferringPhysicianName="MILLER^ANN", Modality="CT"), {"web:miller"}),
        (5, subject(STUDY, ReferringPhysicianName="MILLER^ANN", Modality="CT\\SR"), set()),
        (6, subject(SERIES, Modality="CT", header=sliced(3)), {"peer:SITEB"}),
        (6, subject(SERIES, Modality="CT", header=sliced(0.5)), set()),
        (7, subject(STUDY, header=ORDERED), {"peer:CARDIO"}),
        (7, subject(STUDY, header=b"{}"), set()),
        (8, subject(STUDY, PatientID="PHANTOM1", labels=("teaching",)), set()),
        (8, subject(STUDY, PatientID="P7", labels=("teaching",)), {"peer:TEACHING"}),
        (8, subject(STUDY, PatientID="P7"), {"peer:REGION"}),
        (9, subject(STUDY, size_bytes=1_000_000_000), {"peer:SITEB"}),
        (9, subject(STUDY, size_bytes=1_000_000_001), {"peer:SITEB_FIBRE"}),
        (10, subject(STUDY), {"notify:RIS"}),
        (10, subject(SERIES), set()),
        (11, subject(STUDY, PatientID="P7"), {"bucket:offsite"}),
        (11, subject(STUDY, PatientID="QA3"), set()),
    ],
)
def test_a_recipe_does_what_it_says(number: int, asked: EventSubject, targets: set[str]) -> None:
    routes = RECIPES[number].routes(asked)
    assert not isinstance(routes, HeaderWanted)
    assert {each.target for each in routes} == targets


def test_there_are_eleven() -> None:
    assert list(RECIPES) == list(range(1, 12))


def test_the_bucket_of_a_recipe_can_be_configured_so() -> None:
    text = COOKBOOK.read_text(encoding="utf-8").split("\n## 11. ")[1].split("```toml\n")[2]
    config = Config.model_validate(tomllib.loads(text.split("```")[0]))
    settings = TargetS3Settings.model_validate(config.plugins["target_s3"])
    assert problems(settings) == []
    assert [each.name for each in config.route_target] == ["bucket:offsite"]
    assert [each.name for each in settings.target] == ["offsite"]
