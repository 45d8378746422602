from pathlib import Path

import pytest
from pacsd_coerce.settings import CoerceSettings
from pydantic import ValidationError

SECRET = "0123456789abcdef"  # noqa: S105 - of a test


def test_a_key_is_in_no_representation() -> None:
    settings = CoerceSettings.model_validate({"file": "c.toml", "key": SECRET})
    assert settings.file == Path("c.toml")
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "Field required"),
        ({"file": "c", "key": SECRET, "key_file": "k"}, "one of them, not both"),
        ({"file": "c", "key": "short"}, "key: must be 16 bytes at least"),
    ],
)
def test_what_may_not_stand_there_is_told(keys: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        CoerceSettings.model_validate(keys)
