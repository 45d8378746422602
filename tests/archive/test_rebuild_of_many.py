"""A store of files with a past, and its index made anew: the same answers (issue 3, Shows d)."""

from collections import Counter
from pathlib import Path

import pytest

from pacsd.index.index import open_index
from pacsd.index.records import InstanceState
from pacsd.index.sqlite import Durability
from tests.archive.answers_of import answers_of
from tests.archive.past import Past, file_store
from tests.archive.small_archive import Clock
from tests.archive.test_rebuild import rebuilt


async def check(folder: Path, count: int) -> None:
    async with file_store(folder) as store:
        async with open_index(folder, now_us=Clock(), durability=Durability.RELAXED) as index:
            await Past(store, index).happen(count)
            before = await answers_of(index)
        async with rebuilt(store, folder / "anew") as (index, found):
            after = await answers_of(index)
    assert (after.instances, after.held) == (before.instances, before.held)
    assert after.versions == before.versions
    assert after.found == before.found
    assert after.corrected == before.corrected
    assert after.deletions == before.deletions
    assert len(after.corrected) >= count // 10
    assert before.headers.items() <= after.headers.items()
    states = Counter(each.state for each in after.instances.values())
    assert states[InstanceState.HELD] >= count // 120
    assert states[InstanceState.DELETED] >= count // 80
    assert len(after.versions) == count // 25 - count // 100
    assert found.surplus == 0
    assert found.unreadable == []


@pytest.mark.timeout(180)
async def test_a_thousand_instances(tmp_path: Path) -> None:
    await check(tmp_path, 1_000)


@pytest.mark.soak
async def test_ten_thousand_instances(tmp_path: Path) -> None:
    await check(tmp_path, 10_000)
