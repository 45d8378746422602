"""Queries: what matches, page by page, and what is to be told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from pacsd.dicom.level import Level
from pacsd.dicom.tag import Tag
from pacsd.index.entities import Entity, read_entities
from pacsd.index.searching import Search, search
from pacsd.index.threads import Threads

PAGE = 200
"""Entities that are read at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """The numbers of all that matches, rising, and the first page of it."""

    ids: Sequence[int]
    page: Sequence[Entity]


class Queries:
    """Searches a scope."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def search(
        self, asked: Search, tags: tuple[Tag, ...], *, with_first: bool = False
    ) -> Found:
        """All that matches, as numbers, with the first page of it: one hop for most queries.

        Raises:
            QueryTooCostly: it would take longer than its budget.
        """
        return await self._threads.query(partial(_search, asked, tags, with_first))

    async def entities(
        self, level: Level, ids: Sequence[int], tags: tuple[Tag, ...], *, with_first: bool = False
    ) -> list[Entity]:
        """A page of those, in their order; what is gone meanwhile is left out."""
        work = partial(read_entities, level, tuple(ids), tags, with_first=with_first)
        return await self._threads.query(work)


def _search(
    asked: Search, tags: tuple[Tag, ...], with_first: bool, connection: Connection
) -> Found:
    ids = search(asked, connection)
    page = read_entities(asked.level, ids[:PAGE], tags, connection, with_first=with_first)
    return Found(ids, page)
