"""One process of a plugin: begun, watched, killed with all that it has begun (Linux)."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio

from pacsd.app.isolation.channel import CLOSED, Channel
from pacsd.app.isolation.environment import environment_of_plugin
from pacsd.app.isolation.output import Output

GUEST = "pacsd.app.isolation.guest"
REAP_S = 10.0
"""How long a killed process may take to end; one that hangs in the kernel is left to it."""

DRAIN_S = 1.0
"""How long its last words are read; a process that left its group may hold on to them."""


class ChildProcess:
    """A process in a session of its own.

    `ended` is set when it has ended; `ending` says how, by itself or killed, once it is reaped.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.ended = anyio.Event()
        self.ending = ""
        self._process = process
        self._descriptor = os.pidfd_open(process.pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._has_ended)

    @property
    def pid(self) -> int:
        """Its number, also that of its process group."""
        return self._process.pid

    async def kill(self) -> None:
        """Kill its process group, and itself if it has not ended, and reap it. Idempotent."""
        if self.ending:
            return
        # Not reaped yet, its number is nobody else's: the group is surely its own.
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        with anyio.move_on_after(REAP_S, shield=True) as scope:
            await self.ended.wait()
        self._unwatch()
        is_stuck = scope.cancelled_caught
        self.ending = "was killed and does not end" if is_stuck else _ending(self._process.wait())

    def _has_ended(self) -> None:
        self._unwatch()
        self.ended.set()

    def _unwatch(self) -> None:
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


def _ending(code: int) -> str:
    if code == -signal.SIGKILL:
        return "killed"
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"ended by {name}"


@asynccontextmanager
async def begun(channel: Channel, output: Output, beside: int) -> AsyncIterator[ChildProcess]:
    """A process with this end of its channel, and its output led away. Gone at the end.

    `beside` is the descriptor of a socket that it is given, too.

    The process is begun by this thread, and ends with it: the kernel watches threads.
    """
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    try:
        with there:
            process = _popen(there.fileno(), beside)
    except OSError:
        here.close()
        raise
    child = ChildProcess(process)
    try:
        await loop.create_connection(lambda: channel, sock=here)
        printed, _ = await loop.connect_read_pipe(lambda: output, process.stdout)
        try:
            yield child
        finally:
            await child.kill()
            with anyio.move_on_after(DRAIN_S, shield=True):
                await output.ended.wait()
            printed.close()
    finally:
        channel.close(CLOSED)
        await child.kill()


def _popen(descriptor: int, beside: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-m", GUEST, str(descriptor), str(os.getpid()), str(beside)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(descriptor, beside),
        env=environment_of_plugin(os.environ),
        start_new_session=True,
    )
