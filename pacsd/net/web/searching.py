"""Searches: QIDO-RS (PS3.18 section 10.6)."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import Protocol

from aiohttp.web import StreamResponse

from pacsd.api.access import Door, SightRequest
from pacsd.archive.finding import Match
from pacsd.archive.sight import EVERYTHING, Sight
from pacsd.dicom.data_set import SPECIFIC_CHARACTER_SET
from pacsd.dicom.dictionary import vr_of
from pacsd.dicom.identifier import INSTANCE_AVAILABILITY, QUERY_RETRIEVE_LEVEL, UNIQUE_KEYS
from pacsd.dicom.json_answer import json_of_matches
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query, ReturnKey, Values, tags_of
from pacsd.dicom.query_keys import Path, name_of
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.dicomweb.headers import TOTAL_COUNT, warning
from pacsd.dicomweb.parameters import search_parameters
from pacsd.dicomweb.required_attributes import SEARCHES, required_attributes
from pacsd.dicomweb.targets import Kind, entity_path
from pacsd.net.results import Results
from pacsd.net.web.exchange import JSON_OFFERS, Exchange
from pacsd.net.web.long_work import off_loop_if_many
from pacsd.net.web.search_query import RETRIEVE_URL, WebQuery, web_query
from pacsd.net.web.xml import XML_OFFER, send_xml

REQUESTS: Tag = 0x00400275
"""Request Attributes Sequence, of a series; all else that is told of one has a column."""

ONLINE = "ONLINE"
"""All that is found can be had at once (PS3.3 section C.4.23.1.1)."""

_NOBODY_ASKED = frozenset({QUERY_RETRIEVE_LEVEL, SPECIFIC_CHARACTER_SET})
"""What an Identifier has beside what a search asks for: its level, and how it is encoded."""

_TARGETS = {
    Level.STUDY: Kind.STUDY,
    Level.SERIES: Kind.SERIES,
    Level.INSTANCE: Kind.INSTANCE,
}


class Finds(Protocol):
    """Who has the answers; see `Finder`."""

    async def window(
        self, query: Query, offset: int, limit: int, *, sight: Sight = EVERYTHING
    ) -> Sequence[Match]:
        """Of what matches, as many as `limit` behind the first `offset` ones.

        Raises:
            FindError: they cannot be told.
        """

    async def count(self, query: Query, *, sight: Sight = EVERYTHING) -> int | None:
        """How many match; None where that is not worth its price."""

    async def unsupported(self, query: Query) -> tuple[Tag, ...]:
        """What is asked for that entities of this level do not have."""

    async def matched(self, query: Query) -> frozenset[Tag]:
        """What the conditions ask for and is minded, though entities may not have it themselves."""


class Searching:
    """Answers searches; where it `tells_totals`, with the number of all matches, page or not.

    `results` have the last word on what is told; None when nobody has to be asked.
    """

    def __init__(
        self,
        finder: Finds,
        max_results: int,
        *,
        names_are_exact: bool,
        tells_totals: bool = False,
        results: Results | None = None,
    ) -> None:
        self._finder = finder
        self._max_results = max_results
        self._names_are_exact = names_are_exact
        self._tells_totals = tells_totals
        self._results = results

    async def answer(self, exchange: Exchange) -> StreamResponse:
        """What matches, in the DICOM JSON Model.

        Raises:
            DicomWebError: it cannot be asked so, or not be answered in what the client takes.
            FindError: it cannot be told.
        """
        target = exchange.target
        level = SEARCHES[target.kind][-1]
        asked = search_parameters(exchange.query)
        choice = exchange.choose((*JSON_OFFERS, XML_OFFER))
        told = required_attributes(target.kind)
        of_series = [path for path in told if path[0] == REQUESTS and level is Level.INSTANCE]
        own = [path for path in told if path not in of_series]
        found = web_query(target, asked, own, names_are_exact=self._names_are_exact)
        limit = self._max_results if asked.limit is None else min(asked.limit, self._max_results)
        sight = exchange.sight
        matches = await self._finder.window(found.query, asked.offset, limit + 1, sight=sight)
        if of_series:
            matches = await self._with_requests(matches, of_series, sight)
        is_cut = len(matches) > limit
        changed = await self._changed(exchange, found.query, matches[:limit])
        answers = await _written(exchange, level, changed)
        headers = await self._warnings(exchange, found, changed, is_cut=is_cut)
        if self._tells_totals:
            is_last = not is_cut and bool(matches or not asked.offset)
            known = asked.offset + len(matches) if is_last else None
            headers = {**headers, **await self._total(found.query, known, sight)}
        if choice.representation is XML_OFFER:
            return await send_xml(exchange, _one_page(answers), headers)
        media_type = choice.representation.media_type
        return exchange.model(b"[%b]" % b",".join(answers), media_type, headers=headers)

    async def _changed(
        self, exchange: Exchange, query: Query, matches: Sequence[Match]
    ) -> Sequence[Match]:
        """The matches as they are told.

        Raises:
            NotTold: that cannot be said.
        """
        if self._results is None or not self._results.are_asked_for:
            return matches
        looks = SightRequest(exchange.principal, Door.HTTP, exchange.client)
        return await self._results.told(looks, query, matches)

    async def _total(self, query: Query, known: int | None, sight: Sight) -> Mapping[str, str]:
        """The total, counted unless the page that is sent tells it."""
        total = await self._finder.count(query, sight=sight) if known is None else known
        return {} if total is None else {TOTAL_COUNT: str(total)}

    async def _with_requests(
        self, matches: Sequence[Match], paths: Sequence[Path], sight: Sight
    ) -> Sequence[Match]:
        """The same instances with what their series says of the requests for it.

        It is not asked of each instance: that would be a header of each, instead of one a series.
        """
        uids = tuple(dict.fromkeys(_text(match, Level.SERIES) for match in matches))
        keys = tuple(ReturnKey(path[1], vr_of(path[1]) or VR.UN) for path in paths)
        series = UNIQUE_KEYS[Level.SERIES]
        query = Query(
            Level.SERIES,
            (Values(series, VR.UI, uids),),
            (ReturnKey(series, VR.UI), ReturnKey(REQUESTS, VR.SQ, keys)),
        )
        found: Sequence[Match] = ()
        if uids:
            found = await self._finder.window(query, 0, self._max_results, sight=sight)
        requests = {_text(each, Level.SERIES): each[REQUESTS] for each in found}
        return [
            {**match, REQUESTS: requests.get(_text(match, Level.SERIES), "")} for match in matches
        ]

    async def _warnings(
        self, exchange: Exchange, found: WebQuery, told: Sequence[Match], *, is_cut: bool
    ) -> Mapping[str, str]:
        """What clients should know of an answer (PS3.18 section 8.3.4)."""
        texts = []
        untold = {*found.unmatched, *await self._finder.unsupported(found.query)}
        untold -= {*_NOBODY_ASKED, *_matched_below(found.query)}
        matched = untold & await self._finder.matched(found.query) if untold else untold
        given = {tag for tag in untold if told and all(tag in each for each in told)}  # by a plugin
        wanted = {*found.unmatched, *_matched(found.query)}
        for attributes, what in (
            (untold - matched - given, "neither matched nor told"),
            (matched - given, "matched, but not told"),
            ((given - matched) & wanted, "told, but not matched"),
        ):
            if attributes:
                names = ", ".join(map(name_of, sorted(attributes)))
                texts.append(f"The following attributes are {what}: {names}")
        if is_cut:
            texts.append("There are additional results that can be requested")
        return (
            {"Warning": ", ".join(warning(exchange.root_url, each) for each in texts)}
            if texts
            else {}
        )


def _matched_below(query: Query) -> Iterator[Tag]:
    """UIDs of what a study or series holds: it is found by them, though it has them not itself."""
    return (tag for tag in _matched(query) if tag in UNIQUE_KEYS.values())


def _matched(query: Query) -> Iterator[Tag]:
    """What somebody wants to match."""
    return (tag for each in query.conditions for tag in tags_of(each))


async def _one_page(answers: Sequence[bytes]) -> AsyncGenerator[Sequence[bytes], None]:
    yield answers


async def _written(exchange: Exchange, level: Level, matches: Sequence[Match]) -> Sequence[bytes]:
    """Each as a JSON object (PS3.18 section F.2.1)."""

    def write() -> Sequence[bytes]:
        return json_of_matches(_told(exchange, level, each) for each in matches)

    return await off_loop_if_many(write, len(matches))


def _told(exchange: Exchange, level: Level, match: Match) -> Match:
    """What is told, with where it is to be had."""
    uids = [_text(match, each) for each in _TARGETS if each <= level]
    url = f"{exchange.root_url}{entity_path(_TARGETS[level], *uids)}"
    return {**match, RETRIEVE_URL: url, INSTANCE_AVAILABILITY: ONLINE}


def _text(match: Match, level: Level) -> str:
    value = match[UNIQUE_KEYS[level]]
    return value if isinstance(value, str) else ""
