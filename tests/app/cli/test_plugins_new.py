from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.cli.main import build
from pacsd.app.plugins.new_plugin import kinds


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["plugins", "new", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_a_package_is_made_where_it_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run("mine", "--kind", "gate", "--into", str(tmp_path / "new"))
    assert (code, err) == (0, "")
    assert out == f"{tmp_path}/new/pacsd-mine is made; its README.md says how to go on\n"
    monkeypatch.chdir(tmp_path)
    assert run("mine", "--kind", "store")[0] == 0
    assert (tmp_path / "pacsd-mine/pyproject.toml").is_file()


def test_why_not_is_told(tmp_path: Path) -> None:
    arguments = ("--into", str(tmp_path))
    for name, kind, told in (
        ("Mine", "gate", "name 'Mine': lower-case"),
        ("store_fs", "gate", "name 'store_fs': a plugin of this name is installed"),
        ("mine", "x", "kind 'x': there is ai, auth, gate, route, store"),
    ):
        code, out, err = run(name, "--kind", kind, *arguments)
        assert (code, out) == (2, "")
        assert err.startswith(told)
    assert list(tmp_path.iterdir()) == []


def test_its_help_names_every_kind() -> None:
    out = run("--help")[1]
    assert all(kind in out for kind in kinds())
