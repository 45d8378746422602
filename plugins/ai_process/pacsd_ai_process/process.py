"""A program in its cage, from its start to its end, which all that it began shares."""

import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from subprocess import DEVNULL, PIPE, STDOUT

import anyio
from anyio.abc import Process

from pacsd_ai_process import cage as cage_module
from pacsd_ai_process.cage import Cage

GRACE_S = 2.0
"""Between being asked to end, and being ended."""
_MOST_SAID = 4_096
_INHERITED = ("PATH", "LANG", "TZ")


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: its exit code, what it said, and what it could not be kept from."""

    code: int
    said: bytes
    unconfined: tuple[str, ...]


async def run_caged(cage: Cage, environment: Mapping[str, str], most_said: int) -> Ended:
    """Run it; of what it says the first `most_said` bytes are kept. Cancelled, it is ended.

    Raises:
        OSError: it cannot be begun.
    """
    hears, says = os.pipe()
    try:
        process = await anyio.open_process(
            [sys.executable, "-E", "-s", cage_module.__file__, cage.argument(), str(says)],
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            cwd=cage.folder,
            env=_environment(environment),
            pass_fds=(says,),
            start_new_session=True,
        )
    except BaseException:
        os.close(hears)
        raise
    finally:
        os.close(says)
    try:
        said = await _drained(process, most_said)
        code = await process.wait()
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)
        told = os.read(hears, _MOST_SAID)
        os.close(hears)
    return Ended(code, said, tuple(json.loads(told or b"[]")))


async def _drained(process: Process, most: int) -> bytes:
    """What it says; all of it is read, so that it never waits for us."""
    assert process.stdout is not None  # noqa: S101 - it was opened so
    said = b""
    async for piece in process.stdout:
        said = (said + piece)[:most] if len(said) < most else said
    return said


async def _end(process: Process) -> None:
    """End it, if it has not ended, with all of its group."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        with anyio.move_on_after(GRACE_S):
            await process.wait()
    _signal(process, signal.SIGKILL)
    await process.wait()
    await process.aclose()


def _signal(process: Process, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, "HOME": "/nonexistent", **own}
