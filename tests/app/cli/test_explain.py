import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.cli.main import build
from tests.app.small_daemon import REFUSAL, SmallDaemon, running


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDaemon]:
    daemon = SmallDaemon()
    with tempfile.TemporaryDirectory() as folder, running(daemon, Path(folder)):
        monkeypatch.setenv("PACSD_DATA_DIR", folder)
        yield daemon


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["explain", "last-reject", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_an_unknown_peer(daemon: SmallDaemon) -> None:
    daemon.recorder.refused(REFUSAL)
    code, out, _ = run()
    when, *lines = out.splitlines()
    assert code == 0
    assert when.startswith("when:     2023-11-1")
    assert lines[:6] == [
        "from:     192.0.2.7",
        "who:      CT1 calls PACSD",
        "answer:   rejected permanent, by the service user: calling AE title not recognized",
        "why:      calling AE title CT1 is not in the peers file and calls from 192.0.2.7",
        "key:      peer.ae_title or dimse.unknown_peers",
        "",
    ]
    assert lines[-7:] == [
        "In peers.toml, beside the configuration file:",
        "",
        "    [[peer]]",
        '    ae_title = "CT1"',
        '    addresses = ["192.0.2.7"]',
        "",
        "Then `pacsd reload`, or SIGHUP to the daemon.",
    ]


def test_the_files_are_named(daemon: SmallDaemon, tmp_path: Path) -> None:
    config = tmp_path / "site.toml"
    config.write_text('peers_file = "modalities.toml"\n', encoding="utf-8")
    daemon.recorder.refused(REFUSAL)
    assert f"In {tmp_path / 'modalities.toml'}:" in run("--config", str(config))[1].splitlines()
    daemon.recorder.refused(replace(REFUSAL, key="ae.title", called_ae="X"))
    lines = run("--config", str(config))[1].splitlines()
    assert f"In {config}:" in lines
    assert lines[-1] == "Then start the daemon again."
    assert "In pacsd.toml (pacsd serve --config pacsd.toml):" in run()[1].splitlines()


def test_one_of_several_callers(daemon: SmallDaemon) -> None:
    daemon.recorder.refused(REFUSAL)
    daemon.recorder.refused(replace(REFUSAL, calling_ae="MR1"))
    assert "who:      MR1 calls PACSD" in run()[1]
    assert "who:      CT1 calls PACSD" in run("CT1")[1]


def test_where_no_key_helps(daemon: SmallDaemon) -> None:
    daemon.recorder.refused(replace(REFUSAL, calling_ae="", called_ae="", key=""))
    lines = run()[1].splitlines()
    assert "who:      unknown, no A-ASSOCIATE-RQ could be read" in lines
    assert lines[-1] == "No setting of pacsd changes this: see why, and look at the caller."


@pytest.mark.parametrize(
    ("peers", "addresses"),
    [
        ('host = "192.0.2.1"', '["192.0.2.1", "192.0.2.7"]'),
        ('addresses = "10.0.0.0/8"', '["10.0.0.0/8", "192.0.2.7"]'),
        ("this is wrong", '["192.0.2.7"]'),
    ],
)
def test_a_wrong_address_does_not_replace_the_right_ones(
    daemon: SmallDaemon, tmp_path: Path, peers: str, addresses: str
) -> None:
    config = tmp_path / "site.toml"
    config.touch()
    table = f'[[peer]]\nae_title = "CT1"\n{peers}\n'
    config.with_name("peers.toml").write_text(table, encoding="utf-8")
    daemon.recorder.refused(replace(REFUSAL, key="peer.addresses"))
    code, out, _ = run("--config", str(config))
    assert code == 0
    assert f"    addresses = {addresses}" in out.splitlines()


def test_a_caller_that_sent_nothing_is_not_told_two_things(daemon: SmallDaemon) -> None:
    daemon.recorder.refused(replace(REFUSAL, calling_ae="", key="dimse.artim_timeout_s"))
    out = run()[1]
    assert "key:      dimse.artim_timeout_s" in out
    assert "    artim_timeout_s = 60" in out
    assert "No setting" not in out


@pytest.mark.usefixtures("daemon")
def test_nobody_was_refused() -> None:
    assert run() == (0, "", "no refusal is remembered since the daemon started\n")
    assert run("CT1") == (0, "", "no refusal of 'CT1' is remembered since the daemon started\n")
    assert run("--json") == (0, "null\n", "")


def test_for_programs(daemon: SmallDaemon) -> None:
    daemon.recorder.refused(REFUSAL)
    code, out, _ = run("--json")
    assert code == 0
    assert json.loads(out)["key"] == REFUSAL.key
