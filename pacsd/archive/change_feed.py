"""The change feed: what happened to what is archived, in the order of commits, also as it happens.

Who keeps the epoch and the number of the last change beside what was done about it misses none and
does none twice. Whoever waits for more holds a place, of which there are so many, and no thread.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import anyio

from pacsd.archive.finding import IndexUnavailable
from pacsd.index.change_records import ToldChange, ToldPage
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import Scope

FedChange: TypeAlias = ToldChange
FedPage: TypeAlias = ToldPage

_ALL = Scope()


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far somebody has read: behind a change, or (None) behind the newest one.

    Without an `epoch` the number is taken for one of the current epoch.
    """

    since: int | None = 0
    epoch: str = ""


class CursorError(Exception):
    """One cannot go on from a cursor; the text says by which rule, `is_epoch` for what of it.

    `page` has the epoch, and where the log begins and ends now.
    """

    def __init__(self, rule: str, page: FedPage, *, is_epoch: bool = False) -> None:
        super().__init__(rule)
        self.page = page
        self.is_epoch = is_epoch


class CursorGone(CursorError):
    """What came behind it cannot be told any more: what is there now must be looked for anew."""


class CursorBeyond(CursorError):
    """It lies behind the newest change."""


class TooManyReaders(Exception):
    """No more may wait at once."""


class ChangeFeed:
    """Feeds many readers from one index; at most `max_readers` of them wait at once."""

    def __init__(self, index: Index, max_readers: int) -> None:
        self._index = index
        self._max_readers = max_readers
        self._readers = 0
        self._ended = anyio.Event()

    @property
    def readers(self) -> int:
        """How many have a place to wait."""
        return self._readers

    @property
    def has_ended(self) -> bool:
        """Whether nobody waits any more."""
        return self._ended.is_set()

    @property
    def commits(self) -> int:
        """What `more` needs to know; to be taken before one reads."""
        return self._index.changes.commits

    def end(self) -> None:
        """Let go whoever waits, now and from now on."""
        self._ended.set()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place to wait.

        Raises:
            TooManyReaders: all are taken.
        """
        if self._readers >= self._max_readers:
            raise TooManyReaders
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1

    async def page(self, cursor: Cursor, limit: int) -> FedPage:
        """At most `limit` changes behind a cursor.

        Raises:
            CursorError: one cannot go on from there.
            IndexUnavailable: the index fails.
        """
        try:
            page = await self._index.changes.told(_ALL, cursor.since, limit)
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault
        if cursor.epoch not in {"", page.epoch}:
            rule = f"is not the epoch of the change log, which is {page.epoch}"
            raise CursorGone(rule, page, is_epoch=True)
        if page.since < page.forgotten:
            raise CursorGone(f"is before {page.forgotten}: changes up to it are not kept", page)
        if page.since > page.newest:
            raise CursorBeyond(f"is beyond the last change, which is {page.newest}", page)
        return page

    async def more(self, commits: int) -> None:
        """Return once there were more commits than these, or the feed ended."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._until_ended, tasks.cancel_scope, name="end of the change feed")
            await self._index.changes.more(commits)
            tasks.cancel_scope.cancel()

    async def _until_ended(self, scope: anyio.CancelScope) -> None:
        await self._ended.wait()
        scope.cancel()
