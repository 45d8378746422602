"""A tag chosen after the objects came, with the real index."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.archive import reindex
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.reindex import Reindex
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.level import Level
from pacsd.index.index import Index, open_index
from pacsd.index.records import Scope
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.test_stored_file import REQUEST, stored

SPECIES = 0x00102201
SCOPE = Scope()


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


async def fill(index: Index, store: MemoryStore, count: int, *, with_headers: bool = True) -> None:
    for number in range(count):
        uid = f"1.2.3.{number}"
        request = replace(REQUEST, sop_instance_uid=uid)
        species = f"species {number}" if number % 2 else ""
        data = data_set({"SOPInstanceUID": uid, "PatientSpeciesDescription": species})
        new = await read_stored(store, await stored(store, encode_preface(request) + data))
        await index.add([new if with_headers else replace(new, header=b"")])


async def reindexed(index: Index, store: MemoryStore) -> int:
    tag = await index.extra_tags.choose(SCOPE, Level.INSTANCE, SPECIES, "LO")
    tested = Reindex(store, index, SCOPE, tag)
    pages = 0
    while not tested.is_complete:
        await tested.next_page()
        pages += 1
    return pages


async def values(index: Index) -> int:
    stats = await index.stats(SCOPE)
    return stats.rows["extra_value"]


@pytest.mark.parametrize("with_headers", [True, False])
async def test_what_came_before_is_filled_in(
    index: Index, monkeypatch: pytest.MonkeyPatch, *, with_headers: bool
) -> None:
    monkeypatch.setattr(reindex, "PAGE", 4)
    store = MemoryStore()
    await fill(index, store, 10, with_headers=with_headers)
    assert await reindexed(index, store) == 3
    assert await values(index) == 5


async def test_with_nothing_there_it_is_complete_at_once(index: Index) -> None:
    assert await reindexed(index, MemoryStore()) == 0


async def test_a_file_that_is_gone_has_no_value_and_stops_nothing(index: Index) -> None:
    store = MemoryStore()
    await fill(index, store, 4, with_headers=False)
    del store.objects["00000002"]
    await reindexed(index, store)
    assert await values(index) == 1
