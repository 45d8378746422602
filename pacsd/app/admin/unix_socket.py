"""The admin socket: how commands on this machine speak to the running daemon.

A Unix socket in the data directory; one JSON object per line asks, one answers:

    {"command": "associations.show", "number": 7}
    {"ok": true, "result": ...}   or   {"ok": false, "error": "association 8 is not known"}

Whoever asks must be the daemon's own user or root.
"""

import errno
import os
import socket
import stat
import struct
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from inspect import isawaitable
from pathlib import Path

import anyio
import orjson
import structlog
from anyio.abc import SocketAttribute, SocketListener, SocketStream, TaskGroup
from anyio.streams.buffered import BufferedByteReceiveStream

SOCKET_NAME = "admin.sock"
MAX_PATH_BYTES = 107
"""sockaddr_un has room for 108 bytes, one of them a NUL."""

MAX_LINE_BYTES = 4 * 1024**2
"""Of a request, which may name as many paths as a command line."""

MAX_ANSWER_BYTES = 64 * 1024**2
MAX_CONNECTIONS = 16
DEADLINE_S = 10.0
"""For a request to arrive and for an answer to be taken."""

COMMAND_DEADLINE_S = 60.0
"""For a command; a reload asks the name service for every peer."""

ACCEPT_AGAIN_S = 1.0

_RECEIVED_BYTES = 65_536

_SLOW_COMMANDS = frozenset(
    (
        "correct.apply",
        "deletion.count",
        "deletion.delete",
        "deletion.restore",
        "index.stats",
        "quarantine.diff",
        "quarantine.held",
        "quarantine.release",
        "quarantine.show",
        "reload",
    )
)

_log = structlog.get_logger("pacsd.admin")

Command = Callable[[Mapping[str, object]], object | Awaitable[object]]
"""Takes the request's arguments; what it returns becomes JSON."""


class AdminError(Exception):
    """A command cannot be done; the text is for whoever gave it."""


class NoDaemonError(AdminError):
    """Nobody is there to ask."""


class AdminSocket:
    """Serves commands while `run` runs."""

    def __init__(
        self,
        path: Path,
        commands: Mapping[str, Command],
        deadline_s: float = DEADLINE_S,
        command_deadline_s: float = COMMAND_DEADLINE_S,
    ) -> None:
        self._path = path
        self._commands = commands
        self._deadline_s = deadline_s
        self._command_deadline_s = command_deadline_s
        self._connections = 0

    async def run(self, started: Callable[[], None]) -> None:
        """Serve until cancelled; `started` is called when connections are accepted.

        Raises:
            OSError: the socket cannot be made, or another daemon answers on it.
        """
        with _bound(self._path) as bound:
            listener = await SocketListener.from_socket(bound)
            started()
            async with anyio.create_task_group() as tasks:
                await self._accept(listener, tasks)

    async def _accept(self, listener: SocketListener, tasks: TaskGroup) -> None:
        """Serve each connection; without file descriptors left for one, try again a bit later."""
        is_failing = False
        while True:
            try:
                stream = await listener.accept()
            except anyio.BrokenResourceError as error:
                if not is_failing:
                    _log.error("no admin command can be accepted", error=str(error.__cause__))
                is_failing = True
                await anyio.sleep(ACCEPT_AGAIN_S)
            else:
                is_failing = False
                tasks.start_soon(self._serve, stream, name="admin command")

    async def _serve(self, stream: SocketStream) -> None:
        self._connections += 1
        try:
            async with stream:
                fault = self._fault(stream)
                if fault:
                    await self._send(stream, _refusal(fault))
                else:
                    await self._serve_lines(stream)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, TimeoutError):
            return  # whoever asked did not wait, or we do not wait for him
        finally:
            self._connections -= 1

    def _fault(self, stream: SocketStream) -> str:
        uid = peer_uid(stream.extra(SocketAttribute.raw_socket))  # noqa: S610 - this is no Django
        if uid not in (os.geteuid(), 0):
            _log.warning("admin command refused", uid=uid)
            return f"user id {uid} is neither the daemon's nor root's"
        if self._connections > MAX_CONNECTIONS:
            return f"{MAX_CONNECTIONS} commands are being served, the most at once"
        return ""

    async def _serve_lines(self, stream: SocketStream) -> None:
        lines = BufferedByteReceiveStream(stream)
        try:
            while True:
                with anyio.fail_after(self._deadline_s):
                    line = await lines.receive_until(b"\n", MAX_LINE_BYTES)
                await self._send(stream, await self._answer(line))
        except anyio.IncompleteRead:
            return
        except anyio.DelimiterNotFound:
            fault = f"a request is one line of at most {MAX_LINE_BYTES} bytes"
            await self._send(stream, _refusal(fault))

    async def _send(self, stream: SocketStream, line: bytes) -> None:
        with anyio.fail_after(self._deadline_s):
            await stream.send(line)

    async def _answer(self, line: bytes) -> bytes:
        try:
            name, arguments = _request(line)
            result = self._command(name)(arguments)
            if isawaitable(result):
                with anyio.fail_after(self._command_deadline_s):
                    result = await result
            return _line({"ok": True, "result": result})
        except AdminError as error:
            return _refusal(str(error))
        except TimeoutError:
            return _refusal(f"not done within {self._command_deadline_s:g} s, given up")
        except Exception as error:  # noqa: BLE001 - caught once, at the request
            _log.error("a defect of pacsd failed an admin command", exc_info=error)
            return _refusal("internal error, see the daemon's log")

    def _command(self, name: str) -> Command:
        command = self._commands.get(name)
        if command is None:
            raise AdminError(f"command {name!a} is not known to this daemon")
        return command


def ask(path: Path, command: str, **arguments: object) -> object:
    """Have the daemon perform a command; what it answers, as JSON decodes it. Blocks.

    Raises:
        NoDaemonError: no daemon runs.
        AdminError: it refused or did not answer; the text says which.
    """
    wait_s = DEADLINE_S + (COMMAND_DEADLINE_S if command in _SLOW_COMMANDS else 0)
    try:
        _check_length(path)
        request = _line({**arguments, "command": command})
        answer: object = orjson.loads(_exchange(path, request, wait_s))
    except (FileNotFoundError, ConnectionRefusedError):
        raise NoDaemonError(
            f"no daemon runs on {path.parent} (nobody answers on {path}); --data-dir or "
            "PACSD_DATA_DIR names another data directory"
        ) from None
    except TimeoutError:
        raise AdminError(f"the daemon did not answer within {wait_s:g} s") from None
    except orjson.JSONEncodeError as error:
        raise AdminError(f"the command cannot be put as JSON: {error}") from None
    except orjson.JSONDecodeError:
        raise AdminError("the daemon closed the connection before it answered") from None
    except OSError as error:
        raise AdminError(f"{path}: {error.strerror or error}") from None
    return _result(answer)


def peer_uid(connected: socket.socket) -> int | None:
    """The user id at the other end of a Unix socket; root's where the system does not tell.

    There the mode of the socket file alone keeps others out.
    """
    if sys.platform != "linux":
        return 0
    size = struct.calcsize("3i")
    credentials = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    _, uid, _ = struct.unpack("3i", credentials)
    return int(uid)


def _request(line: bytes) -> tuple[str, Mapping[str, object]]:
    try:
        request: object = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise AdminError(f"the request is not JSON: {error}") from None
    if not isinstance(request, dict) or not isinstance(request.get("command"), str):
        raise AdminError('the request must be {"command": "...", ...}')
    return request.pop("command"), request


def _result(answer: object) -> object:
    if not isinstance(answer, dict):
        raise AdminError("the daemon's answer is not a JSON object")
    if answer.get("ok") is not True:
        raise AdminError(str(answer.get("error", "the daemon refused without a reason")))
    result: object = answer.get("result")
    return result


def _line(answer: Mapping[str, object]) -> bytes:
    return orjson.dumps(answer) + b"\n"


def _refusal(text: str) -> bytes:
    # A path that is not UTF-8 stands in a text as surrogates, which JSON cannot say.
    return _line({"ok": False, "error": text.encode("utf-8", "backslashreplace").decode()})


@contextmanager
def _bound(path: Path) -> Iterator[socket.socket]:
    """A socket that listens at the path; its file is gone afterwards, if it is still ours."""
    _check_length(path)
    _remove_stale(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bound:
        bound.bind(os.fspath(path))
        path.chmod(0o600)  # before listen: nobody can connect until then
        bound.listen(MAX_CONNECTIONS)
        bound.setblocking(False)
        ours = path.lstat()
        try:
            yield bound
        finally:
            if path.exists() and os.path.samestat(path.lstat(), ours):
                path.unlink()


def _check_length(path: Path) -> None:
    length = len(os.fsencode(path))
    if length > MAX_PATH_BYTES:
        raise OSError(
            errno.ENAMETOOLONG,
            f"{path} is {length} bytes long, a Unix socket takes at most {MAX_PATH_BYTES}; "
            "choose a shorter data_dir",
        )


def _remove_stale(path: Path) -> None:
    """Remove the socket of a daemon that died; one that answers is another daemon's."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, f"{path} is in the way: it is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            pass  # its queue is full: somebody is there
    raise OSError(errno.EADDRINUSE, f"another daemon answers on {path}")


def _exchange(path: Path, request: bytes, wait_s: float) -> bytes:
    deadline = time.monotonic() + wait_s
    received = bytearray()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connected:
        connected.settimeout(wait_s)
        connected.connect(os.fspath(path))
        with suppress(BrokenPipeError):  # refused unread: the reason is there to be read
            connected.sendall(request)
        while not received.endswith(b"\n"):
            connected.settimeout(max(0.001, deadline - time.monotonic()))
            part = connected.recv(_RECEIVED_BYTES)
            received += part
            if not part or len(received) > MAX_ANSWER_BYTES:
                break
    return bytes(received)
