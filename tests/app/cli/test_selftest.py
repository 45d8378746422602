"""`pacsd selftest` against a real daemon."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacsd.app.admin import unix_socket
from pacsd.app.cli.main import build
from pacsd.app.cli.selftest import Client
from pacsd.app.selftest import Step
from pacsd.app.web_selftest import MANNERS
from pacsd.testing.daemon import Running, running


@pytest.fixture(scope="module")
def daemon() -> Iterator[Running]:
    with running("--http", "") as daemon:
        yield daemon
        assert daemon.stop() == 0


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(build(), ["selftest", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of pynetdicom's sockets
def test_everything_works_again_and_again(daemon: Running) -> None:
    for _ in range(2):
        code, out, err = run("--data-dir", str(daemon.data_dir))
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert len(lines) == 10
        assert all(line.endswith("ok") for line in lines)
    objects = list((daemon.data_dir / "store" / "objects").rglob("*.dcm"))
    assert len(objects) == 1


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_fails_is_named(daemon: Running) -> None:
    code, out, _ = run("--data-dir", str(daemon.data_dir), "--ae-title", "NOBODY", "--json")
    steps = json.loads(out)
    assert code == 1
    assert steps[0]["failure"] == ""
    assert "rejected" in steps[1]["failure"]
    assert "explain last-reject" in steps[1]["failure"]


def site_address() -> str:
    """One of this machine's addresses that others could call."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect(("192.0.2.1", 9))  # a datagram socket sends nothing to connect
        except OSError:
            pytest.skip("no address but loopback")
        return str(unsent.getsockname()[0])


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_daemon_at_a_site_address_that_lists_its_callers(tmp_path: Path) -> None:
    (tmp_path / "pacsd.toml").write_text(
        '[dimse]\nunknown_peers = "refuse"\n[[ae]]\ntitle = "ARCHIVE"\n'
        'calling_ae_titles = ["CT1"]\n'
    )
    (tmp_path / "peers.toml").write_text('[[peer]]\nae_title = "CT1"\nhost = "192.0.2.77"\n')
    config = "--config", str(tmp_path / "pacsd.toml")
    with running(*config, "--dimse", f"{site_address()}:0", "--http", "") as daemon:
        code, out, err = run(*config, "--data-dir", str(daemon.data_dir))
        assert (code, err) == (0, "")
        assert len(out.splitlines()) == 10
        assert daemon.stop() == 0


def test_a_guest_stays_as_long_as_it_is_tested(
    daemon: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, object]]] = []

    def ask(command: str, **arguments: object) -> object:
        asked.append((command, arguments))
        return unix_socket.ask(daemon.data_dir / "admin.sock", command, **arguments)

    def steps(_: object) -> Iterator[Step]:
        yield from (Step("one", 0.1), Step("two", 0.1))

    monkeypatch.setattr("pacsd.app.cli.selftest.find_daemon", lambda *_: ask)
    monkeypatch.setattr("pacsd.app.selftest.SelfTest.steps", steps)
    assert run()[0] == 0
    assert [name for name, _ in asked] == ["status", "guest.renew", "guest.renew", "guest.dismiss"]
    assert str(asked[1][1]["ae_title"]).startswith("SELFTEST")


def test_without_a_daemon(tmp_path: object) -> None:
    code, _, err = run("--data-dir", str(tmp_path))
    assert code == 1
    assert "no daemon runs" in err


@pytest.fixture(scope="module")
def web_daemon() -> Iterator[Running]:
    with running() as daemon:
        yield daemon
        assert daemon.stop() == 0


@pytest.mark.parametrize("client", ["ohif", "weasis", "strict"])
def test_a_client_of_the_web_gets_what_it_needs(web_daemon: Running, client: str) -> None:
    for _ in range(2):
        code, out, err = run("--data-dir", str(web_daemon.data_dir), "--as", client)
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert len(lines) >= 6
        assert all(line.endswith("ok") for line in lines)
    objects = list((web_daemon.data_dir / "store" / "objects").rglob("*.dcm"))
    assert len(objects) == 1


@pytest.mark.parametrize(
    ("profile", "client"),
    # OHIF writes media types without quotes, which the profile "strict" refuses.
    [("ohif", "ohif"), ("plain", "weasis"), ("strict", "weasis"), ("strict", "strict")],
)
def test_a_profile_takes_nothing_away_that_others_need(
    tmp_path: Path, profile: str, client: str
) -> None:
    config = tmp_path / "pacsd.toml"
    config.write_text(f'[[web_client]]\nprofile = "{profile}"\n')
    with running("--config", str(config)) as daemon:
        code, out, err = run("--data-dir", str(daemon.data_dir), "--as", client)
        assert (code, err) == (0, ""), out
        assert daemon.stop() == 0


def test_without_a_web_listener(daemon: Running) -> None:
    code, _, err = run("--data-dir", str(daemon.data_dir), "--as", "ohif")
    assert code == 1
    assert "no web listener (http.listen)" in err


def test_clients_are_those_that_there_are() -> None:
    assert {client.value for client in Client} == set(MANNERS)
    code, _, err = run("--as", "netscape")
    assert code == 2
    assert "netscape" in err
