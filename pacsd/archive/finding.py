"""Finding: a query in, what matches out, page by page (PS3.4 section C.4.1).

The index finds by what it has columns for. Of the candidates the rest is looked up in the header of
their first instance: an attribute of a patient, study or series is what that one says, unless it
was corrected.
"""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

from pacsd.archive.stored_headers import StoredHeaders
from pacsd.dicom.answer import Field
from pacsd.dicom.data_set import DataSet
from pacsd.dicom.identifier import NOT_OF_ENTITIES, TIME_OF_DATE, TIMEZONE_OFFSET_FROM_UTC
from pacsd.dicom.level import Level
from pacsd.dicom.level_attributes import level_of
from pacsd.dicom.matching import matches
from pacsd.dicom.moments import offset_minutes, shifted
from pacsd.dicom.overlaid import Overlaid
from pacsd.dicom.query import Condition, Query, ReturnKey, tags_of
from pacsd.dicom.tag import Tag
from pacsd.index.entities import Entity, is_indexed
from pacsd.index.errors import IndexFault, QueryTooCostly
from pacsd.index.index import Index
from pacsd.index.overlay_records import Overlay
from pacsd.index.queries import PAGE
from pacsd.index.records import Scope
from pacsd.index.searching import Search, knows

Match: TypeAlias = Mapping[Tag, str | Field]
"""What is told of an entity: each attribute that was asked for and is supported."""

_ALL = Scope()


class FindError(Exception):
    """A query was not answered to its end; the text says why, without values from a peer."""


class TooManyMatches(FindError):
    """More matches than are given; those that are were."""


class TooCostly(FindError):
    """It would take longer than its budget of the database's time."""


class IndexUnavailable(FindError):
    """The index cannot be read."""


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What one query may take: matches, and seconds of the database's time."""

    max_results: int = 100_000
    budget_s: float = 1.0


@dataclass(frozen=True, slots=True)
class _Plan:
    """A query, divided between the index and headers."""

    query: Query
    indexed: tuple[Condition, ...]
    in_header: tuple[Condition, ...]
    columns: tuple[Tag, ...]
    header_keys: tuple[ReturnKey, ...]

    @property
    def needs_headers(self) -> bool:
        return bool(self.in_header or self.header_keys)


class Finder:
    """Finds in one index and the store beside it."""

    def __init__(self, index: Index, headers: StoredHeaders, limits: QueryLimits) -> None:
        self._index = index
        self._headers = headers
        self._limits = limits

    async def find(
        self, query: Query, zone_minutes: int | None = None, scope: Scope = _ALL
    ) -> AsyncGenerator[Sequence[Match], None]:
        """What matches, in the order of arrival, a page at a time.

        With `zone_minutes` from UTC, dates and times are told as of that zone, where an entity
        says in which it has them.

        Raises:
            FindError: it is not answered to its end.
        """
        try:
            async with aclosing(self._find(query, zone_minutes, scope)) as pages:
                async for page in pages:
                    yield page
        except QueryTooCostly as error:
            raise TooCostly(str(error)) from error
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault

    async def _find(
        self, query: Query, zone_minutes: int | None, scope: Scope
    ) -> AsyncGenerator[Sequence[Match], None]:
        plan = _plan(query, adjusts_timezone=zone_minutes is not None)
        limit = self._limits.max_results
        search = Search(scope, query.level, plan.indexed, limit + 1, self._limits.budget_s)
        deadline = time.monotonic() + self._limits.budget_s
        found = await self._index.queries.search(
            search, plan.columns, with_first=plan.needs_headers
        )
        page, done, given = found.page, min(PAGE, len(found.ids)), 0
        while True:
            matches_ = await self._matches(scope, plan, page, deadline)
            given += len(matches_)
            if given > limit:
                yield _adjusted(matches_[: limit - given], zone_minutes)
                raise TooManyMatches(f"more than {limit} matches (query.max_results)")
            if matches_:
                yield _adjusted(matches_, zone_minutes)
            if done >= len(found.ids):
                return
            ids = found.ids[done : done + PAGE]
            done += len(ids)
            page = await self._index.queries.entities(
                query.level, ids, plan.columns, with_first=plan.needs_headers
            )

    async def _matches(
        self, scope: Scope, plan: _Plan, page: Sequence[Entity], deadline: float
    ) -> list[dict[Tag, str | Field]]:
        if not plan.needs_headers:
            return [dict(entity.values) for entity in page]
        if plan.in_header and time.monotonic() > deadline:
            raise QueryTooCostly(self._limits.budget_s)
        firsts = [entity.first_instance for entity in page]
        headers = await self._headers.read(scope, firsts)
        overlays = await self._index.overlays.of_instances(firsts)
        return [
            match
            for entity, first in zip(page, firsts, strict=True)
            if (match := _match(plan, entity, _source(headers.get(first), overlays.get(first))))
            is not None
        ]


def is_supported(key: Tag, level: Level) -> bool:
    """Whether an attribute can be told of entities of a level."""
    return is_indexed(key, level) or level_of(key) <= level


def unsupported(query: Query) -> tuple[Tag, ...]:
    """What is asked for, to match or to tell, that entities of this level do not have."""
    asked = [key.tag for key in query.returned]
    asked += [tag for each in query.conditions for tag in tags_of(each)]
    return tuple(dict.fromkeys(tag for tag in asked if not is_supported(tag, query.level)))


def _plan(query: Query, *, adjusts_timezone: bool) -> _Plan:
    level = query.level
    indexed = tuple(each for each in query.conditions if knows(each, level))
    others = (each for each in query.conditions if not knows(each, level))
    in_header = tuple(
        each for each in others if all(level_of(tag) <= level for tag in tags_of(each))
    )
    columns = [key.tag for key in query.returned if is_indexed(key.tag, level)]
    if adjusts_timezone and is_indexed(TIMEZONE_OFFSET_FROM_UTC, level):
        columns.append(TIMEZONE_OFFSET_FROM_UTC)
    header_keys = tuple(
        key
        for key in query.returned
        if not is_indexed(key.tag, level)
        and level_of(key.tag) <= level
        and key.tag not in NOT_OF_ENTITIES
    )
    return _Plan(query, indexed, in_header, tuple(dict.fromkeys(columns)), header_keys)


def _source(header: DataSet | None, overlays: Mapping[Tag, Overlay] | None) -> Overlaid | None:
    """What is known of an entity beside its columns; None if that is nothing."""
    if header is None and not overlays:
        return None
    values = {tag: each.new_value for tag, each in overlays.items()} if overlays else {}
    return Overlaid(header, values)


def _match(plan: _Plan, entity: Entity, source: Overlaid | None) -> dict[Tag, str | Field] | None:
    """What is told of a candidate; None if its header does not match."""
    if plan.in_header and (source is None or not matches(plan.in_header, source)):
        return None
    told: dict[Tag, str | Field] = dict(entity.values)
    for key in plan.header_keys:
        field = None if source is None else source.field(key.tag, key.keys)
        told[key.tag] = "" if field is None else field
    return told


def _adjusted(
    matches_: Sequence[dict[Tag, str | Field]], wanted_minutes: int | None
) -> Sequence[Match]:
    """Dates and times as of another zone (PS3.4 section C.4.1.1.3.1)."""
    if wanted_minutes is not None:
        for match in matches_:
            _adjust(match, wanted_minutes)
    return matches_


def _adjust(match: dict[Tag, str | Field], wanted_minutes: int) -> None:
    own = match.get(TIMEZONE_OFFSET_FROM_UTC)
    own_minutes = offset_minutes(own) if isinstance(own, str) else None
    if own_minutes is None:
        return
    for date_tag, time_tag in TIME_OF_DATE.items():
        date, clock = match.get(date_tag), match.get(time_tag)
        if not isinstance(date, str) or not isinstance(clock, str) or not date or not clock:
            continue
        moved = shifted(date, clock, wanted_minutes - own_minutes)
        if moved is not None:
            match[date_tag], match[time_tag] = moved
    sign = "-" if wanted_minutes < 0 else "+"
    hours, minutes = divmod(abs(wanted_minutes), 60)
    match[TIMEZONE_OFFSET_FROM_UTC] = f"{sign}{hours:02}{minutes:02}"
