"""The life of the daemon, in a process of its own."""

import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from anyio import to_thread
from typer.testing import CliRunner

from pacsd.app.cli.main import build
from pacsd.app.conf.settings import Config
from pacsd.app.daemon import descriptors_needed
from pacsd.net.endpoint import Endpoint
from pacsd.net.scu import Destination, open_association
from pacsd.testing.daemon import running
from tests.app.test_importing import write

FEW_DESCRIPTORS = """
import resource, sys
from structlog.testing import capture_logs
from pacsd.app import daemon
from pacsd.app.conf.settings import Config

allowed = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (64, allowed))
with capture_logs() as lines:
    daemon._raise_file_limit(daemon.descriptors_needed(Config()))
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (allowed, allowed)
for line in lines:
    print(line["allowed"], line["needed"])
"""


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
            with urllib.request.urlopen(url, timeout=30) as answer:
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


@pytest.mark.parametrize("impatient", [signal.SIGTERM, signal.SIGINT])
def test_whoever_is_in_a_hurry_breaks_nothing_off(impatient: signal.Signals) -> None:
    with running() as daemon:
        daemon.signal(impatient)
        daemon.wait_for("stopping")
        daemon.signal(impatient)
        daemon.wait_for("stopped")
        while daemon.process.poll() is None:
            daemon.signal(impatient)
            with suppress(subprocess.TimeoutExpired):
                daemon.process.wait(0.002)
        assert daemon.process.wait() == 0


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


async def test_an_open_association_survives_a_reload(tmp_path: Path) -> None:
    config = tmp_path / "pacsd.toml"
    config.write_text('peers_file = "peers.toml"\n')
    peers = tmp_path / "peers.toml"
    peers.write_text('[[peer]]\nae_title = "CT1"\nhost = "127.0.0.1"\n')
    with running("--config", str(config)) as daemon:
        place = Destination(Endpoint("127.0.0.1", daemon.port), "PACSD", "CT1")
        association = await open_association(place)
        assert await association.echo() == 0
        peers.write_text('[[peer]]\nae_title = "CT2"\nhost = "127.0.0.1"\n')
        daemon.signal(signal.SIGHUP)
        await to_thread.run_sync(daemon.wait_for, "reloaded")
        assert await association.echo() == 0
        await association.release()
        assert daemon.stop() == 0
    (ended,) = daemon.said("association")
    assert (ended["outcome"], ended["operations"]) == ("released", 2)


def test_c03_what_is_unsafe_is_said_at_start_and_at_reload(tmp_path: Path) -> None:
    config = tmp_path / "pacsd.toml"
    config.write_text('peers_file = "peers.toml"\n[dimse]\nunsafe_listen_anywhere = true\n')
    peers = tmp_path / "peers.toml"
    peers.write_text('[[peer]]\nae_title = "CT1"\nhost = "nobody.invalid"\n')
    unresolved = "a peer's host does not resolve: it cannot call us"
    with running("--config", str(config), "--dimse", "0.0.0.0:0") as daemon:
        keys = [line["key"] for line in daemon.said("unsafe setting in force")]
        assert keys == ["dimse.unsafe_listen_anywhere", "store.unsafe_tmpfs"]
        (outside,) = daemon.said("listening beyond loopback, without TLS")
        assert outside["addresses"] == ["0.0.0.0:0"]
        assert [line["host"] for line in daemon.said(unresolved)] == ["nobody.invalid"]
        daemon.signal(signal.SIGHUP)
        daemon.wait_for("reloaded")
        assert len(daemon.said("unsafe setting in force")) == 4
        assert len(daemon.said(unresolved)) == 2


def test_what_is_safe_is_not_warned_of() -> None:
    with running() as daemon:
        warned = [line["event"] for line in daemon.lines if line.get("level") == "warning"]
    assert warned == ["unsafe setting in force"]  # the tests' data may lie in memory


def test_too_few_file_descriptors_are_told() -> None:
    needed = descriptors_needed(Config())
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = [sys.executable, "-c", FEW_DESCRIPTORS, str(needed - 1)]
    text = subprocess.run(few, capture_output=True, text=True, timeout=30, check=True).stdout
    assert text.split() == [str(needed - 1), str(needed)]
    enough = [*few[:-1], str(needed)]
    assert subprocess.run(enough, capture_output=True, timeout=30, check=True).stdout == b""
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def _wait_for_descriptors(pid: int, count: int) -> None:
    """Until the daemon has taken so many: connections wait in the kernel before they are taken."""
    deadline = time.monotonic() + 15
    while len(list(Path(f"/proc/{pid}/fd").iterdir())) < count:
        assert time.monotonic() < deadline


def test_a_daemon_without_file_descriptors_lives_on() -> None:
    with running() as daemon:
        process = daemon.process.pid
        taken = {int(each.name) for each in Path(f"/proc/{process}/fd").iterdir()}
        lowest_free = next(number for number in count() if number not in taken)
        _, hard = resource.prlimit(process, resource.RLIMIT_NOFILE)
        resource.prlimit(process, resource.RLIMIT_NOFILE, (lowest_free, hard))
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(15)
            admin.connect(str(daemon.data_dir / "admin.sock"))
            daemon.wait_for("no admin command can be accepted")
            resource.prlimit(process, resource.RLIMIT_NOFILE, (hard, hard))
            admin.sendall(b'{"command": "status"}\n')
            assert b'"ok":true' in admin.recv(4096)
        assert daemon.stop() == 0


def test_c06_a_reload_with_an_error_keeps_the_old_peers(tmp_path: Path) -> None:
    config = tmp_path / "pacsd.toml"
    config.write_text('peers_file = "peers.toml"\n')
    peers = tmp_path / "peers.toml"
    peers.write_text('[[peer]]\nae_title = "CT1"\nhost = "127.0.0.1"\n')
    with running("--config", str(config)) as daemon:
        peers.write_text('[[peer]]\nae_titel = "CT1"\n')
        daemon.signal(signal.SIGHUP)
        event = "reload refused, all stays as it was"
        errors = " ".join(str(daemon.wait_for(event)["error"]) for _ in range(2))
        assert "peers.toml:2" in errors
        assert "did you mean ae_title" in errors
        peers.write_text('[[peer]]\nae_title = "CT1"\nhost = "127.0.0.1"\n')
        daemon.signal(signal.SIGHUP)
        assert daemon.wait_for("reloaded")["peers"] == 1


def test_a_reload_says_which_settings_need_a_restart(tmp_path: Path) -> None:
    config = tmp_path / "pacsd.toml"
    config.write_text("[dimse]\nartim_timeout_s = 20\n")
    event = "settings have changed that need a restart"
    with running("--config", str(config)) as daemon:
        config.write_text("[dimse]\nartim_timeout_s = 21\n[query]\nignore_case = false\n")
        daemon.signal(signal.SIGHUP)
        assert daemon.wait_for(event)["keys"] == ["dimse.artim_timeout_s", "query.ignore_case"]
        reload = ["reload", "--data-dir", str(daemon.data_dir)]
        said = CliRunner().invoke(build(), reload)
        told = "only a restart takes it over: dimse.artim_timeout_s, query.ignore_case\n"
        assert (said.exit_code, said.stdout.endswith(told)) == (0, True)
        config.write_text("[dimse]\nartim_timeout_s = 20\n")
        said = CliRunner().invoke(build(), reload)
        assert (said.exit_code, said.stdout) == (0, "reloaded\n")


def test_what_came_of_an_import_and_of_a_burst_is_told_at_the_end(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / str(number), number, meta_uid="1.2.3.99")
    with running("--http", "") as daemon:
        into = ["--data-dir", str(daemon.data_dir)]
        assert CliRunner().invoke(build(), ["import", str(tmp_path), *into]).exit_code == 1
        assert daemon.wait_for("an import is over")["refused"] == 4
        assert daemon.stop() == 0
        lines = daemon.said("an object was refused: the fault lies in the object")
        rest = daemon.said("no more of a kind has come: the rest was not logged one by one")
    counts = [line["more_like_this_not_logged"] for line in (*lines, *rest)]
    assert len(lines) + sum(count for count in counts if isinstance(count, int)) == 4


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


def test_a_reload_says_that_a_plugin_keeps_what_it_had(tmp_path: Path) -> None:
    rules = tmp_path / "routes.toml"
    rules.write_text('[[rule]]\nname = "all"\nto = ["peer:B"]\n', encoding="utf-8")
    config = tmp_path / "pacsd.toml"
    config.write_text(
        f'[store]\nunsafe_tmpfs = true\n[plugins.route_rules]\ntrusted = true\nfile = "{rules}"\n',
        encoding="utf-8",
    )
    with running("--http", "", "--config", str(config), data_dir=tmp_path / "data") as daemon:
        rules.write_text('[[rule]]\nname = "all"\nto = "peer:B"\npriority = 9\n', encoding="utf-8")
        said = CliRunner().invoke(build(), ["reload", "--data-dir", str(daemon.data_dir)])
        assert (said.exit_code, said.stdout) == (1, "reloaded\n")
        assert said.stderr.startswith("plugin route_rules is ill: ")
        rules.write_text('[[rule]]\nname = "all"\nto = ["peer:B"]\n', encoding="utf-8")
        said = CliRunner().invoke(build(), ["reload", "--data-dir", str(daemon.data_dir)])
        assert (said.exit_code, said.stdout) == (0, "reloaded\n")
