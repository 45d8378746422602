import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd import __version__
from pacsd.app.cli.main import build
from tests.app.small_daemon import SmallDaemon, running


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDaemon]:
    daemon = SmallDaemon()
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), [*arguments])
    return result.exit_code, result.stdout, result.stderr


def test_status(daemon: SmallDaemon) -> None:
    daemon.open_association()
    code, out, _ = run("status")
    first, since, *rest = out.splitlines()
    assert code == 0
    assert first == f"pacsd {__version__}, process {os.getpid()}"
    assert since.startswith("serving since 20")
    assert rest == ["DICOM on 127.0.0.1:11112", "web on no address", "open associations: 1"]


def test_status_says_how_each_store_does(daemon: SmallDaemon) -> None:
    daemon.stores = {"store_fs": "", "store_s3": "store store_s3 is read-only: \x1b[2J"}
    assert run("status")[1].splitlines()[-2:] == [
        "store store_fs is well",
        "store store_s3 is read-only: \\x1b[2J",
    ]


def test_status_for_programs(daemon: SmallDaemon) -> None:
    code, out, _ = run("status", "--json")
    assert code == 0
    assert json.loads(out)["dimse"] == [str(address) for address in daemon.listener.addresses]


def test_status_of_none(tmp_path: Path) -> None:
    code, out, err = run("status", "--data-dir", str(tmp_path))
    assert (code, out) == (1, "")
    assert err.startswith("no daemon runs on ")


@pytest.mark.usefixtures("daemon")
def test_reload() -> None:
    assert run("reload") == (0, "reloaded\n", "")


def test_reload_says_what_only_a_restart_takes_over(daemon: SmallDaemon) -> None:
    daemon.need_restart = ("dimse.artim_timeout_s", "ae")
    said = "changed, but only a restart takes it over: dimse.artim_timeout_s, ae"
    assert run("reload") == (0, f"reloaded\n{said}\n", "")


def test_reload_says_which_plugins_are_ill_afterwards(daemon: SmallDaemon) -> None:
    daemon.ill = {"route_rules": "file routes.toml: rule 1: priority"}
    said = "plugin route_rules is ill: file routes.toml: rule 1: priority\n"
    assert run("reload") == (1, "reloaded\n", said)


def test_reload_of_wrong_peers(daemon: SmallDaemon) -> None:
    daemon.reload_problems = ("peers.toml:1: peer: must be a list",)
    assert run("reload") == (1, "", "all stays as it was:\npeers.toml:1: peer: must be a list\n")
