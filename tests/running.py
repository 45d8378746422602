"""A real daemon in a process of its own, waited for by what it says, never by sleeping."""

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import orjson

SAYS_WITHIN_S = 60.0
"""Only how long a broken daemon is waited for; one that works is not waited for at all."""

Line = Mapping[str, object]


class Process(Protocol):
    """What is asked of a process, as of a `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Its exit code, None while it runs; negative: the signal that ended it."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal."""

    def kill(self) -> None:
        """Send it SIGKILL."""


class Running:
    """A started `pacsd serve`; the log lines in `said` are read as they come."""

    def __init__(self, process: Process, said: BinaryIO, data_dir: Path) -> None:
        self.process = process
        self.data_dir = data_dir
        self._said = said
        self.lines: list[Line] = []
        self._coming: queue.Queue[Line | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="log reader")
        self._reader.start()

    @property
    def port(self) -> int:
        """Where it listens for DICOM."""
        return self._port("dimse")

    @property
    def http_port(self) -> int:
        """Where it listens for HTTP."""
        return self._port("http")

    def wait_for(self, event: str, **values: object) -> Line:
        """The next line of this event with these values; other lines are kept, too."""
        while True:
            line = self._coming.get(timeout=SAYS_WITHIN_S)
            assert line is not None, f"it ended without saying {event!r}: {self.lines}"
            self.lines.append(line)
            if line.get("event") == event and values.items() <= line.items():
                return line

    def said(self, event: str) -> list[Line]:
        """The lines of this event that were read so far."""
        return [line for line in self.lines if line.get("event") == event]

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM, and its exit code; what it still said is kept."""
        self.signal(signal.SIGTERM)
        code = self.process.wait(SAYS_WITHIN_S)
        self._finish()
        return code

    def kill(self) -> None:
        """End it, if it has not ended."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._finish()

    def _finish(self) -> None:
        self._reader.join()
        while not self._coming.empty():
            line = self._coming.get()
            if line is not None:
                self.lines.append(line)

    def _port(self, key: str) -> int:
        address = self.said("serving")[0][key]
        text = address[0] if isinstance(address, list) else address
        return int(str(text).rpartition(":")[2])

    def _read(self) -> None:
        for raw in self._said:
            try:
                self._coming.put(orjson.loads(raw))
            except orjson.JSONDecodeError:
                self._coming.put({"event": "", "text": raw.decode(errors="replace").rstrip()})
        self._coming.put(None)


@contextmanager
def running(
    *options: str,
    data_dir: Path | None = None,
    wait: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Start `pacsd serve` on free loopback ports and wait until it serves; end it afterwards.

    Without `data_dir` it gets a new one, whose path is short: an admin socket has to fit in.
    `environment` is given to it beside ours.
    """
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        where = data_dir or Path(temporary) / "data"
        command = [sys.executable, "-m", "pacsd", "serve", "--data-dir", str(where)]
        ports = ["--dimse", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PACSD_")}
        ours["PACSD_STORE__UNSAFE_TMPFS"] = "true"
        process = subprocess.Popen(
            [*command, *ports, *options],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=ours | dict(environment or {}),
        )
        said = cast("BinaryIO", process.stderr)
        daemon = Running(process, said, where)
        try:
            if wait:
                daemon.wait_for("serving")
            yield daemon
        finally:
            daemon.kill()
            said.close()
