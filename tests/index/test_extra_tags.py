import pytest

from pacsd.dicom.level import Level
from pacsd.index.index import Index
from pacsd.index.records import ExtraTagState, Scope
from tests.index.made import SCOPE, new

REINDEXING, COMPLETE = ExtraTagState.REINDEXING, ExtraTagState.COMPLETE


async def test_a_tag_of_an_empty_archive_is_complete(index: Index) -> None:
    tag = await index.extra_tags.choose(SCOPE, Level.SERIES, 0x00180081, "DS")
    assert tag.state is COMPLETE
    assert await index.extra_tags.all(SCOPE) == [tag]
    assert await index.extra_tags.all(Scope(2)) == []


async def test_a_tag_is_chosen_once_and_private_ones_by_creator(index: Index) -> None:
    choose = index.extra_tags.choose
    first = await choose(SCOPE, Level.INSTANCE, 0x00290010, "LO", "ACME")
    again = await choose(SCOPE, Level.INSTANCE, 0x00290010, "LO", "ACME")
    other = await choose(SCOPE, Level.INSTANCE, 0x00290010, "LO", "OTHER")
    assert first == again
    assert first.id != other.id


async def test_a_patient_has_no_extra_values(index: Index) -> None:
    with pytest.raises(ValueError, match="PATIENT"):
        await index.extra_tags.choose(SCOPE, Level.PATIENT, 0x00102110, "LO")


async def test_what_came_before_is_filled_page_by_page_while_more_comes(index: Index) -> None:
    before = [verdict.instance for verdict in await index.add([new(f"1.{n}") for n in range(4)])]
    tag = await index.extra_tags.choose(SCOPE, Level.INSTANCE, 0x00180081, "DS")
    assert (tag.state, tag.reindexed_to) == (REINDEXING, 0)
    await index.add([new("2.1", extras={tag.id: "new"})])
    page = [each.id for each in await index.instances.page(SCOPE, tag.reindexed_to, limit=2)]
    assert page == before[:2]
    filled = await index.extra_tags.fill(SCOPE, tag.id, {page[0]: "old"}, page[-1])
    assert filled is not None
    assert (filled.state, filled.reindexed_to) == (REINDEXING, page[-1])
    # The last page is told by the tag's own bound, whatever came meanwhile.
    done = await index.extra_tags.fill(SCOPE, tag.id, {}, tag.reindexed_before)
    assert done is not None
    assert done.state is COMPLETE
    assert (await index.stats(SCOPE)).rows["extra_value"] == 2


async def test_a_page_that_comes_late_does_not_set_back(index: Index) -> None:
    await index.add([new("1.1")])
    tag = await index.extra_tags.choose(SCOPE, Level.INSTANCE, 0x00180081, "DS")
    await index.extra_tags.fill(SCOPE, tag.id, {}, tag.reindexed_before)
    late = await index.extra_tags.fill(SCOPE, tag.id, {}, 1)
    assert late is not None
    assert (late.reindexed_to, late.state) == (tag.reindexed_before, COMPLETE)


async def test_a_dropped_tag_is_gone_with_its_values(index: Index) -> None:
    tag = await index.extra_tags.choose(SCOPE, Level.INSTANCE, 0x00180081, "DS")
    await index.add([new("1.1", extras={tag.id: "5.0"})])
    assert await index.extra_tags.drop(SCOPE, tag.id)
    assert not await index.extra_tags.drop(SCOPE, tag.id)
    assert await index.extra_tags.fill(SCOPE, tag.id, {}, 9) is None
    stats = await index.stats(SCOPE)
    assert (stats.rows["extra_tag"], stats.rows["extra_value"]) == (0, 0)
