import asyncio
import json
import operator
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from structlog.testing import capture_logs

from pacsd.app.admin import unix_socket
from pacsd.app.admin.unix_socket import (
    COMMAND_DEADLINE_S,
    DEADLINE_S,
    MAX_CONNECTIONS,
    MAX_LINE_BYTES,
    MAX_PATH_BYTES,
    AdminError,
    AdminSocket,
    Command,
    ask,
    peer_uid,
)


async def wait_for_ever(_: Mapping[str, object]) -> None:
    await anyio.sleep_forever()


async def take_a_moment(_: Mapping[str, object]) -> str:
    await anyio.sleep(0.2)
    return "done"


async def double(arguments: Mapping[str, object]) -> int:
    number = arguments["number"]
    if not isinstance(number, int):
        raise AdminError("number must be a number")
    return 2 * number


COMMANDS: dict[str, Command] = {
    "arguments": dict,
    "double": double,
    "unsayable": lambda _: object(),
    "slow": take_a_moment,
    "wait": wait_for_ever,
    "defect": operator.itemgetter("missing"),
}


@pytest.fixture
def path() -> Iterator[Path]:
    # Not tmp_path: its names may be too long for a Unix socket.
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "admin.sock"


@asynccontextmanager
async def serving(
    path: Path, deadline_s: float = DEADLINE_S, command_deadline_s: float = COMMAND_DEADLINE_S
) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        started = anyio.Event()
        served = AdminSocket(path, COMMANDS, deadline_s, command_deadline_s)
        tasks.start_soon(served.run, started.set)
        await started.wait()
        yield
        tasks.cancel_scope.cancel()


async def asked(path: Path, command: str, **arguments: object) -> object:
    return await to_thread.run_sync(lambda: ask(path, command, **arguments))


async def raw(path: Path, *lines: bytes) -> list[dict[str, object]]:
    """Send bytes; the answers until the server closes."""
    return await to_thread.run_sync(exchange, path, b"".join(lines))


def exchange(path: Path, sent: bytes) -> list[dict[str, object]]:
    received = bytearray()
    with socket.socket(socket.AF_UNIX) as connected, suppress(ConnectionResetError):
        connected.connect(str(path))
        connected.sendall(sent)
        connected.shutdown(socket.SHUT_WR)
        while part := connected.recv(65_536):
            received += part
    return [json.loads(line) for line in received.splitlines()]


def mode(path: Path) -> int:
    """What lies there, 0 if nothing."""
    return path.lstat().st_mode if path.exists() else 0


def exchange_file(path: Path, text: str) -> str:
    """Write a file; what it held before."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(text, encoding="utf-8")
    return before


def remove(path: Path) -> None:
    path.unlink()


async def test_a_command_and_its_result(path: Path) -> None:
    async with serving(path):
        assert await asked(path, "double", number=21) == 42
        assert await asked(path, "arguments", a=1, b=["x", None]) == {"a": 1, "b": ["x", None]}


async def test_an_error_is_told(path: Path) -> None:
    async with serving(path):
        with pytest.raises(AdminError, match="number must be a number"):
            await asked(path, "double", number="x")
        with pytest.raises(AdminError, match="command 'halve' is not known"):
            await asked(path, "halve")


@pytest.mark.parametrize("command", ["defect", "unsayable"])
async def test_a_defect_costs_one_answer(path: Path, command: str) -> None:
    async with serving(path):
        with capture_logs() as lines, pytest.raises(AdminError, match="internal error"):
            await asked(path, command)
        assert [line["log_level"] for line in lines] == ["error"]
        assert await asked(path, "double", number=1) == 2


async def test_several_commands_on_one_connection(path: Path) -> None:
    async with serving(path):
        answers = await raw(
            path,
            b'{"command": "double", "number": 1}\n',
            b'{"command": "halve"}\n',
            b'{"command": "double", "number": 3}\n',
        )
    assert [answer["ok"] for answer in answers] == [True, False, True]
    assert answers[2]["result"] == 6


@pytest.mark.parametrize(
    "line", [b"\n", b"nonsense\n", b"[]\n", b'"double"\n', b'{"command": 7}\n', b"\xff\n"]
)
async def test_what_is_no_request(path: Path, line: bytes) -> None:
    async with serving(path):
        (answer,) = await raw(path, line)
        assert answer["ok"] is False
        assert str(answer["error"]).startswith("the request ")


async def test_deep_nesting(path: Path) -> None:
    async with serving(path):
        (answer,) = await raw(path, b"[" * 60_000 + b"\n")
        assert answer["ok"] is False
        assert await asked(path, "double", number=1) == 2


async def test_a_line_too_long(path: Path) -> None:
    async with serving(path):
        (answer,) = await raw(path, b"x" * (MAX_LINE_BYTES + 1))
        assert answer["error"] == f"a request is one line of at most {MAX_LINE_BYTES} bytes"


async def test_half_a_line_is_not_answered(path: Path) -> None:
    async with serving(path):
        assert await raw(path, b'{"command": "double", ') == []


async def test_an_idle_connection_is_closed_at_the_deadline(path: Path) -> None:
    async with serving(path, deadline_s=0.05):
        reader, writer = await asyncio.open_unix_connection(path)
        assert await reader.read() == b""
        writer.close()


async def test_a_command_that_takes_too_long(path: Path) -> None:
    async with serving(path, command_deadline_s=0.05):
        with pytest.raises(AdminError, match=r"not done within 0\.05 s"):
            await asked(path, "wait")


async def test_a_command_may_take_longer_than_a_request(path: Path) -> None:
    async with serving(path, deadline_s=0.05):
        assert await asked(path, "slow") == "done"


@pytest.mark.parametrize("command", ["reload", "correct.apply"])
def test_the_client_waits_for_what_may_take_long(
    path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unix_socket, "DEADLINE_S", 0.01)
    monkeypatch.setattr(unix_socket, "COMMAND_DEADLINE_S", 0.1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen(2)
        with pytest.raises(AdminError, match=r"did not answer within 0\.01 s"):
            ask(path, "status")
        with pytest.raises(AdminError, match=r"did not answer within 0\.11 s"):
            ask(path, command)


STARVED = """
import os, resource, sys
from pathlib import Path
import anyio, structlog
from anyio import to_thread
from structlog.testing import capture_logs
from pacsd.app.admin import unix_socket
from pacsd.app.admin.unix_socket import AdminSocket, ask

async def main(path):
    async with anyio.create_task_group() as tasks:
        started = anyio.Event()
        tasks.start_soon(AdminSocket(path, {"one": lambda _: 1}).run, started.set)
        await started.wait()
        assert await to_thread.run_sync(ask, path, "one") == 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        taken = []
        while len(taken) < 1 or taken[-1] < 63:
            taken.append(os.dup(0))
        os.close(taken.pop())  # one for the client, none for the daemon
        with capture_logs() as lines:
            async with anyio.create_task_group() as asking:
                asking.start_soon(to_thread.run_sync, ask, path, "one")
                while not lines:
                    await anyio.sleep(0)
                for descriptor in taken:
                    os.close(descriptor)
        assert [line["event"] for line in lines] == ["no admin command can be accepted"], lines
        assert "open files" in lines[0]["error"]
        tasks.cancel_scope.cancel()

unix_socket.ACCEPT_AGAIN_S = 0.05
anyio.run(main, Path(sys.argv[1]))
"""


def test_without_file_descriptors_it_waits_for_some(path: Path) -> None:
    subprocess.run([sys.executable, "-c", STARVED, str(path)], check=True, timeout=30)


async def test_one_connection_too_many(path: Path) -> None:
    async with serving(path):
        held = [await asyncio.open_unix_connection(path) for _ in range(MAX_CONNECTIONS)]
        for reader, writer in held:  # every one is being served
            writer.write(b'{"command": "double", "number": 1}\n')
            await reader.readline()
        with pytest.raises(AdminError, match="the most at once"):
            await asked(path, "double", number=1)
        for _, writer in held:
            writer.close()


async def test_only_its_own_user_may_even_open_it(path: Path) -> None:
    async with serving(path):
        assert mode(path) == stat.S_IFSOCK | 0o600


async def test_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unix_socket, "peer_uid", lambda _: 54_321)
    async with serving(path):
        with capture_logs() as lines, pytest.raises(AdminError, match="user id 54321 is neither"):
            await asked(path, "double", number=1)
    assert lines[0]["uid"] == 54_321


def test_peer_uid() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert peer_uid(one) == os.geteuid()


async def test_the_socket_goes_with_the_daemon(path: Path) -> None:
    async with serving(path):
        assert mode(path)
    assert not mode(path)
    with pytest.raises(AdminError, match=f"no daemon runs on {path.parent} "):
        await asked(path, "double", number=1)


async def test_the_socket_of_a_dead_daemon_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(AdminError, match="no daemon runs on "):
        await asked(path, "double", number=1)
    async with serving(path):
        assert await asked(path, "double", number=1) == 2


async def test_the_socket_of_a_living_daemon_is_not(path: Path) -> None:
    async with serving(path):
        with pytest.raises(OSError, match="another daemon answers on "):
            await AdminSocket(path, COMMANDS).run(lambda: None)
        assert await asked(path, "double", number=1) == 2


async def test_nor_is_one_whose_queue_is_full(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(path))
        busy.listen(0)
        waiting.connect(str(path))
        with pytest.raises(OSError, match="another daemon answers on "):
            await AdminSocket(path, COMMANDS).run(lambda: None)


async def test_another_file_in_its_place_stays(path: Path) -> None:
    exchange_file(path, "precious")
    with pytest.raises(OSError, match="it is not a socket"):
        await AdminSocket(path, COMMANDS).run(lambda: None)
    assert exchange_file(path, "") == "precious"


async def test_a_successor_keeps_its_socket(path: Path) -> None:
    async with serving(path):
        remove(path)
        with socket.socket(socket.AF_UNIX) as successor:
            successor.bind(str(path))
    assert mode(path)


async def test_a_path_too_long_names_the_setting(tmp_path: Path) -> None:
    path = tmp_path / ("x" * MAX_PATH_BYTES)
    with pytest.raises(OSError, match=f"at most {MAX_PATH_BYTES}; choose a shorter data_dir"):
        await AdminSocket(path, COMMANDS).run(lambda: None)
    with pytest.raises(AdminError, match="choose a shorter data_dir"):
        await asked(path, "double", number=1)


async def test_an_argument_that_json_cannot_say(path: Path) -> None:
    async with serving(path):
        with pytest.raises(AdminError, match="cannot be put as JSON"):
            await asked(path, "arguments", aet="\udcff")


@pytest.mark.parametrize("answer", [b"7\n", b'{"ok": false}\n', b"nonsense\n", b""])
async def test_an_answer_of_something_else(path: Path, answer: bytes) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    async with await asyncio.start_unix_server(reply, path):
        with pytest.raises(AdminError):
            await asked(path, "double", number=1)
