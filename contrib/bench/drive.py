"""Start the client's process and read its reports; None where the server did not answer."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contrib.bench.wire import Report

_CLIENT = Path(__file__).with_name("client.py")


def run(mode: str, port: int, **options: float | str) -> Report | None:
    """Run the client to its end; `options` are its arguments, `timeout_s` for `--timeout-s`."""
    done = subprocess.run(
        _command(mode, port, options), stdout=subprocess.PIPE, text=True, check=False
    )
    return _report(done.stdout)


@dataclass(frozen=True, slots=True)
class Asked:
    """How many of the asked associations answered, in percent, and how soon."""

    answered: float | None
    median_ms: float | None


class _Talk:
    """A client process that tells something at its start, and then of each line it is given."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.begin = self._read()

    def ask(self, line: str) -> Report:
        """What it tells of a line; nothing if it has ended."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        return self._read()

    def _read(self) -> Report:
        line = "" if self._process.stdout is None else self._process.stdout.readline()
        return _report(line) or {}


class Holder:
    """A client process that holds idle associations. `held` is how many it could open."""

    def __init__(self, talk: _Talk) -> None:
        self._talk = talk
        self.held = int(talk.begin.get("held") or 0)

    def ask(self, count: int) -> Asked:
        """C-ECHO on so many of them, chosen at random, until one does not answer in time."""
        report = self._talk.ask(f"{count}")
        asked, answered = report.get("asked"), report.get("answered") or 0
        return Asked(100 * answered / asked if asked else None, report.get("median_ms"))


class Storing:
    """A client process whose senders store. `clients` is how many have stored an instance."""

    def __init__(self, talk: _Talk) -> None:
        self._talk = talk
        self.clients = int(talk.begin.get("clients") or 0)

    def rate(self, begin_s: float, end_s: float) -> float | None:
        """Instances a second in a span of `time.monotonic`; None if a sender has ended by now."""
        return self._talk.ask(f"{begin_s} {end_s}").get("per_s")


@contextmanager
def holding(port: int, associations: int, timeout_s: float) -> Iterator[Holder]:
    """Hold associations as long as the context lasts."""
    options: dict[str, float | str] = {"associations": associations, "timeout_s": timeout_s}
    with _talking("hold", port, options) as talk:
        yield Holder(talk)


@contextmanager
def storing(
    port: int, clients: int, rows: int, timeout_s: float, seconds: float
) -> Iterator[Storing]:
    """Store at full rate as long as the context lasts, `seconds` at most."""
    options: dict[str, float | str] = {
        "clients": clients,
        "rows": rows,
        "timeout_s": timeout_s,
        "seconds": seconds,
    }
    with _talking("storing", port, options) as talk:
        yield Storing(talk)


@contextmanager
def _talking(mode: str, port: int, options: dict[str, float | str]) -> Iterator[_Talk]:
    pipe = subprocess.PIPE
    command = _command(mode, port, options)
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield _Talk(process)


def raise_file_limit() -> int:
    """Use as many file descriptors as the system lets us have; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _command(mode: str, port: int, options: dict[str, float | str]) -> list[str]:
    arguments = [(f"--{name.replace('_', '-')}", str(value)) for name, value in options.items()]
    flat = [text for pair in arguments for text in pair]
    return [sys.executable, str(_CLIENT), mode, str(port), *flat]


def _report(line: str) -> Report | None:
    if not line.strip():
        return None
    report: Report = json.loads(line)
    return report
