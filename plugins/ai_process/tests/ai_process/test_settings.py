import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from pacsd_ai_process.settings import AiProcessSettings, ProgramSettings, problems
from pydantic import ValidationError

CONF = Path(__file__).parents[2] / "conf.toml"


def settings(*programs: Mapping[str, object]) -> AiProcessSettings:
    usual = {"name": "lung", "models": ["nodules"], "command": ["/bin/true"]}
    return AiProcessSettings.model_validate({"program": [{**usual, **each} for each in programs]})


def test_what_can_be_used_has_no_problems() -> None:
    assert problems(settings({}, {"name": "head", "readable": ["/opt/head"]})) == []


def test_all_that_cannot_be_used_is_told() -> None:
    wrong = {"command": ["run"], "readable": ["weights"]}
    assert problems(settings({}, wrong, {"name": "gone", "command": ["/no/such"]})) == [
        "program: the name lung is there 2 times",
        "program lung: command: run does not begin with /",
        "program lung: readable: weights does not begin with /",
        "program gone: command: /no/such is not there",
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"name": "../x"}, {"models": []}, {"command": []}, {"memory_bytes": 1}, {"at_once": 0}],
)
def test_what_no_program_can_have_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(wrong)


def test_the_example_shows_every_key_with_its_default() -> None:
    text = CONF.read_text(encoding="utf-8")
    for key in (*ProgramSettings.model_fields, "keep_days"):
        text = text.replace(f"# {key} = ", f"{key} = ")
    table = tomllib.loads(text)["plugins"]["ai_process"]
    assert table.pop("trusted") is True
    assert table["program"][0].keys() == ProgramSettings.model_fields.keys()
    made = AiProcessSettings.model_validate(table)
    usual = ProgramSettings(name="x", models=("x",), command=("/x",))
    for key in ProgramSettings.model_fields.keys() - {"name", "models", "command", "readable"}:
        assert getattr(made.program[0], key) == getattr(usual, key)
