"""A real daemon in a process of its own, waited for by what it says, never by sleeping.

`running` starts one with options of `pacsd serve`, for those who end it themselves; `daemon` and
the fixture of that name start one with a configuration and see to it that it ends well.
"""
# ruff: noqa: S101 - assert is how a test speaks

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, cast

import anyio
import anyio.to_thread
import orjson

from pacsd.app.admin.unix_socket import SOCKET_NAME, ask

SAYS_WITHIN_S = 60.0
"""Only how long a broken daemon is waited for; one that works is not waited for at all."""

HOST = "127.0.0.1"

_TRACEBACK = "Traceback (most recent call last)"

Line = Mapping[str, object]
"""A log line by its fields; one that is no JSON is the `text` of an `event` without a name."""


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

    @property
    def dicom_url(self) -> str:
        """Where it listens for DICOM, as `pacsd send` and its like take it."""
        return f"{HOST}:{self.port}"

    @property
    def http_url(self) -> str:
        """Where it listens for HTTP, without a slash at the end."""
        return f"http://{HOST}:{self.http_port}"

    def ask(self, command: str, **arguments: object) -> object:
        """Have it perform a command of its admin socket; raises AdminError as that does."""
        return ask(self.data_dir / SOCKET_NAME, command, **arguments)

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

    def tracebacks(self) -> list[Line]:
        """The lines read so far that tell of an exception."""
        return [
            line
            for line in self.lines
            if "exception" in line or _TRACEBACK in str(line.get("text", ""))
        ]

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
    python: str = sys.executable,
) -> Iterator[Running]:
    """Start `pacsd serve` on free loopback ports and wait until it serves; end it afterwards.

    Without `data_dir` it gets a new one, whose path is short: an admin socket has to fit in.
    `environment` is given to it beside ours; `python` is the interpreter that has pacsd.
    """
    with tempfile.TemporaryDirectory(prefix="pacsd-") as temporary:
        where = data_dir or Path(temporary) / "data"
        command = [python, "-m", "pacsd", "serve", "--data-dir", str(where)]
        ports = ["--dimse", f"{HOST}:0", "--http", f"{HOST}:0"]
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PACSD_")}
        ours["PACSD_STORE__UNSAFE_TMPFS"] = "true"
        process = subprocess.Popen(  # noqa: S603 - our own command
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


@contextmanager
def configured(
    configuration: str = "", *, python: str = sys.executable, may_tell_exceptions: bool = False
) -> Iterator[Running]:
    """A daemon with this configuration (TOML), which ends well once the test is through.

    Afterwards it gets SIGTERM, and has to leave with exit code 0 and no traceback in its log; with
    `may_tell_exceptions` there may be some, for a test of a plugin that raises.
    """
    with tempfile.TemporaryDirectory(prefix="pacsd-") as folder:
        file = Path(folder) / "pacsd.toml"
        file.write_text(configuration, encoding="utf-8")
        with running("--config", str(file), data_dir=Path(folder) / "data", python=python) as found:
            yield found
            code = found.stop()
            told = [] if may_tell_exceptions else found.tracebacks()
            assert (code, told) == (0, []), f"exit code {code}; its log has {told}"


@asynccontextmanager
async def daemon(
    configuration: str = "", *, may_tell_exceptions: bool = False
) -> AsyncIterator[Running]:
    """As `configured`, for a test on an event loop; the methods of what it gives block."""
    started = configured(configuration, may_tell_exceptions=may_tell_exceptions)

    async def leave(
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(started.__exit__, kind, raised, traceback)

    async with AsyncExitStack() as stack:
        found = await anyio.to_thread.run_sync(started.__enter__)
        stack.push_async_exit(leave)
        yield found
