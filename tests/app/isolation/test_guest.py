import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from pacsd.app.isolation.channel import Channel, Manners
from pacsd.app.isolation.descriptors import Descriptors, descriptors_beside
from pacsd.app.isolation.errors import AskFailed, ChannelClosed
from pacsd.app.isolation.guest import Guest
from pacsd.app.isolation.home import MAX_CALLS
from pacsd.app.isolation.requests import MAX_ASKED
from tests.app.isolation.homes import WITHIN_S, asks, importable
from tests.house.test_imports import imported_by

DAEMON = """
import sys
from pathlib import Path
import anyio
from pacsd.app.isolation.home import Enabled
from pacsd.app.isolation.process import GuestProcess
from tests.app.isolation.homes import HOOK, asks, host_of

class Logger:
    def info(self, event, /, **fields):
        if event == "misbehaving":
            print(home.health().pid, flush=True)

    debug = warning = error = exception = info

plugin = Enabled("bad", "tests.app.isolation.misbehaving:Gate", {}, Path())
home = GuestProcess(plugin, host_of(Logger()))

async def main():
    async with anyio.create_task_group() as tasks:
        await home.start(tasks)
        await home.call(HOOK, asks(sys.argv[1]))

anyio.run(main)
"""


@pytest.mark.parametrize("deed", ["never_answers", "holds_interpreter"])
async def test_p01_a_process_ends_with_its_daemon_however_that_ends(deed: str) -> None:
    with (
        importable(),
        subprocess.Popen(  # noqa: ASYNC220 - a daemon that is to be killed
            [sys.executable, "-c", DAEMON, deed], stdout=subprocess.PIPE, text=True
        ) as daemon,
    ):
        assert daemon.stdout is not None
        guest = os.pidfd_open(int(await anyio.to_thread.run_sync(daemon.stdout.readline)))
        daemon.kill()
        with anyio.fail_after(WITHIN_S):
            await anyio.wait_readable(guest)
        os.close(guest)


def nothing_beside() -> Descriptors:
    with descriptors_beside() as (descriptors, _):
        return descriptors


async def test_what_is_not_loaded_is_not_asked(tmp_path: Path) -> None:
    async with anyio.create_task_group() as tasks:
        guest = Guest(tasks, nothing_beside())
        for ask in (guest._check, guest._startup, guest._shutdown):
            with pytest.raises(ValueError, match="a plugin that is not loaded"):
                await ask(None)
        hook = {"hook": "pacsd_association_requested", "arguments": {}, "within": []}
        with pytest.raises(ValueError, match="a plugin that is not loaded"):
            await guest._call(hook)
        with pytest.raises(ValueError, match="LoadRequest"):
            await guest._load({"name": str(tmp_path), **asks("CT1")})


async def test_a_guest_may_ask_what_the_daemon_answers(tmp_path: Path) -> None:
    async def get(arguments: object) -> object:
        return [arguments, str(tmp_path)]

    async with anyio.create_task_group() as tasks:
        guest = Guest(tasks, nothing_beside())
        daemon = Channel(tasks, Manners({"get": get}, {}, MAX_CALLS, MAX_ASKED))
        loop = asyncio.get_running_loop()
        for channel, end in zip((guest.channel, daemon), socket.socketpair(), strict=True):
            await loop.create_connection(lambda channel=channel: channel, sock=end)  # type: ignore[misc]
        assert await guest.channel.ask("get", {"key": "a"}) == [{"key": "a"}, str(tmp_path)]
        with pytest.raises(AskFailed, match="a plugin that is not loaded"):
            await daemon.ask("check", None)
        with pytest.raises(ChannelClosed):
            await guest.channel.ask("os.system", "true")
        assert daemon.reason == "sent 'os.system' instead of something to be asked"
        guest.channel.close("test is over")


def test_a_guest_imports_nothing_of_the_daemon_that_costs_time() -> None:
    heavy = {"aiohttp", "alembic", "prometheus_client", "pydicom", "sqlalchemy", "structlog"}
    assert not imported_by("import pacsd.app.isolation.guest") & heavy
