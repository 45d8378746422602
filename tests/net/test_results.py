"""What is told of matches, as plugins change them."""

import pytest

from pacsd.api.access import Door, Principal, SightRequest
from pacsd.api.query_results import MAX_MATCHES, QueryResults
from pacsd.archive.finding import Match
from pacsd.archive.shown_results import NotTold
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query
from pacsd.net.results import Results

LOOKS = SightRequest(Principal("ann"), Door.HTTP, "192.0.2.7")
STUDY, NAME = 0x0020000D, 0x00100010
QUERY = Query(Level.STUDY, ())
MATCHES: list[Match] = [{STUDY: f"1.{n}", NAME: f"Doe^{n}"} for n in range(MAX_MATCHES + 1)]


async def blanked(results: QueryResults) -> QueryResults | None:
    return results.with_values(lambda _: {"PatientName": ""})


async def test_as_long_as_nobody_is_asked_all_is_told() -> None:
    results = Results(lambda: None)
    assert not results.are_asked_for
    assert await results.told(LOOKS, QUERY, MATCHES) is MATCHES


async def test_all_pages_are_told_in_their_order() -> None:
    results = Results(lambda: blanked)
    assert results.are_asked_for
    told = await results.told(LOOKS, QUERY, MATCHES)
    assert told == [{STUDY: f"1.{n}", NAME: ""} for n in range(MAX_MATCHES + 1)]


async def test_p04_what_fails_on_a_later_page_fails_the_query() -> None:
    async def fails(results: QueryResults) -> QueryResults | None:
        return results if len(results.matches) == MAX_MATCHES else None

    with pytest.raises(NotTold, match="cannot be told now"):
        await Results(lambda: fails).told(LOOKS, QUERY, MATCHES)
