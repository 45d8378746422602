"""Signals of the operating system, taken in an event loop until the process is gone."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import anyio

MAX_WAITING = 16
"""More that nobody has looked at yet say nothing new."""


@contextmanager
def signals_taken(*numbers: signal.Signals) -> Iterator[AsyncIterator[signal.Signals]]:
    """Give the signals that come; in the main thread.

    Afterwards they are ignored, from one moment to the next. An event loop that takes its handlers
    away leaves a moment in which a signal ends the process, and so does its own end.
    """
    loop = asyncio.get_running_loop()
    give, take = anyio.create_memory_object_stream[signal.Signals](MAX_WAITING)

    def put(number: signal.Signals) -> None:
        with suppress(anyio.WouldBlock, anyio.ClosedResourceError):
            give.send_nowait(number)

    def came(number: int, _: FrameType | None) -> None:
        loop.call_soon_threadsafe(put, signal.Signals(number))

    for number in numbers:
        signal.signal(number, came)
    with give, take:
        try:
            yield take
        finally:
            for number in numbers:
                signal.signal(number, signal.SIG_IGN)
