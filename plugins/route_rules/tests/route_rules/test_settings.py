from pathlib import Path

import pytest
from pacsd_route_rules.settings import RouteRulesSettings
from pydantic import ValidationError


def test_the_file_has_to_be_named() -> None:
    assert RouteRulesSettings.model_validate({"file": "a.toml"}).file == Path("a.toml")
    with pytest.raises(ValidationError, match="Field required"):
        RouteRulesSettings.model_validate({})
