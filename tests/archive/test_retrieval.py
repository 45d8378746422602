"""Retrieval, with the real index."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.api.store import Location
from pacsd.archive import retrieval
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.finding import (
    FindError,
    IndexUnavailable,
    QueryLimits,
    TooCostly,
    TooManyMatches,
)
from pacsd.archive.retrieval import Retrievable, Retriever, Unreadable
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query, SoundsLike, Values
from pacsd.dicom.vr import VR
from pacsd.index.index import Index, open_index
from pacsd.index.records import Copy, CopyCheck, CopyState, Scope
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.test_stored_file import REQUEST, stored

STUDY = Query(Level.INSTANCE, (Values(0x0020000D, VR.UI, ("1.2.3",)),))
COUNT = 5


def content(number: int) -> bytes:
    attributes = {"SOPInstanceUID": f"1.2.3.{number}", "ReferringPhysicianName": "Somebody"}
    return data_set(attributes, pixel_bytes=1_000 * number)


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


@pytest.fixture
async def store(index: Index) -> MemoryStore:
    store = MemoryStore()
    for number in range(COUNT):
        request = replace(REQUEST, sop_instance_uid=f"1.2.3.{number}")
        written = await stored(store, encode_preface(request) + content(number))
        await index.add([await read_stored(store, written)])
    return store


def retriever(index: Index, store: MemoryStore, limits: QueryLimits | None = None) -> Retriever:
    return Retriever(store, index, limits or QueryLimits())


async def selected(tested: Retriever) -> list[Retrievable]:
    numbers = await tested.select(STUDY)
    return [each async for page in tested.instances(numbers) for each in page]


async def read(tested: Retriever, instance: Retrievable) -> bytes:
    return b"".join([piece async for piece in tested.read(instance)])


async def test_data_sets_leave_as_they_came(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "PAGE", 2)
    tested = retriever(index, store)
    instances = await selected(tested)
    assert [each.sop_instance_uid for each in instances] == [f"1.2.3.{n}" for n in range(COUNT)]
    for number, each in enumerate(instances):
        assert each.data_set_bytes == len(content(number))
        assert each.transfer_syntax_uid == REQUEST.transfer_syntax_uid
        assert await read(tested, each) == content(number)


async def test_what_is_deleted_does_not_leave_even_if_it_was_selected_before(
    index: Index, store: MemoryStore
) -> None:
    tested = retriever(index, store)
    numbers = await tested.select(STUDY)
    await index.instances.delete(Scope(), ["1.2.3.1"], "test")
    assert len(await tested.select(STUDY)) == COUNT - 1
    pages = [page async for page in tested.instances(numbers)]
    assert [each.sop_instance_uid for page in pages for each in page][1] == "1.2.3.2"


@pytest.mark.parametrize(
    ("limits", "error"),
    [(QueryLimits(max_results=4), TooManyMatches), (QueryLimits(budget_s=-1), TooCostly)],
)
async def test_d40_a_retrieval_has_bounds(
    index: Index, store: MemoryStore, limits: QueryLimits, error: type[FindError]
) -> None:
    alike = SoundsLike(0x00080090, ("somebody",))  # to be looked at row by row
    asked = Query(Level.INSTANCE, (*STUDY.conditions, alike))
    with pytest.raises(error):
        await retriever(index, store, limits).select(asked)


async def test_an_index_that_fails_is_told_in_words(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=lambda: 0) as index:
        tested = retriever(index, MemoryStore())
    with pytest.raises(IndexUnavailable):
        await tested.select(STUDY)
    with pytest.raises(IndexUnavailable):
        _ = [page async for page in tested.instances([1])]


async def test_a_damaged_copy_is_the_last_resort(index: Index, store: MemoryStore) -> None:
    tested = retriever(index, store)
    first, *_ = await selected(tested)
    damaged = replace(first.copies[0], state=CopyState.DAMAGED)
    lost = replace(damaged, location=Location("memory", "no such file", 10_000))
    both = replace(first, copies=(lost, damaged))
    assert await read(tested, both) == content(0)
    with pytest.raises(Unreadable):
        await read(tested, replace(first, copies=(lost,)))
    with pytest.raises(Unreadable, match="no copy"):
        await read(tested, replace(first, copies=()))


async def test_the_index_says_which_copy_is_good(index: Index, store: MemoryStore) -> None:
    tested = retriever(index, store)
    first, *_ = await selected(tested)
    copy: Copy = first.copies[0]
    check = CopyCheck(copy.instance, copy.location, CopyState.DAMAGED, 1)
    assert await index.copies.mark(Scope(), [check]) == 1
    again, *_ = await selected(tested)
    assert again.copies[0].state is CopyState.DAMAGED
