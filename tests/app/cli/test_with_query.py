from pathlib import Path

import pytest
import typer

from pacsd.app.cli.with_query import call_to, check_title, key_errors, name_of_peer
from pacsd.dicom.query_keys import QueryKeyError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "pacsd.toml"
    path.write_text("[dimse]\ndimse_timeout_s = 7\n")
    return path


def test_how_a_peer_is_called(config: Path) -> None:
    call = call_to("X=127.0.0.1:11112", config, None, None)
    assert (call.destination.called_ae, call.destination.calling_ae) == ("X", "PACSD")
    assert call.timeouts.message_s == 7
    assert name_of_peer(call) == "X at 127.0.0.1:11112"


def test_what_a_command_says_otherwise(config: Path) -> None:
    call = call_to("X=127.0.0.1:11112", config, "OTHER", 600)
    assert call.destination.calling_ae == "OTHER"
    assert call.timeouts.message_s == 600


@pytest.mark.parametrize("title", ["", "A\\B", "SEVENTEEN LETTERS", "Ä"])
def test_what_is_no_title(title: str) -> None:
    with pytest.raises(typer.BadParameter, match="AE title"):
        check_title(title, "DESTINATION")


def test_a_key_that_cannot_be_asked_for_is_a_wrong_argument() -> None:
    with pytest.raises(typer.BadParameter, match="no such key"), key_errors():
        raise QueryKeyError("no such key")
