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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import starmap
from pathlib import Path

from contrib.bench import messages, process_tree, wire

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
PLACES = 12_000
"""Associations pacsd is told to allow; its default is less than is held here."""

SINK = "SINK"
"""AE title of the destination of C-MOVEs, where one association to it is allowed at once."""

WIDE_SINK = "SINK4"
"""And where four are."""

_POLL_S = 0.004


class DoesNotStart(Exception):
    """A server ended or did not answer in time; the text holds the end of its output."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server runs: its own directory and ports."""

    directory: Path
    dimse_port: int
    http_port: int
    sink_port: int
    """Where the destination of its C-MOVEs listens, if it does."""


class Service(Enum):
    """What a server is measured at."""

    STORAGE = auto()
    """And verification."""
    QUERY = auto()
    RETRIEVE = auto()
    WEB = auto()
    """DICOMweb."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to compare. `command` may prepare files in the directory.

    `serves_many` is false for one that takes the next association when the last one has ended.
    In a directory that was its own before, it has what it had.
    """

    name: str
    program: str
    command: Callable[[Place], list[str]]
    version: Callable[[], str]
    environment: Mapping[str, str] = field(default_factory=dict)
    serves_many: bool = True
    services: frozenset[Service] = frozenset({Service.STORAGE})
    web_root: str = ""
    """Where its DICOMweb is, if it has that."""

    def is_installed(self) -> bool:
        """Whether it can be started here."""
        return shutil.which(self.program) is not None


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `first_echo_s` passed from its start to the answer to a C-ECHO."""

    process: "subprocess.Popen[bytes]"
    port: int
    http_port: int
    sink_port: int
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
        place = Place(folder or Path(name), *_free_ports(3))
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
            yield Server(process, place.dimse_port, place.http_port, place.sink_port, took_s)
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


def _free_ports(count: int) -> list[int]:
    with ExitStack() as probes:
        bound = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in bound:
            probe.bind((wire.HOST, 0))
        return [probe.getsockname()[1] for probe in bound]


def _pacsd(place: Place) -> list[str]:
    data_dir = place.directory / "data"
    data_dir.mkdir(exist_ok=True)
    peers = place.directory / PACSD_PEERS
    peers.write_text("".join(starmap(_pacsd_peer, _sinks(place))), encoding="utf-8")
    return [
        _PACSD,
        "serve",
        f"--data-dir={data_dir}",
        f"--dimse={wire.HOST}:{place.dimse_port}",
        f"--http={wire.HOST}:{place.http_port}",
        f"--ae-title={messages.CALLED_AE}",
    ]


def _pacsd_peer(title: str, port: int, associations: int) -> str:
    return f"""
        [[peer]]
        ae_title = "{title}"
        host = "{wire.HOST}"
        port = {port}
        move_destination = true
        connections = {associations}
    """


def _sinks(place: Place) -> list[tuple[str, int, int]]:
    """Destinations of C-MOVE: AE title, port, associations to it at once."""
    return [(SINK, place.sink_port, 1), (WIDE_SINK, place.sink_port, 4)]


def _dcmtk(place: Place) -> list[str]:
    return [*_dcmtk_single(place), "--fork"]


def _dcmtk_single(place: Place) -> list[str]:
    return ["storescp", "-od", str(place.directory), "-aet", "DCMTK", str(place.dimse_port)]


def _dcmqrscp(place: Place) -> list[str]:
    database = place.directory / "database"
    database.mkdir(exist_ok=True)
    hosts = [f"{title} = ({title}, {wire.HOST}, {port})" for title, port, _ in _sinks(place)]
    lines = (
        f"NetworkTCPPort = {place.dimse_port}",
        "MaxPDUSize = 131072",
        "MaxAssociations = 20",
        "HostTable BEGIN",
        *hosts,
        "HostTable END",
        "VendorTable BEGIN",
        "VendorTable END",
        "AETable BEGIN",
        f"{messages.CALLED_AE} {database} RW (2000, 1024mb) ANY",
        "AETable END",
    )
    path = place.directory / "dcmqrscp.cfg"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return ["dcmqrscp", "--config", str(path)]


def _orthanc(place: Place) -> list[str]:
    configuration: dict[str, object] = {
        "DicomPort": place.dimse_port,
        "HttpPort": place.http_port,
        "RemoteAccessAllowed": False,
        "StorageDirectory": str(place.directory / "store"),
        "DicomScpTimeout": 300,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "DicomModalities": {title: [title, wire.HOST, port] for title, port, _ in _sinks(place)},
    }
    if _ORTHANC_WEB.exists():
        configuration["Plugins"] = [str(_ORTHANC_WEB)]
        configuration["DicomWeb"] = {"Enable": True, "Root": "/dicom-web/"}
    path = place.directory / "orthanc.json"
    path.write_text(json.dumps(configuration))
    return ["Orthanc", str(path)]


def _pynetdicom(place: Place) -> list[str]:
    script = Path(__file__).with_name("pynetdicom_scp.py")
    return [sys.executable, str(script), str(place.dimse_port), str(place.directory)]


def _pynetdicom_qrscp(place: Place) -> list[str]:
    sinks = "".join(
        f"[{title}]\naddress: {wire.HOST}\nport: {port}\n" for title, port, _ in _sinks(place)
    )
    path = place.directory / "qrscp.ini"
    path.write_text(
        f"""
[DEFAULT]
ae_title: {messages.CALLED_AE}
port: {place.dimse_port}
max_pdu: 131072
acse_timeout: 30
dimse_timeout: 30
network_timeout: 300
bind_address: {wire.HOST}
instance_location: {place.directory / "instances"}
database_location: {place.directory / "instances.sqlite"}
log_identifier: False
{sinks}""",
        encoding="utf-8",
    )
    return [sys.executable, "-m", "pynetdicom", "qrscp", "--quiet", "--config", str(path)]


def _says(*command: str) -> Callable[[], str]:
    def first_line() -> str:
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
        return said.splitlines()[0].strip("$ ")

    return first_line


def _pynetdicom_version() -> str:
    return f"pynetdicom {importlib.metadata.version('pynetdicom')}"


# Without it every response of DCMTK's code waits 40 ms for an acknowledgement.
_NO_DELAY = {"TCP_NODELAY": "1"}

_ORTHANC_WEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_ORTHANC_SERVICES = frozenset(Service) - (set() if _ORTHANC_WEB.exists() else {Service.WEB})

PACSD_PEERS = "peers.toml"
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
                "PACSD_PEERS_FILE": PACSD_PEERS,
            },
            services=frozenset(Service),
            web_root="/dicomweb",
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
        Peer(
            "dcmqrscp",
            "dcmqrscp",
            _dcmqrscp,
            _says("dcmqrscp", "--version"),
            _NO_DELAY,
            services=frozenset({Service.QUERY, Service.RETRIEVE}),
        ),
        Peer(
            "orthanc",
            "Orthanc",
            _orthanc,
            _says("Orthanc", "--version"),
            _NO_DELAY,
            services=_ORTHANC_SERVICES,
            web_root="/dicom-web",
        ),
        Peer(
            "pynetdicom",
            sys.executable,
            _pynetdicom,
            _pynetdicom_version,
        ),
        Peer(
            "qrscp",
            sys.executable,
            _pynetdicom_qrscp,
            _pynetdicom_version,
            services=frozenset({Service.RETRIEVE}),
        ),
    )
}
