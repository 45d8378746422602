import tomllib
from pathlib import Path

import pytest
from pacsd_store_fs.settings import StoreFsSettings
from pydantic import ValidationError

CONF = Path(__file__).parent.parent / "conf.toml"


def test_the_example_shows_every_key() -> None:
    table = _uncommented()
    assert table.keys() == StoreFsSettings.model_fields.keys()


def test_the_example_holds_the_defaults() -> None:
    settings = StoreFsSettings.model_validate(_uncommented())
    assert settings == StoreFsSettings(root=Path("store"))


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"durability": "none"}, {"rooot": "x"}])
def test_wrong_keys_and_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StoreFsSettings.model_validate(wrong)


def _uncommented() -> dict[str, object]:
    text = CONF.read_text()
    for key in StoreFsSettings.model_fields:
        text = text.replace(f"# {key} = ", f"{key} = ")
    table: dict[str, object] = tomllib.loads(text)["plugins"]["store_fs"]
    return table
