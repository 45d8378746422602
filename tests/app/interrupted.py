"""A command in a process of its own that somebody interrupts."""

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

PROBE_S = 0.02
PROBES = 700


def interrupted(arguments: Sequence[str], is_time: Callable[[], bool]) -> tuple[int, str, str]:
    """Run `pacsd` until it is time, then Ctrl-C: its exit code, and what it said."""
    with subprocess.Popen(
        [sys.executable, "-m", "pacsd", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            for _ in range(PROBES):
                if is_time():
                    break
                try:
                    process.wait(PROBE_S)
                except subprocess.TimeoutExpired:
                    continue
                raise AssertionError(process.communicate())
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        return process.returncode, out, err
