from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from pacsd.api.settings import Settings


class Table(Settings):
    limit: int = Field(default=3, ge=1)
    """How many."""

    name: str = ""
    """For people."""


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ValidationError, match="limmit"):
        Table.model_validate({"limmit": 3})


def test_values_never_change() -> None:
    table = Table()
    with pytest.raises(ValidationError, match="frozen"):
        table.limit = 4


def test_text_loses_its_margins() -> None:
    assert Table(name="  CT 1 ").name == "CT 1"


def test_a_field_is_documented_where_it_is_declared() -> None:
    assert Table.model_fields["limit"].description == "How many."


def test_a_default_is_checked_too() -> None:
    class Wrong(Settings):
        limit: int = Field(default=0, ge=1)

    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Wrong()


def test_a_path_may_be_a_default_though_text_is_what_is_decoded() -> None:
    class Elsewhere(Settings):
        path: Path = Path("/var/lib")

    assert Elsewhere.model_validate_json("{}", strict=True).path == Path("/var/lib")
    assert Elsewhere.model_validate_json('{"path": "/srv"}', strict=True).path == Path("/srv")
    with pytest.raises(ValidationError, match="path"):
        Elsewhere.model_validate_json('{"path": 1}', strict=True)
