"""The life of the daemon, in a process of its own."""

import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.running import running


def test_it_serves_until_sigterm_and_says_so() -> None:
    with running() as daemon:
        assert daemon.stop() == 0
    assert [line["event"] for line in daemon.lines][-3:] == ["stopping", "draining", "stopped"]


def test_it_stops_on_ctrl_c() -> None:
    with running() as daemon:
        daemon.signal(signal.SIGINT)
        assert daemon.process.wait(10) == 0


def test_it_is_ready_and_told_by_http() -> None:
    with running() as daemon:
        for path in ("health", "ready", "metrics"):
            url = f"http://127.0.0.1:{daemon.http_port}/{path}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                assert answer.status == 200
                assert answer.read()


def test_http_can_be_off() -> None:
    with running("--http", "") as daemon:
        assert daemon.said("serving")[0]["http"] == "off"


def test_it_tells_systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "n"))
        told.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
        with running() as daemon:
            assert b"READY=1" in told.recv(4096)
            daemon.signal(signal.SIGHUP)
            assert b"RELOADING=1" in told.recv(4096)
            assert b"READY=1" in told.recv(4096)
            daemon.signal(signal.SIGTERM)
            assert b"STOPPING=1" in told.recv(4096)
            assert daemon.process.wait(10) == 0


def test_it_feeds_the_watchdog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "n"))
        told.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
        monkeypatch.setenv("WATCHDOG_USEC", "100000")
        with running():
            heard = {told.recv(4096) for _ in range(4)}
        assert b"WATCHDOG=1" in heard


def test_a_reload_takes_new_peers_and_drops_nobody(tmp_path: Path) -> None:
    config = tmp_path / "pacsd.toml"
    config.write_text('peers_file = "peers.toml"\n')
    peers = tmp_path / "peers.toml"
    peers.write_text('[[peer]]\nae_title = "CT1"\nhost = "127.0.0.1"\n')
    with running("--config", str(config)) as daemon:
        peers.write_text(peers.read_text() + '[[peer]]\nae_title = "CT2"\nhost = "127.0.0.1"\n')
        daemon.signal(signal.SIGHUP)
        assert daemon.wait_for("reloaded")["peers"] == 2


def test_c06_a_reload_with_an_error_keeps_the_old_peers(tmp_path: Path) -> None:
    config = tmp_path / "pacsd.toml"
    config.write_text('peers_file = "peers.toml"\n')
    peers = tmp_path / "peers.toml"
    peers.write_text('[[peer]]\nae_title = "CT1"\nhost = "127.0.0.1"\n')
    with running("--config", str(config)) as daemon:
        peers.write_text('[[peer]]\nae_titel = "CT1"\n')
        daemon.signal(signal.SIGHUP)
        event = "reload refused, the old peers stay"
        errors = " ".join(str(daemon.wait_for(event)["error"]) for _ in range(2))
        assert "peers.toml:2" in errors
        assert "did you mean ae_title" in errors
        peers.write_text('[[peer]]\nae_title = "CT1"\nhost = "127.0.0.1"\n')
        daemon.signal(signal.SIGHUP)
        assert daemon.wait_for("reloaded")["peers"] == 1


def test_a_reload_says_which_settings_need_a_restart(tmp_path: Path) -> None:
    config = tmp_path / "pacsd.toml"
    config.write_text("[dimse]\nartim_timeout_s = 20\n")
    with running("--config", str(config)) as daemon:
        config.write_text("[dimse]\nartim_timeout_s = 21\n")
        daemon.signal(signal.SIGHUP)
        daemon.wait_for("settings other than the peers have changed: they need a restart")


def test_a_port_in_use_is_a_clear_error_and_exit_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running("--dimse", f"127.0.0.1:{port}", wait=False) as daemon:
            assert daemon.process.wait(15) == 1
    last = str(daemon.lines[-1]["text"])
    assert last.startswith("pacsd cannot start: dimse.listen: ")
    assert "in use" in last


def test_a_second_daemon_on_the_same_data_does_not_start() -> None:
    with running() as first, running(data_dir=first.data_dir, wait=False) as second:
        assert second.process.wait(15) == 1
        second.kill()
        text = str(second.lines[-1]["text"])
        assert f"another pacsd (process {first.process.pid}) uses it" in text


def test_everything_it_makes_is_ours_alone() -> None:
    with running() as daemon:
        for path in [daemon.data_dir, *daemon.data_dir.rglob("*")]:
            assert path.lstat().st_mode & 0o077 == 0, path
        assert daemon.stop() == 0
        assert not (daemon.data_dir / "admin.sock").exists()
