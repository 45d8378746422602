"""The threads in which codecs work: so many, and with a deadline.

None of them keeps the daemon from ending. One whose codec does not return stays with it. Once all
are kept so nothing more is begun, and whoever asks is told at once.
"""

from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import BinaryIO

import anyio

from pacsd.api.transcoder import Transcoder
from pacsd.app.isolation.threads import DaemonThreads
from pacsd.app.plugins.codec_work import CodecWork
from pacsd.app.plugins.transcoded_file import Expected, TranscodedFile
from pacsd.net.transcoding import NotTranscodedNow

Files = Callable[[], Awaitable[tuple[BinaryIO, BinaryIO]]]
"""Makes the source and the target, which the work closes."""


class CodecThreads:
    """`at_once` of them; `now` is a monotonic clock."""

    def __init__(self, at_once: int, deadline_s: float, now: Callable[[], float]) -> None:
        self._at_once = at_once
        self._deadline_s = deadline_s
        self._now = now
        self._places = anyio.CapacityLimiter(at_once)
        self._threads = DaemonThreads("codecs", at_once)
        self._working: dict[object, float] = {}

    @property
    def working(self) -> int:
        """How many have something to do."""
        return len(self._working)

    def close(self) -> None:
        """End the threads that do nothing; the others when they have done what they do."""
        self._threads.close()

    async def transcoded(
        self, transcoder: Transcoder, files: Files, expected: Expected
    ) -> TranscodedFile:
        """Have a codec work on files that are made once a thread is free.

        Raises:
            NotTranscoded: nothing comes of it; NotTranscodedNow: no thread is or will be free, or
                it takes too long.
            Exception: what `files` raises.
        """
        token = object()
        await self._take_place(token)
        try:
            made = await files()
        except BaseException:
            self._give_back(token)
            raise
        returned = partial(_tell, get_running_loop(), partial(self._give_back, token))
        work = CodecWork(transcoder, made, expected, returned)
        async with _abandoned_unless_done(work):
            with anyio.move_on_after(self._deadline_s):
                done = await self._threads.run(work.run)
                if isinstance(done, TranscodedFile):
                    return done
            rule = f"within {self._deadline_s:g} s (transcoding.deadline_s)"
            raise NotTranscodedNow(f"the codec did not return {rule}")

    async def _take_place(self, token: object) -> None:
        """Wait for one of the threads, unless none will be free.

        Raises:
            NotTranscodedNow: each of them has a codec that does not return.
        """
        while True:
            self._check()
            with anyio.move_on_after(self._deadline_s):
                await self._places.acquire_on_behalf_of(token)
                self._working[token] = self._now()
                return

    def _check(self) -> None:
        overdue_since = self._now() - self._deadline_s
        late = sum(began_at < overdue_since for began_at in self._working.values())
        if late >= self._at_once:
            raise NotTranscodedNow(f"{late} codecs have not returned (transcoding.at_once)")

    def _give_back(self, token: object) -> None:
        if self._working.pop(token, None) is not None:
            self._places.release_on_behalf_of(token)


@asynccontextmanager
async def _abandoned_unless_done(work: CodecWork) -> AsyncGenerator[None, None]:
    try:
        yield
    except RuntimeError as error:  # the system gives no more threads
        work.abandon()
        raise NotTranscodedNow(f"there is no thread for a codec: {error}") from error
    except BaseException:
        work.abandon()
        raise


def _tell(loop: AbstractEventLoop, done: Callable[[], None]) -> None:
    """Have it done on the loop, unless that has ended."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(done)
