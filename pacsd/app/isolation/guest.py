"""The program of a plugin in a process of its own: `python -m pacsd.app.isolation.guest`.

It is given the descriptor of its channel, the daemon's process id, and the descriptor of the
socket beside the channel. What it does it is asked to:
load the plugin, check it, start it up, call its hooks, shut it down. It ends when the channel does.
"""

import os
import socket
import sys
import threading
import time
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from pacsd.api.dispatch.asked_for import within
from pacsd.api.errors import PluginError
from pacsd.api.plugin import Host
from pacsd.app.isolation.channel import Channel, Manners
from pacsd.app.isolation.descriptors import Descriptors
from pacsd.app.isolation.errors import ChannelClosed, Misfit, SettingsRefused
from pacsd.app.isolation.home import MAX_CALLS, Enabled
from pacsd.app.isolation.host_answering import through_channel
from pacsd.app.isolation.host_asking import asking
from pacsd.app.isolation.inline import InlineHome
from pacsd.app.isolation.line_rate import LineRate
from pacsd.app.isolation.log_records import TellingLogger
from pacsd.app.isolation.process_limits import end_with, limit_memory
from pacsd.app.isolation.requests import (
    CALL_REQUEST,
    LOAD_REPLY,
    LOAD_REQUEST,
    MAX_ASKED,
    SENTENCES,
    Arrived,
    CallRequest,
    LoadRequest,
    TableRefused,
)
from pacsd.app.isolation.series import METHOD, TELL_AFTER_S, Series, encode_bundle
from pacsd.app.isolation.specifications import Specification, specifications


class Guest:
    """What answers the daemon."""

    def __init__(self, tasks: TaskGroup, descriptors: Descriptors) -> None:
        self._tasks = tasks
        self._descriptors = descriptors
        self._loop: AbstractEventLoop = get_running_loop()
        self._thread = threading.get_ident()
        self._specifications: Mapping[str, Specification] = specifications()
        self._home: InlineHome | None = None
        self._series = Series(self._counted)
        self._is_due = False
        self._is_shutting_down = False
        answers = {
            "load": self._load,
            "check": self._check,
            "startup": self._startup,
            "call": self._call,
            "shutdown": self._shutdown,
        }
        # One more than calls: a shutdown may come while all are unanswered.
        manners = Manners(answers, {}, MAX_ASKED, MAX_CALLS + 1, tells_tracebacks=True)
        self.channel = Channel(tasks, manners)

    async def _load(self, arguments: object) -> object:
        request = LOAD_REQUEST.decode(arguments)
        assert isinstance(request, LoadRequest)  # noqa: S101 - its form makes nothing else
        assert isinstance(request.table, dict)  # noqa: S101 - it was one when it was sent
        limit_memory(request.memory_mb)
        enabled = Enabled(request.name, request.entry_point, request.table, Path(request.data_dir))
        logger = TellingLogger(self._tell, LineRate(time.monotonic))
        ask = through_channel(self.channel, self._descriptors)
        bare = Host(enabled.name, enabled.data_dir, logger, metrics=self._series)
        host = asking(bare, ask)
        # The daemon has the deadlines, and the means to enforce them.
        self._home = InlineHome(
            enabled, host, start_deadline_s=inf, stop_grace_s=inf, waits_for_threads=True
        )
        try:
            self._home.load()
        except SettingsRefused as refused:
            return LOAD_REPLY.encode(TableRefused(refused.problems))
        self._check_that_hooks_cross(enabled.name, self._home)
        return LOAD_REPLY.encode(Arrived(self._home.hooks))

    def _check_that_hooks_cross(self, name: str, home: InlineHome) -> None:
        for hook in home.hooks:
            why_not = self._specifications[hook].why_not
            if why_not:
                rule = f"{hook} needs trusted = true in its table: {why_not}"
                raise PluginError(name, rule)

    async def _check(self, _arguments: object) -> object:
        return SENTENCES.encode(self._loaded.check())

    async def _startup(self, _arguments: object) -> object:
        await self._loaded.start(self._tasks)
        self._tasks.start_soon(self._end_with, self._loaded, name="end of the plugin")
        return None

    async def _end_with(self, home: InlineHome) -> None:
        """A plugin that ends by itself leaves nothing to be here for."""
        await home.ended()
        if not self._is_shutting_down:
            self.channel.hang_up()

    async def _call(self, arguments: object) -> object:
        request = CALL_REQUEST.decode(arguments)
        assert isinstance(request, CallRequest)  # noqa: S101 - its form makes nothing else
        specification = self._specifications[request.hook]
        named = specification.decode_arguments(request.arguments)
        with within(request.within):
            return specification.encode_answer(await self._loaded.call(request.hook, named))

    async def _shutdown(self, _arguments: object) -> object:
        self._is_shutting_down = True
        await self._loaded.stop()
        self._tell_series()
        return None

    @property
    def _loaded(self) -> InlineHome:
        if self._home is None:
            raise Misfit("a plugin that is not loaded", "one that is")
        return self._home

    def _counted(self) -> None:
        """Something is to be told, soon; also from threads of the plugin."""
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon_threadsafe(self._loop.call_later, TELL_AFTER_S, self._tell_series)

    def _tell_series(self) -> None:
        self._is_due = False
        bundle = self._series.take()
        if bundle.samples or bundle.dropped:
            self._tell_here(METHOD, encode_bundle(bundle))

    def _tell(self, method: str, arguments: object) -> None:
        """Also from threads of the plugin: a channel belongs to its event loop."""
        if threading.get_ident() == self._thread:
            self._tell_here(method, arguments)
        else:
            self._loop.call_soon_threadsafe(self._tell_here, method, arguments)

    def _tell_here(self, method: str, arguments: object) -> None:
        with suppress(ChannelClosed):  # the end is near, and nobody reads it
            self.channel.tell(method, arguments)


async def _serve(descriptor: int, beside: int) -> None:
    async with anyio.create_task_group() as tasks:
        guest = Guest(tasks, Descriptors(socket.socket(fileno=beside)))
        connection = socket.socket(fileno=descriptor)
        await get_running_loop().create_connection(lambda: guest.channel, sock=connection)
        await guest.channel.closed.wait()
        _leave()


def _leave() -> None:
    """End at once, whatever threads of the plugin still do: nobody is there for them any more."""
    with suppress(OSError, ValueError):  # a plugin may have closed them
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


def main() -> None:
    """Serve the plugin whose channel is the first argument, for the process of the second.

    Files come and go by the socket of the third.
    """
    descriptor, parent, beside = map(int, sys.argv[1:4])
    for each in (descriptor, beside):
        os.set_inheritable(each, False)
    end_with(parent)
    anyio.run(_serve, descriptor, beside)


if __name__ == "__main__":
    main()
