import configparser
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import typer.main

from pacsd.app.cli.main import build
from pacsd.app.cli.serve import EXIT_INDEX
from pacsd.app.cli.with_config import EXIT_CONFIG
from pacsd.app.conf import reading
from pacsd.app.systemd import Notifier
from pacsd.net.settings import DimseSettings

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "contrib/systemd/pacsd.service"
GUIDE = ROOT / "contrib/docs/operator.md"


class Systemd:
    """What systemd is to a service: a datagram socket."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(5)

    def heard(self) -> str:
        return self.socket.recv(4096).decode()


@pytest.fixture
def address() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"{folder}/notify"


@pytest.fixture
def systemd(address: str) -> Iterator[Systemd]:
    systemd = Systemd(address)
    yield systemd
    systemd.socket.close()


def test_what_is_said(systemd: Systemd, address: str) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address})
    notifier.ready()
    assert systemd.heard() == "READY=1"
    notifier.stopping()
    assert systemd.heard() == "STOPPING=1"
    notifier.watchdog()
    assert systemd.heard() == "WATCHDOG=1"
    notifier.status("7 associations\nREADY=1")
    assert systemd.heard() == "STATUS=7 associations READY=1"


def test_a_reload_says_when_it_began(systemd: Systemd, address: str) -> None:
    Notifier(address).reloading()
    first, _, second = systemd.heard().partition("\n")
    assert first == "RELOADING=1"
    name, _, value = second.partition("=")
    assert name == "MONOTONIC_USEC"
    assert value.isdigit()


def test_an_abstract_address() -> None:
    systemd = Systemd(f"\0pacsd-test-{os.getpid()}")
    with systemd.socket:
        Notifier(f"@pacsd-test-{os.getpid()}").ready()
        assert systemd.heard() == "READY=1"


@pytest.mark.parametrize("wrong", ["", "vsock:2:1234", "relative", "/nobody/listens", "/" * 200])
def test_nothing_is_raised_where_nobody_listens(wrong: str) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": wrong})
    notifier.ready()
    notifier.watchdog()


def test_a_full_queue_is_not_waited_for(systemd: Systemd, address: str) -> None:
    notifier = Notifier(address)
    for _ in range(10_000):
        notifier.watchdog()
    assert systemd.heard() == "WATCHDOG=1"


@pytest.mark.parametrize(
    ("environ", "interval_s"),
    [
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15),
        ({"WATCHDOG_USEC": "500000"}, 0.25),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": ""}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_watchdog(environ: Mapping[str, str], interval_s: float | None) -> None:
    assert Notifier.from_environment(environ).watchdog_interval_s == interval_s


def test_the_environment_of_the_process_is_the_default(
    systemd: Systemd, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    Notifier.from_environment().ready()
    assert systemd.heard() == "READY=1"


def unit() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # keys of units keep case
    parser.read(UNIT, encoding="utf-8")
    return parser["Service"]


def test_the_unit_starts_with_options_that_exist() -> None:
    _, command, *arguments = shlex.split(unit()["ExecStart"])
    commands = typer.main.get_group(build()).commands
    known = {flag for parameter in commands[command].params for flag in parameter.opts}
    flags = {argument for argument in arguments if argument.startswith("--")}
    assert flags
    assert flags <= known


def test_the_unit_and_the_commands_find_one_data_directory(tmp_path: Path) -> None:
    """The guide writes it into the configuration, where every command looks."""
    assert "--data-dir" not in unit()["ExecStart"]
    installed = tmp_path / "pacsd.toml"
    for text in (GUIDE, UNIT):
        (step,) = re.findall(r"sed -i .*(?= /etc/pacsd/pacsd\.toml)", text.read_text("utf-8"))
        shutil.copy(ROOT / "conf/pacsd.toml", installed)
        subprocess.run([*shlex.split(step), str(installed)], check=True)
        state = Path("/var/lib") / unit()["StateDirectory"]
        assert reading.load(installed, None, {}).data_dir == state


def test_the_unit_leaves_time_to_stop() -> None:
    assert int(unit()["TimeoutStopSec"]) > DimseSettings().shutdown_grace_s


def test_the_unit_gives_up_on_a_wrong_configuration() -> None:
    for_good = {*map(int, unit()["RestartPreventExitStatus"].split())}
    assert for_good == {EXIT_CONFIG, EXIT_INDEX}
    assert unit()["Type"] == "notify"
