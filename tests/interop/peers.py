"""Real DICOM peers: found, started on free loopback ports, and waited for without sleeping."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parents[2]
NODE_MODULES = ROOT / ".peers" / "node" / "node_modules"
DCMJS_PEER = ROOT / "contrib" / "peers" / "dcmjs_dimse.js"
DCMJS_FIND = ROOT / "contrib" / "peers" / "dcmjs_find.js"
DICOMWEB_JS = ROOT / "contrib" / "peers" / "dicomweb_client.js"
PACSD = (sys.executable, "-m", "pacsd")
LOOPBACK = "127.0.0.1"
PATIENCE_S = 30.0
_PROBE_S = 0.05
_ORTHANC_PLUGINS = (Path("/usr/lib/orthanc"), Path("/usr/share/orthanc/plugins"))


def program(name: str) -> str:
    """The path of a peer's program; without it the test is skipped, but never where CI runs."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
    found = shutil.which(name, path=path)
    if found is None:
        _missing(name)
    return str(found)


def dcmjs(*arguments: object) -> list[str]:
    """The command line of the dcmjs-dimse peer."""
    return dcmjs_script(DCMJS_PEER, *arguments)


def dcmjs_script(script: Path, *arguments: object) -> list[str]:
    """The command line of a script that uses dcmjs-dimse."""
    return node_script("dcmjs-dimse", script, *arguments)


def node_script(module: str, script: Path, *arguments: object) -> list[str]:
    """The command line of a script that uses a module from npm."""
    if not (NODE_MODULES / module).is_dir():
        _missing(module)
    return [program("node"), str(script), *map(str, arguments)]


def run(*command: object, given: str = "") -> str:
    """Run a peer to its end, which must be a good one: all that it said."""
    code, said = run_to_its_end(*command, given=given)
    assert code == 0, said
    return said


def run_to_its_end(*command: object, given: str = "") -> tuple[int, str]:
    """Run a peer to whatever end: its exit code and all that it said."""
    environment = {**os.environ, "NODE_PATH": str(NODE_MODULES), "TCP_NODELAY": "1"}
    done = subprocess.run(
        [str(part) for part in command],
        input=given.encode(),
        capture_output=True,
        timeout=PATIENCE_S,
        env=environment,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def free_port() -> int:
    """A port nobody listens on; for peers that cannot choose one themselves."""
    with closing(socket.create_server((LOOPBACK, 0))) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(command: Sequence[str], cwd: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A peer that runs until the end of the block; it writes into a file, so never stands still."""
    environment = {**os.environ, "NODE_PATH": str(NODE_MODULES), "TCP_NODELAY": "1"}
    with (cwd / "peer.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()


def wait_until_listening(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Wait until a started peer accepts connections; the end of its process ends the wait."""
    for _ in range(int(PATIENCE_S / _PROBE_S)):
        with suppress(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, port)).close()
            return
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the peer ended with code {process.wait(_PROBE_S)}")
    raise AssertionError(f"nobody listens on port {port}")


@contextmanager
def storescp(cwd: Path, *options: str, port: int = 0) -> Iterator[int]:
    """DCMTK as SCP; gives its port. It ignores what it receives unless options say otherwise."""
    port = port or free_port()
    command = [program("storescp"), *(options or ("--ignore",)), "-aet", "DCMTK", str(port)]
    with started(command, cwd) as process:
        wait_until_listening(process, port)
        yield port


@contextmanager
def dcmjs_scp(cwd: Path) -> Iterator[int]:
    """dcmjs-dimse as SCP; gives its port."""
    with started(dcmjs("scp"), cwd) as process:
        log = cwd / "peer.log"
        for _ in range(int(PATIENCE_S / _PROBE_S)):
            if log.read_bytes().endswith(b"\n"):
                break
            with suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"it ended with {process.wait(_PROBE_S)}: {log.read_text()}")
        yield json.loads(log.read_text(encoding="utf-8"))["port"]


@dataclass(frozen=True, slots=True)
class Orthanc:
    """A private Orthanc that knows one modality, "pacsd"."""

    dicom_port: int
    http_port: int

    def post(self, path: str, body: bytes = b"{}") -> dict[str, object]:
        """POST to its REST interface."""
        decoded: dict[str, object] = json.loads(self.ask(path, body))
        return decoded

    def ask(self, path: str, body: bytes | None = None) -> bytes:
        """GET, or POST a body; the answer as it comes."""
        return self._ask(Request(f"http://{LOOPBACK}:{self.http_port}{path}", data=body))

    def delete(self, path: str) -> None:
        """DELETE a resource."""
        self._ask(Request(f"http://{LOOPBACK}:{self.http_port}{path}", method="DELETE"))

    def _ask(self, request: Request) -> bytes:
        with urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            data: bytes = answer.read()
            return data


@contextmanager
def orthanc(cwd: Path, pacsd_port: int, *, web_root: str = "") -> Iterator[Orthanc]:
    """Start Orthanc with its own configuration, storage and ports.

    With `web_root`, that of our DICOMweb, it has its own at /dicom-web and knows ours as "pacsd".
    """
    peer = Orthanc(free_port(), free_port())
    web = {"Enable": True, "Root": "/dicom-web/", "Servers": {"pacsd": [f"{web_root}/"]}}
    configuration = {
        "Name": "pacsd-test",
        "StorageDirectory": str(cwd / "storage"),
        "IndexDirectory": str(cwd / "storage"),
        "Plugins": [_dicomweb_plugin()] if web_root else [],
        "DicomWeb": web if web_root else {},
        "HttpPort": peer.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": "ORTHANC",
        "DicomPort": peer.dicom_port,
        "DicomAlwaysAllowEcho": True,
        "DicomModalities": {"pacsd": ["PACSD", LOOPBACK, pacsd_port]},
        "Locale": "C",
    }
    file = cwd / "orthanc.json"
    file.write_text(json.dumps(configuration), encoding="utf-8")
    with started([program("Orthanc"), str(file)], cwd) as process:
        wait_until_listening(process, peer.http_port)
        wait_until_listening(process, peer.dicom_port)
        yield peer


def _dicomweb_plugin() -> str:
    """The path of Orthanc's plugin; without it the test is skipped, but never where CI runs."""
    folders = (each for each in _ORTHANC_PLUGINS if each.is_dir())
    found = [path for each in folders for path in sorted(each.glob("libOrthancDicomWeb.so*"))]
    if not found:
        _missing("orthanc-dicomweb")
    return str(found[0])


def _missing(name: str) -> None:
    text = f"{name} is not installed: run `make peers`"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)
