import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.cli.main import build


@pytest.fixture(autouse=True)
def _peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACSD_PEER", "CT1=192.0.2.1:104,WS1=192.0.2.2:11112")


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["peers", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_list() -> None:
    code, out, _ = run("list")
    assert code == 0
    assert "CT1" in out
    assert "192.0.2.2:11112" in out


def test_list_for_programs() -> None:
    code, out, _ = run("list", "--json")
    assert code == 0
    assert [peer["ae_title"] for peer in json.loads(out)] == ["CT1", "WS1"]


def test_list_of_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PACSD_PEER")
    unread = " (no --config and no PACSD_CONFIG: no peers file was read)"
    assert run("list") == (0, "", f"no peers are known{unread}\n")
    assert run("list", "--json") == (0, "[]\n", "")


def test_list_of_none_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PACSD_PEER")
    config = tmp_path / "pacsd.toml"
    config.touch()
    assert run("list", "--config", str(config)) == (0, "", "no peers are known\n")


def test_show() -> None:
    code, out, _ = run("show", "CT1")
    assert code == 0
    assert 'host = "192.0.2.1"\nport = 104\n' in out
    assert "strict is not set\n" in out


def test_show_for_programs() -> None:
    code, out, _ = run("show", "CT1", "--json")
    assert code == 0
    assert json.loads(out)["port"] == 104


def test_show_of_what_is_not_there() -> None:
    unread = " (no --config and no PACSD_CONFIG: no peers file was read)"
    assert run("show", "CT11") == (1, "", f"'CT11': no such peer; did you mean CT1?{unread}\n")
    assert run("show", "zz") == (1, "", f"'zz': no such peer{unread}\n")


def test_wrong_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACSD_PEER", "CT1")
    code, _, err = run("list")
    assert code == 2
    assert err.startswith('environment: PACSD_PEER = "CT1": must be "AET=HOST:PORT"')
