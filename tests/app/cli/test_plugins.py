import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd import __version__
from pacsd.app.admin.plugin_records import HookCount, PluginState
from pacsd.app.cli.main import build
from tests.app.small_daemon import SmallDaemon, running

COUNT = HookCount("store_fs", "pacsd_blob_store", 1, 0, 0, 0.25, 0.0)
WELL = PluginState("store_fs", is_well=True, explanation="")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PACSD_STORE__UNSAFE_TMPFS", "true")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "pacsd.toml"
    path.write_text("", encoding="utf-8")
    return path


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDaemon]:
    daemon = SmallDaemon()
    daemon.commands["plugins.counts"] = lambda _: [COUNT]
    daemon.commands["plugins.states"] = lambda _: [WELL]
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["plugins", *arguments])
    return result.exit_code, result.stdout, result.stderr


def listed(name: str) -> list[dict[str, object]]:
    """A plugin as programs see it."""
    return [each for each in json.loads(run("list", "--json")[1]) if each["name"] == name]


def test_without_a_daemon_the_installed_ones_are_listed(file: Path) -> None:
    file.write_text("[plugins.acme]\n", encoding="utf-8")
    code, out, err = run("list", "--config", file.name)
    assert (code, err) == (0, "no daemon runs: what they do is not known\n")
    lines = out.splitlines()
    assert f"store_fs: enabled, first-party, of pacsd {__version__}" in lines
    assert lines[-1] == "acme: enabled, no package brings it: it is not installed"


@pytest.mark.usefixtures("daemon")
def test_a_daemon_says_what_they_did() -> None:
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert "  pacsd_blob_store: 1 call in 0.250 s, 0 failed" in out.splitlines()


def test_for_programs(daemon: SmallDaemon) -> None:
    [store] = listed("store_fs")
    assert (store["name"], store["is_enabled"], store["is_first_party"]) == ("store_fs", True, True)
    assert store["hooks"] == [asdict(COUNT)]
    assert store["state"] == asdict(WELL)
    del daemon.commands["plugins.counts"]
    code, out, err = run("list", "--json")
    assert code == 0
    assert json.loads(out)[0]["hooks"] == []
    assert err.startswith("the daemon does not say what they do: command 'plugins.counts' is not")


def test_a_name_that_two_packages_have_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = tuple(EntryPoint("x", value, "pacsd.plugins") for value in ("a:A", "b:B"))
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: twice)
    code, out, err = run("list", "--config", file.name)
    assert (code, out, err) == (2, "", "plugin x: provided twice, by a:A and b:B\n")


def test_check_looks_at_those_enabled(file: Path) -> None:
    assert run("check", "--config", file.name) == (0, "1 plugin is well: store_fs\n", "")
    assert list(file.parent.iterdir()) == [file]


def test_check_tells_all_that_is_wrong(file: Path) -> None:
    file.write_text("[plugins.store_fs]\nthreads = 0\n[plugins.acme]\n", encoding="utf-8")
    code, out, err = run("check", "--config", file.name)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "pacsd.toml:2: plugins.store_fs.threads = 0: must be >= 1",
        "pacsd.toml:3: plugins.acme: plugin 'acme' is not installed",
    ]


def test_check_looks_only_at_those_named(file: Path) -> None:
    file.write_text("[plugins.acme]\n", encoding="utf-8")
    arguments = ("--config", file.name)
    assert run("check", "store_fs", *arguments)[0] == 0
    code, _, err = run("check", "tore_fs", "x\n", *arguments)
    assert code == 2
    assert err.splitlines() == [
        "'tore_fs': no such plugin is installed; did you mean store_fs?",
        "'x\\n': no such plugin is installed",
    ]


def test_a_configuration_that_cannot_be_read_is_told(file: Path) -> None:
    file.write_text("x = 1\n", encoding="utf-8")
    for command in ("list", "check"):
        assert run(command, "--config", file.name) == (2, "", "pacsd.toml:1: x: unknown key\n")
