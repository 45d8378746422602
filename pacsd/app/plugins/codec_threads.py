"""The threads in which codecs work: so many, and with a deadline.

None of them keeps the daemon from ending. One whose codec does not return stays with it. Once all
are kept so nothing more is begun, and whoever asks is told at once.
"""

from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

import anyio
from anyio import to_thread

from pacsd.api.dispatch.lineup import Lineup
from pacsd.api.transcoder import Transcoder
from pacsd.app.conf.settings import TranscodingSettings
from pacsd.app.isolation.threads import DaemonThreads
from pacsd.app.plugins.codec_work import CodecWork
from pacsd.app.plugins.transcoded_file import Expected, TranscodedFile
from pacsd.net.transcoding import NotTranscodedNow

MAX_DEADLINES_WAITED = 10
"""So many times the deadline of a codec an object waits for a thread at most."""

Files = Callable[[], Awaitable[tuple[BinaryIO, BinaryIO]]]
"""Makes the source and the target, which the work closes."""


class Replaced(Exception):
    """There was a reload before a thread was free: others have the codecs now."""


@dataclass(eq=False, slots=True)
class _Place:
    """One of the threads, for one object; what is done there, once it has begun."""

    use: ExitStack = field(default_factory=ExitStack)
    work: CodecWork | None = None
    began_at: float = 0.0
    scope: anyio.CancelScope | None = None


class CodecThreads:
    """The threads for the codecs of one lineup; `now` is a monotonic clock.

    `check_room` blocks, and raises OSError if there is no room for what codecs write. Somebody has
    to `look` from time to time.
    """

    def __init__(
        self,
        settings: TranscodingSettings,
        lineup: Lineup,
        check_room: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._at_once = settings.at_once
        self._deadline_s = settings.deadline_s
        self._lineup = lineup
        self._check_room = check_room
        self._now = now
        self._limiter = anyio.CapacityLimiter(settings.at_once)
        self._threads = DaemonThreads("codecs", settings.at_once)
        self._taken: set[_Place] = set()
        self._waiting: set[anyio.CancelScope] = set()

    @property
    def working(self) -> int:
        """How many have something to do."""
        return len(self._taken)

    def close(self) -> None:
        """End the threads that do nothing; the others when they have done what they do."""
        self._threads.close()

    async def look(self) -> None:
        """See whether there is anything to wait for, and what the codecs have written by now."""
        if self._lineup.replaced or self._late >= self._at_once:
            for scope in self._waiting:
                scope.cancel()
        for place in [*self._taken]:
            if place.work is not None and place.scope is not None:
                excess = await to_thread.run_sync(place.work.look, self._check_room)
                if excess is not None:
                    place.scope.cancel()

    async def transcoded(
        self, transcoder: Transcoder, files: Files, expected: Expected
    ) -> TranscodedFile:
        """Have a codec work on files that are made once a thread is free.

        Raises:
            NotTranscoded: nothing comes of it; NotTranscodedNow: no thread is or will be free, or
                it takes too long.
            Replaced: there was a reload before it was begun.
            Exception: what `files` raises.
        """
        place = _Place()
        await self._take(place)
        try:
            # The files, and the codec.
            place.use.enter_context(self._lineup.in_use(2 * self._deadline_s))
            made = await self._made(files)
        except BaseException:
            self._give_back(place)
            raise
        returned = partial(_tell, get_running_loop(), partial(self._give_back, place))
        place.work = CodecWork(transcoder, made, expected, returned)
        place.began_at = self._now()
        return await self._done(place, place.work)

    async def _done(self, place: _Place, work: CodecWork) -> TranscodedFile:
        async with _abandoned_unless_done(work):
            with anyio.move_on_after(self._deadline_s) as place.scope:
                done = await self._threads.run(work.run)
                if isinstance(done, TranscodedFile):
                    return done
            if work.excess is not None:
                raise work.excess
            rule = f"within {self._deadline_s:g} s (transcoding.deadline_s)"
            raise NotTranscodedNow(f"the codec did not return {rule}")

    async def _made(self, files: Files) -> tuple[BinaryIO, BinaryIO]:
        with anyio.move_on_after(self._deadline_s):
            return await files()
        rule = f"within {self._deadline_s:g} s (transcoding.deadline_s)"
        raise NotTranscodedNow(f"the object could not be read {rule}")

    async def _take(self, place: _Place) -> None:
        """Wait for one of the threads, in the order of coming, unless none will be free.

        Raises:
            NotTranscodedNow: each of them has a codec that does not return, or it takes too long.
            Replaced: there was a reload meanwhile.
        """
        self._check()
        limit_s = MAX_DEADLINES_WAITED * self._deadline_s
        with anyio.move_on_after(limit_s) as scope:
            self._waiting.add(scope)
            try:
                await self._limiter.acquire_on_behalf_of(place)
            finally:
                self._waiting.discard(scope)
            self._taken.add(place)
        if self._lineup.replaced:
            self._give_back(place)
            raise Replaced
        if place not in self._taken:
            self._check()
            raise NotTranscodedNow(f"no thread was free within {limit_s:g} s (transcoding.at_once)")

    @property
    def _late(self) -> int:
        """How many codecs have not returned in time."""
        overdue_since = self._now() - self._deadline_s
        return sum(each.work is not None and each.began_at < overdue_since for each in self._taken)

    def _check(self) -> None:
        late = self._late
        if late >= self._at_once:
            raise NotTranscodedNow(f"{late} codecs have not returned (transcoding.at_once)")

    def _give_back(self, place: _Place) -> None:
        if place in self._taken:
            self._taken.remove(place)
            self._limiter.release_on_behalf_of(place)
            place.use.close()


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
