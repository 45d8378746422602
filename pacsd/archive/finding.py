"""Finding: a query in, what matches out, page by page (PS3.4 section C.4.1).

The index finds by what it has columns for. Of the candidates the rest is looked up in the header of
their first instance: an attribute of a patient, study or series is what that one says, unless it
was corrected.
"""

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TypeAlias

import anyio.to_thread

from pacsd.archive.extra_keys import creators_of, extras_of
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.archive.stored_headers import StoredHeaders
from pacsd.archive.telling import Candidate, Teller
from pacsd.archive.zones import Told, with_companions
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.identifier import NOT_OF_ENTITIES, UNIQUE_KEYS
from pacsd.dicom.level import Level
from pacsd.dicom.level_attributes import level_of
from pacsd.dicom.moments import TIMEZONE_OFFSET_FROM_UTC
from pacsd.dicom.query import Condition, Query, ReturnKey, Values, tags_of
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.index.columns import NO_EXTRAS, Extras
from pacsd.index.entities import Entity, is_indexed
from pacsd.index.errors import IndexFault, QueryTooCostly
from pacsd.index.index import Index
from pacsd.index.queries import PAGE
from pacsd.index.records import ExtraTag, Scope
from pacsd.index.searching import Order, Search, knows

Match: TypeAlias = Told
"""What is told of an entity: each attribute that was asked for and is supported."""

MAX_CANDIDATES = 200_000
"""Of so many entities headers are looked at for one query; to read them takes minutes."""

MAX_COUNTED = 1_000_000
"""More matches are not counted: their numbers are held in memory meanwhile."""

_ALL = Scope()


class FindError(Exception):
    """A query was not answered to its end; the text says why, without values from a peer."""


class TooManyMatches(FindError):
    """More matches than are given; those that are were."""


class TooCostly(FindError):
    """It would take longer than its budget, or look at more headers than one query may."""


class IndexUnavailable(FindError):
    """The index cannot be read."""


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What one query may take: matches, and seconds of searching, and of matching in headers."""

    max_results: int = 100_000
    budget_s: float = 1.0


@dataclass(frozen=True, slots=True)
class _Plan:
    """A query, divided between the index and headers; `creators` are told as they were asked."""

    indexed: tuple[Condition, ...]
    in_header: tuple[Condition, ...]
    columns: tuple[Tag, ...]
    header_keys: tuple[ReturnKey, ...]
    zone_minutes: int | None
    teller: Teller
    extras: Extras
    creators: Mapping[Tag, str]

    @property
    def needs_headers(self) -> bool:
        return bool(self.in_header or self.header_keys)

    def with_creators(self, matches_: list[Match]) -> list[Match]:
        """What is told, with the creators of the private attributes among it."""
        return [{**each, **self.creators} for each in matches_] if self.creators else matches_


class Finder:
    """Finds in one index and the store beside it.

    `extra_tags` gives the user-chosen tags of which the index has all values.
    """

    def __init__(
        self,
        index: Index,
        headers: StoredHeaders,
        limits: QueryLimits,
        extra_tags: Callable[[], Sequence[ExtraTag]] = tuple,
    ) -> None:
        self._index = index
        self._headers = headers
        self._limits = limits
        self._extra_tags = extra_tags

    async def unsupported(self, query: Query) -> tuple[Tag, ...]:
        """What is asked for, to match or to tell, that entities of this level do not have.

        Raises:
            IndexUnavailable: it cannot be told.
        """
        extras = await self._told_extras(query)
        creators = creators_of(query, extras)
        asked = [key.tag for key in query.returned]
        asked += [tag for each in query.conditions for tag in tags_of(each)]
        return tuple(
            tag
            for tag in dict.fromkeys(asked)
            if tag not in creators and not _is_supported(tag, query.level, extras)
        )

    async def matched(self, query: Query) -> frozenset[Tag]:
        """What the conditions ask for and is minded; what another condition asks matches anything.

        Of what hangs below an entity the index minds what it has columns for, though no one value
        of that can be told of the entity.

        Raises:
            IndexUnavailable: it cannot be told.
        """
        plan = _plan(query, None, await self._told_extras(query))
        minded = {*plan.indexed, *plan.in_header}
        passed_over = {
            tag for each in query.conditions if each not in minded for tag in tags_of(each)
        }
        return frozenset(tag for each in minded for tag in tags_of(each)) - passed_over

    async def seen(self, level: Level, uids: Sequence[str], sight: Sight) -> frozenset[str]:
        """Those of these patients' studies, series or instances that are there, and seen.

        Raises:
            FindError: it cannot be told.
        """
        key = UNIQUE_KEYS[level]
        asked = Query(level, (Values(key, VR.UI, tuple(uids)),), (ReturnKey(key, VR.UI),))
        found: set[str] = set()
        if uids:
            async with aclosing(self.find(asked, sight=sight)) as pages:
                async for page in pages:
                    found.update(str(match[key]) for match in page)
        return frozenset(found)

    async def find(
        self,
        query: Query,
        zone_minutes: int | None = None,
        scope: Scope = _ALL,
        *,
        sight: Sight = EVERYTHING,
    ) -> AsyncGenerator[Sequence[Match], None]:
        """What matches, a page at a time, the first as soon as it is full, then by arrival.

        With `zone_minutes` from UTC, dates and times are told as of that zone, where an entity
        says in which it has them.

        Raises:
            FindError: it is not answered to its end.
        """
        try:
            async with aclosing(self._find(sight.over(query), zone_minutes, scope)) as pages:
                async for page in pages:
                    yield page
        except QueryTooCostly as error:  # of what was left, perhaps
            raise TooCostly(str(QueryTooCostly(self._limits.budget_s))) from error
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault

    async def window(
        self,
        query: Query,
        offset: int,
        limit: int,
        scope: Scope = _ALL,
        *,
        sight: Sight = EVERYTHING,
    ) -> Sequence[Match]:
        """Of what matches, as many as `limit` behind the first `offset` ones.

        Studies and patients come newest first, what hangs below them by arrival.

        Raises:
            FindError: they cannot be told.
        """
        try:
            return await self._window(sight.over(query), offset, limit, scope)
        except QueryTooCostly as error:
            raise TooCostly(str(QueryTooCostly(self._limits.budget_s))) from error
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault

    async def count(
        self, query: Query, scope: Scope = _ALL, *, sight: Sight = EVERYTHING
    ) -> int | None:
        """How many match; None where that is not worth its price.

        So it is where counting would take longer than the budget of a query, where headers are to
        be looked at, and of more than `MAX_COUNTED`.

        Raises:
            IndexUnavailable: it cannot be told.
        """
        budget_s = self._limits.budget_s
        query = sight.over(query)
        try:
            plan = _plan(query, None, await self._extras(query))
            if plan.in_header:
                return None
            most = MAX_COUNTED + 1
            asked = Search(scope, query.level, plan.indexed, most, budget_s, plan.extras)
            count = await self._index.queries.count(asked)
        except QueryTooCostly:
            return None
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault
        return count if count <= MAX_COUNTED else None

    async def _told_extras(self, query: Query) -> Extras:
        """The same, with the faults of the index as those who ask understand them."""
        try:
            return await self._extras(query)
        except IndexFault as fault:
            raise IndexUnavailable(str(fault.kind)) from fault

    async def _extras(self, query: Query) -> Extras:
        """The user-chosen tags that a query may ask for.

        Their values are as they came: what was corrected is looked up in headers, over which
        corrections lie.
        """
        chosen = self._extra_tags()
        if not chosen:
            return NO_EXTRAS
        corrected = await self._index.overlays.tags()
        return extras_of(query, [each for each in chosen if each.tag not in corrected])

    async def _find(
        self, query: Query, zone_minutes: int | None, scope: Scope
    ) -> AsyncGenerator[Sequence[Match], None]:
        extras = await self._extras(query)
        plan, budget = _plan(query, zone_minutes, extras), _Budget(self._limits.budget_s)
        limit = self._limits.max_results
        most = max(limit, MAX_CANDIDATES) if plan.in_header else limit
        budget_s = self._limits.budget_s
        search = Search(scope, query.level, plan.indexed, most + 1, budget_s, extras)
        given = 0
        async with aclosing(self._pages(search, plan)) as pages:
            async for page in pages:
                matches_ = await self._matches(scope, plan, page, budget)
                given += len(matches_)
                if given > limit:
                    yield matches_[: limit - given]
                    raise TooManyMatches(f"more than {limit} matches (query.max_results)")
                if matches_:
                    yield matches_

    async def _window(self, query: Query, offset: int, limit: int, scope: Scope) -> Sequence[Match]:
        extras = await self._extras(query)
        plan, budget = _plan(query, None, extras), _Budget(self._limits.budget_s)
        most = MAX_CANDIDATES + 1 if plan.in_header else offset + limit
        order = Order.NEWEST if query.level <= Level.STUDY else Order.ARRIVAL
        search = Search(
            scope, query.level, plan.indexed, most, self._limits.budget_s, extras, order
        )
        # What the index alone finds can be passed over there, unread.
        passed = 0 if plan.in_header else offset
        left, found = offset - passed, list[Match]()
        async with aclosing(self._pages(search, plan, passed)) as pages:
            async for page in pages:
                matches_ = await self._matches(scope, plan, page, budget)
                found += matches_[left : left + limit - len(found)]
                left = max(0, left - len(matches_))
                if len(found) == limit:
                    return found
        return found

    async def _pages(
        self, search: Search, plan: _Plan, passed: int = 0
    ) -> AsyncGenerator[Sequence[Entity], None]:
        """What the index finds; the first page before it has looked for the rest.

        The first `passed` ones are left out; then there is no such page.
        """
        queries, with_first = self._index.queries, plan.needs_headers
        numbers: Sequence[int] = ()
        told: frozenset[int] = frozenset()
        is_all = False
        left_s = search.budget_s
        if not passed:
            found = await queries.first(search, plan.columns, with_first=with_first)
            yield found.page
            numbers, is_all = found.numbers, found.is_all
            told, left_s = frozenset(numbers), left_s - found.took_s
        if not is_all:
            numbers = await queries.numbers(replace(search, budget_s=left_s))
            rest = [number for number in numbers[passed:] if number not in told]
            for at in range(0, len(rest), PAGE):
                ids = rest[at : at + PAGE]
                yield await queries.entities(
                    search.level, ids, plan.columns, with_first=with_first, extras=plan.extras
                )
        if plan.in_header and len(numbers) >= search.limit:
            raise TooCostly(f"more than {search.limit - 1} entities to be looked up in headers")

    async def _matches(
        self, scope: Scope, plan: _Plan, page: Sequence[Entity], budget: "_Budget"
    ) -> list[Match]:
        if not plan.needs_headers and plan.zone_minutes is None:
            return plan.with_creators([entity.values for entity in page])
        tell = plan.teller.tell
        with budget.spent() if plan.in_header else nullcontext():
            candidates = await self._candidates(scope, plan, page)
            told = await anyio.to_thread.run_sync(tell, candidates, budget.left_s)
        return plan.with_creators(told)

    async def _candidates(
        self, scope: Scope, plan: _Plan, page: Sequence[Entity]
    ) -> list[Candidate]:
        if not plan.needs_headers:
            return list(map(Candidate, page))
        firsts = [entity.first_instance for entity in page]
        headers = await self._headers.read(scope, firsts)
        overlays = await self._index.overlays.of_instances(firsts)
        return [
            Candidate(entity, headers.get(first), overlays.get(first))
            for entity, first in zip(page, firsts, strict=True)
        ]


class _Budget:
    """What is left of the time for matching in headers; how fast a peer reads is its own."""

    def __init__(self, budget_s: float) -> None:
        self._budget_s = self.left_s = budget_s

    @contextmanager
    def spent(self) -> Iterator[None]:
        """What is done within counts."""
        started = time.monotonic()
        try:
            yield
        except TimeoutError:
            raise QueryTooCostly(self._budget_s) from None
        finally:
            self.left_s -= time.monotonic() - started


def _is_supported(key: Tag, level: Level, extras: Extras) -> bool:
    return is_indexed(key, level, extras) or level_of(key) <= level


def _plan(query: Query, zone_minutes: int | None, extras: Extras) -> _Plan:
    level, creators = query.level, creators_of(query, extras)
    indexed = tuple(each for each in query.conditions if knows(each, level, extras))
    others = (each for each in query.conditions if not knows(each, level, extras))
    in_header = tuple(
        each
        for each in others
        if all(level_of(tag) <= level and tag not in creators for tag in tags_of(each))
    )
    keys = {key.tag: key for key in query.returned if key.tag not in creators}
    asked = frozenset(keys)
    if zone_minutes is not None:
        for tag in with_companions([*keys, TIMEZONE_OFFSET_FROM_UTC]):
            keys.setdefault(tag, ReturnKey(tag, vr_of(tag) or VR.UN))
    columns = tuple(tag for tag in keys if is_indexed(tag, level, extras))
    header_keys = tuple(
        key
        for tag, key in keys.items()
        if tag not in columns and level_of(tag) <= level and tag not in NOT_OF_ENTITIES
    )
    teller = Teller(in_header, header_keys, zone_minutes, asked | {TIMEZONE_OFFSET_FROM_UTC})
    return _Plan(indexed, in_header, columns, header_keys, zone_minutes, teller, extras, creators)
