"""Retrieval, with the real index."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
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
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Retriever, Unreadable
from pacsd.archive.stored_file import read_stored
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query, SoundsLike, Values
from pacsd.dicom.vr import VR
from pacsd.index.index import Index, open_index
from pacsd.index.overlay_records import Correction
from pacsd.index.records import Copy, CopyCheck, CopyState, Scope
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.test_stored_file import REQUEST, stored
from tests.dicom.by_pydicom import decoded
from tests.dicom.written import EXPLICIT

STUDY = Query(Level.INSTANCE, (Values(0x0020000D, VR.UI, ("1.2.3",)),))
COUNT = 5
NAME, COMMENTS = 0x00100010, 0x00204000


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


async def corrected(index: Index, uid: str, tag: int, value: str, level: Level) -> None:
    [correctable] = await index.overlays.correctable(Scope(), level, uid)
    correction = Correction(level, uid, tag, value, "test", "why", 1, correctable.sha256)
    await index.overlays.correct(Scope(), [correction])


async def test_what_was_corrected_leaves_corrected(index: Index, store: MemoryStore) -> None:
    tested = retriever(index, store)
    assert not any(each.is_corrected for each in await selected(tested))
    await corrected(index, "1.2.3", NAME, "Röe^Jane", Level.STUDY)
    await corrected(index, "1.2.3.1", COMMENTS, "none", Level.INSTANCE)
    for number, each in enumerate(await selected(tested)):
        assert each.is_corrected
        data = await read(tested, each)
        assert len(data) % 2 == each.data_set_bytes % 2
        found = decoded(data, EXPLICIT)
        assert found.PatientName == "Röe^Jane"
        assert found.get("ImageComments") == ("none" if number == 1 else None)
        [modification] = found.OriginalAttributesSequence
        assert modification.ModifiedAttributesSequence[0].PatientName == "Test^Object"
        assert data.endswith(content(number)[-1_000 * number :] if number else b"CORRECT ")
    # What lies in the store is what came.
    assert store.objects["00000001"].endswith(content(0))


async def test_what_already_says_so_leaves_as_it_is(index: Index, store: MemoryStore) -> None:
    tested = retriever(index, store)
    await corrected(index, "1.2.3", NAME, "Test^Object", Level.STUDY)
    first, *_ = await selected(tested)
    assert first.is_corrected
    assert await read(tested, first) == content(0)


async def test_a_data_set_nobody_can_read_does_not_leave_uncorrected(
    index: Index, store: MemoryStore
) -> None:
    tested = retriever(index, store)
    await corrected(index, "1.2.3", NAME, "Roe", Level.STUDY)
    first, *_ = await selected(tested)
    copy = first.copies[0]
    size_bytes, data_set_bytes = copy.location.size_bytes - 1, copy.data_set_bytes - 1
    location = replace(copy.location, size_bytes=size_bytes)
    cut = replace(copy, location=location, data_set_bytes=data_set_bytes)
    with pytest.raises(Unreadable, match="it was corrected, but its data set cannot be read"):
        await anext(tested.read(replace(first, copies=(cut,))))
    # Nothing was given out, so that another copy can take its place.
    found = decoded(await read(tested, replace(first, copies=(cut, copy))), EXPLICIT)
    assert found.PatientName == "Roe"


async def test_what_no_character_set_holds_is_told(index: Index, store: MemoryStore) -> None:
    request = replace(REQUEST, sop_instance_uid="1.9")
    data = data_set({"SOPInstanceUID": "1.9", "SpecificCharacterSet": "GBK"})
    written = await stored(store, encode_preface(request) + data)
    await index.add([await read_stored(store, written)])
    await corrected(index, "1.2.3", NAME, "\U0001f600", Level.STUDY)
    told: list[tuple[str, Sequence[int]]] = []
    tested = Retriever(
        store, index, QueryLimits(), lambda each, tags: told.append((each.sop_instance_uid, tags))
    )
    last = (await selected(tested))[-1]
    assert await read(tested, last) == data
    assert told == [("1.9", (NAME,))]
    async with aclosing(tested.read(last)) as pieces:
        await anext(pieces)
    assert len(told) == 2, "who does not read to the end lets it leave, too"


async def test_what_comes_later_is_corrected_as_its_study_was(
    index: Index, store: MemoryStore
) -> None:
    await corrected(index, "1.2.3", NAME, "Roe", Level.STUDY)
    request = replace(REQUEST, sop_instance_uid="1.9")
    written = await stored(store, encode_preface(request) + data_set({"SOPInstanceUID": "1.9"}))
    await index.add([await read_stored(store, written)])
    tested = retriever(index, store)
    last = (await selected(tested))[-1]
    assert last.sop_instance_uid == "1.9"
    assert decoded(await read(tested, last), EXPLICIT).PatientName == "Roe"
