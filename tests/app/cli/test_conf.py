import pytest
from typer.testing import CliRunner

from pacsd.app.cli.main import build


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["conf", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_describe() -> None:
    code, out, _ = run("describe", "dimse.backlog")
    assert code == 0
    assert out.startswith("dimse.backlog = 512\n")


def test_describe_all() -> None:
    code, out, _ = run("describe")
    assert code == 0
    assert "http.listen" in out


def test_describe_what_is_not_there() -> None:
    code, out, err = run("describe", "dimse.baklog")
    assert (code, out) == (2, "")
    assert err == "dimse.baklog: no such key; did you mean dimse.backlog?\n"


def test_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACSD_DIMSE__BACKLOG", "7")
    code, out, _ = run("show")
    assert code == 0
    assert "dimse.backlog = 7  # environment PACSD_DIMSE__BACKLOG\n" in out


def test_show_of_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACSD_DIMSE__BACKLOG", "x")
    code, _, err = run("show")
    assert code == 2
    assert err == 'environment: PACSD_DIMSE__BACKLOG = "x": must be a whole number\n'
