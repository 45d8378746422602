"""The servers that are compared: how each is started on loopback, and stopped."""

import importlib.metadata
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from contrib.bench import messages, process_tree, wire

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
PLACES = 12_000
"""Associations pacsd is told to allow; its default is less than is held here."""

_POLL_S = 0.004


class DoesNotStart(Exception):
    """A server ended or did not answer in time; the text holds the end of its output."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server runs: its own directory and ports."""

    directory: Path
    dimse_port: int
    http_port: int


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to compare. `command` may prepare files in the directory.

    `serves_many` is false for one that takes the next association when the last one has ended.
    """

    name: str
    program: str
    command: Callable[[Place], list[str]]
    version: Callable[[], str]
    environment: Mapping[str, str] = field(default_factory=dict)
    serves_many: bool = True

    def is_installed(self) -> bool:
        """Whether it can be started here."""
        return shutil.which(self.program) is not None


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `first_echo_s` passed from its start to the answer to a C-ECHO."""

    process: "subprocess.Popen[bytes]"
    port: int
    first_echo_s: float

    def cpu_s(self) -> float:
        """CPU seconds of its process tree so far."""
        return process_tree.cpu_s(self.process.pid)

    def memory_kib(self) -> int:
        """Memory of its process tree, shared parts once."""
        return process_tree.memory_kib(self.process.pid)

    def resident_kib(self) -> int:
        """Resident memory of its process tree."""
        return process_tree.resident_kib(self.process.pid)


@contextmanager
def running(peer: Peer, folder: Path | None = None) -> Iterator[Server]:
    """Start a server in a directory of its own; stop it and remove that at the end.

    With `folder` that is its directory, and stays.

    Raises:
        DoesNotStart: it does not answer a C-ECHO.
    """
    with tempfile.TemporaryDirectory(prefix="pacsd-bench-") as name:
        place = Place(folder or Path(name), _free_port(), _free_port())
        output = Path(name) / "output.log"
        command = peer.command(place)
        with output.open("wb") as out:
            began = time.perf_counter()
            process = subprocess.Popen(
                command,
                cwd=place.directory,
                env=_environment(peer),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            took_s = _until_echo(process, place.dimse_port, began, output)
            yield Server(process, place.dimse_port, took_s)
        finally:
            _stop(process)


def _until_echo(process: "subprocess.Popen[bytes]", port: int, began: float, output: Path) -> float:
    """Try until the first C-ECHO is answered; gives the seconds since `began`."""
    while process.poll() is None and time.perf_counter() - began < START_TIMEOUT_S:
        with suppress(OSError, wire.NoAnswer):
            connection = wire.connect(port, START_TIMEOUT_S)
            wire.associate(connection, messages.ASSOCIATE_RQ_ECHO)
            wire.echo(connection)
            took_s = time.perf_counter() - began
            wire.release(connection)
            return took_s
        time.sleep(_POLL_S)
    end = "\n".join(output.read_text(errors="replace").splitlines()[-10:])
    raise DoesNotStart(f"{process.args!r}: {end}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM, and SIGKILL for whatever of its tree is left after a while."""
    ours = process_tree.tree(process.pid)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_S)
    process.kill()
    process.wait()
    for number in ours:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def _environment(peer: Peer) -> dict[str, str]:
    # A Python that may not keep its bytecode would compile all of it at every start.
    inherited = {key: os.environ[key] for key in os.environ if key != "PYTHONDONTWRITEBYTECODE"}
    return inherited | dict(peer.environment)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((wire.HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _pacsd(place: Place) -> list[str]:
    data_dir = place.directory / "data"
    data_dir.mkdir()
    return [
        _PACSD,
        "serve",
        f"--data-dir={data_dir}",
        f"--dimse={wire.HOST}:{place.dimse_port}",
        f"--http={wire.HOST}:{place.http_port}",
        f"--ae-title={messages.CALLED_AE}",
    ]


def _dcmtk(place: Place) -> list[str]:
    return [*_dcmtk_single(place), "--fork"]


def _dcmtk_single(place: Place) -> list[str]:
    return ["storescp", "-od", str(place.directory), "-aet", "DCMTK", str(place.dimse_port)]


def _orthanc(place: Place) -> list[str]:
    configuration = {
        "DicomPort": place.dimse_port,
        "HttpPort": place.http_port,
        "RemoteAccessAllowed": False,
        "StorageDirectory": str(place.directory / "store"),
        "DicomScpTimeout": 300,
    }
    path = place.directory / "orthanc.json"
    path.write_text(json.dumps(configuration))
    return ["Orthanc", str(path)]


def _pynetdicom(place: Place) -> list[str]:
    script = Path(__file__).with_name("pynetdicom_scp.py")
    return [sys.executable, str(script), str(place.dimse_port), str(place.directory)]


def _says(*command: str) -> Callable[[], str]:
    def first_line() -> str:
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
        return said.splitlines()[0].strip("$ ")

    return first_line


# Without it every response of DCMTK's code waits 40 ms for an acknowledgement.
_NO_DELAY = {"TCP_NODELAY": "1"}

_PACSD = str(Path(sys.executable).with_name("pacsd"))

PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            "pacsd",
            _PACSD,
            _pacsd,
            _says(_PACSD, "--version"),
            {
                "PACSD_DIMSE__MAX_ASSOCIATIONS": str(PLACES),
                "PACSD_DIMSE__MAX_ASSOCIATIONS_PER_PEER": str(PLACES),
                # The disk of `power_cut` is a small one.
                "PACSD_STORE__MIN_FREE_BYTES": "0",
                "PACSD_STORE__MIN_FREE_INODES": "0",
            },
        ),
        Peer("dcmtk", "storescp", _dcmtk, _says("storescp", "--version"), _NO_DELAY),
        Peer(
            "dcmtk-single",
            "storescp",
            _dcmtk_single,
            _says("storescp", "--version"),
            _NO_DELAY,
            serves_many=False,
        ),
        Peer("orthanc", "Orthanc", _orthanc, _says("Orthanc", "--version"), _NO_DELAY),
        Peer(
            "pynetdicom",
            sys.executable,
            _pynetdicom,
            lambda: f"pynetdicom {importlib.metadata.version('pynetdicom')}",
        ),
    )
}
