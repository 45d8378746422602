import pytest
import typer

from pacsd.app.cli.with_config import config_errors
from pacsd.app.conf.errors import ConfigError, ConfigErrors


def test_every_error_is_a_line_and_the_exit_code_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    errors = [ConfigError("a.toml", line, "k", "", "rule") for line in (1, 2)]
    with pytest.raises(typer.Exit) as caught, config_errors():
        raise ConfigErrors(errors)
    assert caught.value.exit_code == 2
    captured = capsys.readouterr()
    assert captured.err == "a.toml:1: k: rule\na.toml:2: k: rule\n"
    assert captured.out == ""


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="bug"), config_errors():
        raise ValueError("bug")
