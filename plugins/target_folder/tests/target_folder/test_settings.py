import tomllib
from pathlib import Path

import pytest
from pacsd_target_folder.settings import FolderSettings, TargetFolderSettings, problems
from pydantic import ValidationError

CONF = Path(__file__).parents[2] / "conf.toml"


def settings(*targets: dict[str, object]) -> TargetFolderSettings:
    given = [{"name": "research", "path": "/srv/research", **each} for each in targets]
    return TargetFolderSettings.model_validate({"target": given})


def test_the_example_shows_every_key_with_its_default() -> None:
    text = CONF.read_text(encoding="utf-8")
    for key in FolderSettings.model_fields:
        text = text.replace(f"# {key} = ", f"{key} = ")
    table = tomllib.loads(text)["plugins"]["target_folder"]
    assert table["target"][0].keys() == FolderSettings.model_fields.keys()
    assert TargetFolderSettings.model_validate(table) == settings({})


def test_what_can_be_used() -> None:
    assert problems(settings()) == []
    assert problems(settings({}, {"name": "ai", "layout": "in/{study}_{instance}.dcm"})) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"path": "research"}, "target research: path: research does not begin with /"),
        ({"layout": "{study}"}, "target research: layout: '{study}' gives all instances one name"),
    ],
)
def test_what_cannot(wrong: dict[str, object], said: str) -> None:
    [problem] = problems(settings(wrong))
    assert said in problem


def test_a_name_is_there_once() -> None:
    [problem] = problems(settings({}, {}))
    assert problem == "target: the name research is there 2 times"


@pytest.mark.parametrize(
    "wrong", [{"name": "a/b"}, {"name": ""}, {"keep_free_bytes": -1}, {"pfad": "/"}]
)
def test_wrong_keys_and_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(wrong)
