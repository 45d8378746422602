from dataclasses import replace

import pytest

from pacsd.dicom.level import Level
from pacsd.dicom.query import Patterns, Values
from pacsd.dicom.vr import VR
from pacsd.index import queries
from pacsd.index.errors import QueryTooCostly
from pacsd.index.index import Index
from pacsd.index.records import Scope
from pacsd.index.searching import Search
from tests.index.made import new

STUDY = 0x0020000D
COUNT = queries.PAGE + 5


@pytest.fixture
async def many(index: Index) -> Search:
    """Of more studies than a page holds."""
    await index.add(
        [new(f"1.{n}", study=f"2.{n}", series=f"3.{n}", patient_id="P") for n in range(COUNT)]
    )
    of_patient = Patterns(0x00100020, VR.LO, ("P",))
    return Search(Scope(), Level.STUDY, (of_patient,), 1_000, 60)


async def test_the_first_page_comes_before_the_rest_is_looked_for(
    index: Index, many: Search
) -> None:
    found = await index.queries.first(many, (STUDY,))
    assert [each.id for each in found.page] == list(found.numbers)
    assert (len(found.page), found.is_all) == (queries.PAGE, False)
    numbers = await index.queries.numbers(many)
    assert len(numbers) == COUNT
    rest = numbers[queries.PAGE :]
    entities = await index.queries.entities(Level.STUDY, rest, (STUDY,), with_first=True)
    assert [each.values[STUDY] for each in entities] == [f"2.{n}" for n in range(200, COUNT)]
    assert all(each.first_instance for each in entities)


@pytest.mark.parametrize("limit", [3, queries.PAGE])
async def test_a_limit_of_a_page_or_less(index: Index, many: Search, limit: int) -> None:
    found = await index.queries.first(replace(many, limit=limit), (STUDY,))
    assert (len(found.numbers), found.is_all) == (limit, True)


async def test_what_fits_a_page_needs_no_second_look(index: Index, many: Search) -> None:
    one = replace(many, conditions=(Values(STUDY, VR.UI, ("2.7",)),))
    found = await index.queries.first(one, (STUDY,))
    assert [each.values[STUDY] for each in found.page] == ["2.7"]
    assert found.is_all


async def test_nothing_found(index: Index) -> None:
    found = await index.queries.first(Search(Scope(), Level.STUDY, (), 10, 60), (STUDY,))
    assert (list(found.numbers), list(found.page), found.is_all) == ([], [], True)


@pytest.mark.parametrize(("limit", "count"), [(10_000, COUNT), (7, 7)])
async def test_how_many_there_are(index: Index, many: Search, limit: int, count: int) -> None:
    assert await index.queries.count(replace(many, limit=limit)) == count


async def test_counting_has_a_budget(index: Index, many: Search) -> None:
    with pytest.raises(QueryTooCostly):
        await index.queries.count(replace(many, budget_s=-1))
