"""A real daemon, forked from a process that has imported everything: soon there, killed like any.

Starting takes a quarter of the time, so that thousands of kills fit into hours.
"""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from pacsd.app.cli.main import build
from pacsd.testing.daemon import Running

IMPORTED = [
    "pacsd.app.cli.main",
    "pacsd.app.conf.addresses",
    "pacsd.app.conf.checks",
    "pacsd.app.daemon",
    "pacsd_store_fs.plugin",
    "uvloop",
]

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(IMPORTED)


class Forked:
    """A `multiprocessing` process with the methods of a `subprocess.Popen`."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its number."""
        number = self._process.pid
        assert number is not None
        return number

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise TimeoutError(f"process {self.pid} did not end within {timeout} s")
        return code

    def send_signal(self, sig: int) -> None:
        """Send it a signal."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """Send it SIGKILL."""
        self._process.kill()


@contextmanager
def forked(data_dir: Path) -> Iterator[Running]:
    """As `running` without HTTP, in a directory that is given."""
    said, says = _forks.Pipe(duplex=False)
    process = _forks.Process(target=_serve, args=(data_dir, says))
    process.start()
    says.close()
    with os.fdopen(os.dup(said.fileno()), "rb") as lines:
        said.close()
        daemon = Running(Forked(process), lines, data_dir)
        try:
            daemon.wait_for("serving")
            yield daemon
        finally:
            daemon.kill()
            process.close()


def _serve(data_dir: Path, says: Connection) -> None:
    """In the new process: `pacsd serve`, whose log goes through the pipe."""
    os.dup2(says.fileno(), 2)
    says.close()
    os.environ["PACSD_STORE__UNSAFE_TMPFS"] = "true"
    options = ["--data-dir", str(data_dir), "--dimse", "127.0.0.1:0", "--http", ""]
    build()(["serve", *options])
