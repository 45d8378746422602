"""Queries: what matches, page by page, and what is to be told of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.index.columns import NO_EXTRAS, Extras
from pacsd.index.entities import Entity, read_entities
from pacsd.index.searching import Search, search
from pacsd.index.threads import Threads

PAGE = 200
"""Entities that are read at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """The first page of what matches, the numbers of what is in it, and whether this is all.

    `took_s` is what the search took, of the database's time.
    """

    page: Sequence[Entity]
    numbers: Sequence[int]
    is_all: bool
    took_s: float


class Queries:
    """Searches a scope."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def first(
        self, asked: Search, tags: tuple[Tag, ...], *, with_first: bool = False
    ) -> Found:
        """The first page, looked for no further: one hop, which for most queries is all.

        Raises:
            QueryTooCostly: it would take longer than its budget.
        """
        return await self._threads.query(partial(_first, asked, tags, with_first))

    async def numbers(self, asked: Search) -> Sequence[int]:
        """The numbers of all that matches, in the order that was asked for.

        Raises:
            QueryTooCostly: it would take longer than its budget.
        """
        return await self._threads.query(partial(search, asked))

    async def count(self, asked: Search) -> int:
        """How many match, its limit if there are more.

        Raises:
            QueryTooCostly: it would take longer than its budget.
        """
        return await self._threads.query(partial(_count, asked))

    async def entities(
        self,
        level: Level,
        ids: Sequence[int],
        tags: tuple[Tag, ...],
        *,
        with_first: bool = False,
        extras: Extras = NO_EXTRAS,
    ) -> list[Entity]:
        """A page of those, in their order; what is gone meanwhile is left out."""
        work = partial(read_entities, level, tuple(ids), tags, with_first=with_first, extras=extras)
        return await self._threads.query(work)


def _count(asked: Search, connection: Connection) -> int:
    return len(search(asked, connection))


def _first(asked: Search, tags: tuple[Tag, ...], with_first: bool, connection: Connection) -> Found:
    began = time.monotonic()
    limit = min(asked.limit, PAGE + 1)
    found = search(replace(asked, limit=limit), connection)
    took_s = time.monotonic() - began
    numbers = found[:PAGE]
    page = read_entities(
        asked.level, numbers, tags, connection, with_first=with_first, extras=asked.extras
    )
    return Found(page, numbers, len(found) == len(numbers), took_s)
