"""The change feed: pages of the change log, waited for, or sent as they come.

PS3.18 has no such resource. Orthanc, dcm4chee and others have one each; ours is told by epoch and
number, so that nothing is missed or done twice. As server-sent events it is what a page's
EventSource reads (WHATWG HTML, section 9.2).
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio
import orjson
from aiohttp.web import Response, StreamResponse

from pacsd.archive.change_feed import (
    ChangeFeed,
    Cursor,
    CursorBeyond,
    CursorError,
    FedChange,
    FedPage,
    TooManyReaders,
)
from pacsd.archive.sight import Sight
from pacsd.dicom.level import Level
from pacsd.dicomweb.accept import Representation, choose
from pacsd.dicomweb.change_parameters import (
    LAST_EVENT_ID,
    ChangeParameters,
    change_parameters,
    cursor_of,
    event_id,
)
from pacsd.dicomweb.errors import BadRequest, Gone
from pacsd.dicomweb.event_stream import COMMENT, EVENT_STREAM, event, position, retry
from pacsd.net.web.exchange import Exchange, problem

RETRY_MS = 1_000

_JSON_OFFER = Representation("application/json", is_multipart=False)
_EVENTS_OFFER = Representation(EVENT_STREAM, is_multipart=False)
_BUSY = {"Retry-After": "1"}
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FeedPace:
    """How often readers hear of the feed, in seconds.

    Of one who waits the connection is kept by a sign of life each `heartbeat_s`. Events of
    `rest_s` are read together. A stream ends after `stream_s`, and its reader comes back.
    """

    heartbeat_s: float = 10.0
    rest_s: float = 0.5
    stream_s: float = 900.0


class Sees(Protocol):
    """Who knows what is seen; see `Finder.seen`."""

    async def __call__(self, level: Level, uids: Sequence[str], sight: Sight, /) -> frozenset[str]:
        """Those of these studies, series or instances that are there, and seen.

        Raises:
            FindError: it cannot be told.
        """


class ChangeDesk:
    """Answers who asks for changes; of those `seen` it tells, of the others only their number."""

    def __init__(self, feed: ChangeFeed, seen: Sees, pace: FeedPace | None = None) -> None:
        self._feed = feed
        self._seen = seen
        self._pace = pace or FeedPace()

    async def answer(self, exchange: Exchange) -> StreamResponse:
        """A page of changes, at once or when there is one; or a stream of them.

        Raises:
            DicomWebError: it cannot be asked so, or not be answered in what the client takes.
            FindError: the index fails.
        """
        asked = change_parameters(exchange.query)
        choice = choose((_JSON_OFFER, _EVENTS_OFFER), exchange.accept, asked.accept)
        is_stream = choice.representation is _EVENTS_OFFER
        resumed = exchange.request.headers.get(LAST_EVENT_ID) if is_stream else None
        cursor = Cursor(asked.since, asked.epoch)
        if resumed is not None:
            epoch, number = cursor_of(resumed)
            cursor = Cursor(number, epoch)
        try:
            return await self._from(exchange, cursor, asked, is_stream=is_stream)
        except CursorError as error:
            return _refused(exchange, error, cursor, resumed)
        except TooManyReaders:
            text = "too many wait for changes at once (dicomweb.max_change_readers)"
            return problem(503, text, {**exchange.allowed, **_BUSY})

    async def _from(
        self, exchange: Exchange, cursor: Cursor, asked: ChangeParameters, *, is_stream: bool
    ) -> StreamResponse:
        if exchange.is_head or not (is_stream or asked.wait_s):
            page = await self._page(cursor, asked.limit, exchange.sight)
            return await _opened(exchange, page) if is_stream else _json_of(exchange, page)
        with self._feed.place(), exchange.aside():
            if is_stream:
                return await self._stream(exchange, cursor, asked.limit)
            return await self._page_in_time(exchange, cursor, asked)

    async def _page(self, cursor: Cursor, limit: int, sight: Sight) -> FedPage:
        """A page, without the changes of what the client does not see."""
        page = await self._feed.page(cursor, limit)
        if not sight.is_restricted:
            return page
        named = [_named(change) for change in page.changes]
        seen = {
            level: await self._seen(level, [uid for each, uid in named if each is level], sight)
            for level in (Level.STUDY, Level.SERIES, Level.INSTANCE)
        }
        told = zip(page.changes, named, strict=True)
        changes = tuple(change for change, (level, uid) in told if uid in seen[level])
        return replace(page, changes=changes)

    async def _page_in_time(
        self, exchange: Exchange, cursor: Cursor, asked: ChangeParameters
    ) -> Response:
        """The first page that has changes; the one there is when the time has passed.

        Who may not ask any more by then is told that instead.
        """
        until = anyio.current_time() + asked.wait_s
        sight: Sight | Response = exchange.sight
        while not isinstance(sight, Response):
            commits = self._feed.commits
            page = await self._page(cursor, asked.limit, sight)
            left_s = until - anyio.current_time()
            if page.changes or left_s <= 0 or self._is_over(exchange):
                return _json_of(exchange, page)
            cursor = _behind(page)
            await self._more(exchange, commits, left_s)
            sight = await exchange.look_again()
        return sight

    async def _stream(self, exchange: Exchange, cursor: Cursor, limit: int) -> StreamResponse:
        commits = self._feed.commits
        page = await self._page(cursor, limit, exchange.sight)
        pieces = self._events(exchange, page, commits, limit)
        return await exchange.send(pieces, EVENT_STREAM)

    async def _events(
        self, exchange: Exchange, page: FedPage, commits: int, limit: int
    ) -> AsyncGenerator[bytes, None]:
        """Pages as they come; nothing is read before what was read has left.

        Before each, and while there is none, it is asked whether the client may still follow, and
        what it sees.
        """
        until = anyio.current_time() + self._pace.stream_s
        yield _opening(page)
        while True:
            if page.changes:
                yield b"".join(_event(page.epoch, change) for change in page.changes)
            if page.changes and not page.has_more:
                await anyio.sleep(self._pace.rest_s)
            while not (page.has_more or commits != self._feed.commits):
                if self._is_over(exchange, until):
                    return
                if not await self._more(exchange, commits, self._pace.heartbeat_s):
                    if isinstance(await exchange.look_again(), Response):
                        return
                    yield COMMENT
            sight = await exchange.look_again()
            if isinstance(sight, Response) or self._is_over(exchange, until):
                return
            commits = self._feed.commits
            try:
                page = await self._page(_behind(page), limit, sight)
            except CursorError:
                return  # as slow as that: the reader comes back, and is told so

    async def _more(self, exchange: Exchange, commits: int, at_most_s: float) -> bool:
        """Wait for more commits; whether there were some. Ends with the feed or its reader."""
        with anyio.move_on_after(at_most_s):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._attend, exchange, tasks.cancel_scope, name="change reader")
                await self._feed.more(commits)
                tasks.cancel_scope.cancel()
        return commits != self._feed.commits

    async def _attend(self, exchange: Exchange, scope: anyio.CancelScope) -> None:
        """Keep the connection of a reader who waits; once he has gone, nobody waits for him."""
        while not exchange.is_gone:
            exchange.alive()
            with anyio.move_on_after(self._pace.heartbeat_s):
                await exchange.gone()
        scope.cancel()

    def _is_over(self, exchange: Exchange, until: float | None = None) -> bool:
        is_late = until is not None and anyio.current_time() >= until
        return is_late or self._feed.has_ended or exchange.is_gone


def _named(change: FedChange) -> tuple[Level, str]:
    """What a change is about, by its own UID; '' where it has none any more."""
    if change.sop_instance_uid:
        return Level.INSTANCE, change.sop_instance_uid
    if change.series_instance_uid:
        return Level.SERIES, change.series_instance_uid
    return Level.STUDY, change.study_instance_uid


def _behind(page: FedPage) -> Cursor:
    return Cursor(page.last, page.epoch)


def _refused(
    exchange: Exchange, error: CursorError, cursor: Cursor, resumed: str | None
) -> Response:
    """Why one cannot go on from there; 410: and from where one can.

    Raises:
        BadRequest: the number was never given.
    """
    field, value = ("epoch", cursor.epoch) if error.is_epoch else ("since", str(cursor.since))
    if resumed is not None:
        field, value = LAST_EVENT_ID, resumed
    if isinstance(error, CursorBeyond):
        raise BadRequest(field, value, str(error)) from error
    page = error.page
    body = {
        "error": str(Gone(field, value, str(error))),
        "epoch": page.epoch,
        "oldest": page.forgotten,
        "last": page.newest,
    }
    return exchange.plain(orjson.dumps(body) + b"\n", status=Gone.status)


def _json_of(exchange: Exchange, page: FedPage) -> Response:
    body = {
        "epoch": page.epoch,
        "changes": [_told(change) for change in page.changes],
        "last": page.last,
        "more": page.has_more,
    }
    return exchange.plain(orjson.dumps(body) + b"\n")


async def _opened(exchange: Exchange, page: FedPage) -> StreamResponse:
    """The header of a stream, for who wants no more."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield _opening(page)

    return await exchange.send(pieces(), EVENT_STREAM)


def _opening(page: FedPage) -> bytes:
    return retry(RETRY_MS) + position(event_id(page.epoch, page.since))


def _event(epoch: str, change: FedChange) -> bytes:
    told = _told(change)
    return event(event_id(epoch, change.number), str(told["kind"]), orjson.dumps(told))


def _told(change: FedChange) -> dict[str, str | int]:
    """A change as clients read it: what it does not concern is not there."""
    about: dict[str, str | int] = {
        "study_instance_uid": change.study_instance_uid,
        "series_instance_uid": change.series_instance_uid,
        "sop_instance_uid": change.sop_instance_uid,
        "instance": change.instance,
        "version": change.version,
    }
    at = _1970 + timedelta(microseconds=change.at_us)
    return {
        "number": change.number,
        "kind": change.kind.name.lower(),
        "at": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        **{name: value for name, value in about.items() if value},
    }
