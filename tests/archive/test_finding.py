"""Finding, with the real index and headers."""

import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.archive import finding
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.finding import (
    Finder,
    IndexUnavailable,
    Match,
    QueryLimits,
    TooCostly,
    TooManyMatches,
)
from pacsd.archive.stored_file import read_stored
from pacsd.archive.stored_headers import StoredHeaders
from pacsd.archive.telling import Candidate, Teller
from pacsd.archive.zones import Told
from pacsd.dicom.answer import Field
from pacsd.dicom.identifier import STUDY_ROOT, Asked, Manner, read_query
from pacsd.dicom.level import Level
from pacsd.dicom.matching import Source, matcher
from pacsd.dicom.query import Between, Condition, Names, Patterns, Query, ReturnKey, Values
from pacsd.dicom.vr import VR
from pacsd.index.index import Index, open_index
from pacsd.index.overlay_records import Correction
from pacsd.index.records import Scope
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.objects import data_set
from tests.archive.test_stored_file import REQUEST, stored
from tests.dicom.by_pydicom import encoded, keys
from tests.dicom.written import EXPLICIT

STUDY, NAME, DATE, TIME, ZONE, SPECIES, KVP = (
    0x0020000D, 0x00100010, 0x00080020, 0x00080030, 0x00080201, 0x00102201, 0x00180060,
)  # fmt: skip
OTHER_NUMBERS, ACQUIRED_AT, ACQUIRED_DT = 0x00201070, 0x00080032, 0x0008002A
INSTANCE = Level.INSTANCE
STUDIES = 7
HOSTILE = (
    "*" * 1_000, "*?" * 500, "*a" * 500, "x" * 65_536, "%_'\";--", "\u202e\x1b[31m", "a\0b",
    "\u0430*", "[a-z]*",
)  # fmt: skip


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as opened:
        yield opened


@pytest.fixture
async def store(index: Index) -> MemoryStore:
    """Studies of two instances each; what only headers know differs between the two."""
    store = MemoryStore()
    for number in range(STUDIES):
        for place in range(2):
            uid = f"1.2.{number}.1.{place}"
            data = data_set(
                {
                    "SOPInstanceUID": uid,
                    "StudyInstanceUID": f"1.2.{number}",
                    "SeriesInstanceUID": f"1.2.{number}.1",
                    "PatientID": f"P{number}",
                    "PatientName": f"Name{number}",
                    "StudyDate": "20260131",
                    "StudyTime": "2330",
                    "TimezoneOffsetFromUTC": "+0100" if number else "",
                    "PatientSpeciesDescription": f"species {number % 2}" if not place else "other",
                    "KVP": str(100 + place),
                    "AcquisitionDate": "20260131",
                    "AcquisitionTime": "2330",
                    "AcquisitionDateTime": "20260131233000",
                    "OtherStudyNumbers": f"{number}\\{number}0",
                }
            )
            request = replace(REQUEST, sop_instance_uid=uid)
            new = await read_stored(store, await stored(store, encode_preface(request) + data))
            await index.add([new])
    return store


def finder(index: Index, store: MemoryStore, limits: QueryLimits | None = None) -> Finder:
    return Finder(index, StoredHeaders(store, index), limits or QueryLimits())


def query(
    *conditions: Condition, level: Level = Level.STUDY, tags: tuple[int, ...] = (STUDY,)
) -> Query:
    return Query(level, conditions, tuple(ReturnKey(tag, VR.LO) for tag in tags))


async def found(finder: Finder, asked: Query, zone_minutes: int | None = None) -> list[Match]:
    return [match async for page in finder.find(asked, zone_minutes) for match in page]


async def test_matches_come_in_the_order_of_arrival_page_by_page(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PAGE", 3)
    monkeypatch.setattr("pacsd.index.queries.PAGE", 3)
    pages = [page async for page in finder(index, store).find(query())]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [match[STUDY] for page in pages for match in page] == [f"1.2.{n}" for n in range(7)]


async def test_no_page_is_empty(index: Index, store: MemoryStore) -> None:
    nobody = query(Names(NAME, ("nobody",)))
    assert [page async for page in finder(index, store).find(nobody)] == []


async def window(finder: Finder, asked: Query, offset: int, limit: int) -> list[object]:
    tag = asked.returned[0].tag
    return [match[tag] for match in await finder.window(asked, offset, limit)]


async def test_windows_of_studies_are_newest_first(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PAGE", 2)
    monkeypatch.setattr("pacsd.index.queries.PAGE", 2)
    newest = [f"1.2.{number}" for number in reversed(range(STUDIES))]
    by_index, by_header = query(), query(Patterns(SPECIES, VR.LO, ("species*",)))
    by_date = query(Between(DATE, VR.DA, "20260101", None))
    for asked in (by_index, by_header, by_date):
        for offset in range(STUDIES + 2):
            for limit in range(1, STUDIES + 2):
                told = await window(finder(index, store), asked, offset, limit)
                assert told == newest[offset : offset + limit]


async def test_windows_of_instances_are_by_arrival(index: Index, store: MemoryStore) -> None:
    asked = query(level=INSTANCE, tags=(0x00080018,))
    told = await window(finder(index, store), asked, 3, 3)
    assert told == ["1.2.1.1.1", "1.2.2.1.0", "1.2.2.1.1"]
    one_study = query(Values(STUDY, VR.UI, ("1.2.4",)), level=INSTANCE, tags=(0x00080018,))
    assert await window(finder(index, store), one_study, 0, 9) == ["1.2.4.1.0", "1.2.4.1.1"]


async def test_a_window_has_the_bounds_of_a_query(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_header = query(Patterns(KVP, VR.DS, ("101",)), level=INSTANCE, tags=(0x00080018,))
    monkeypatch.setattr(finding, "MAX_CANDIDATES", 5)
    assert len(await window(finder(index, store), by_header, 0, 2)) == 2
    with pytest.raises(TooCostly, match="more than 5 entities"):
        await finder(index, store).window(by_header, 0, 9)
    with pytest.raises(TooCostly, match="budget_s"):
        await finder(index, store, QueryLimits(budget_s=-1)).window(query(), 0, 99)


async def test_a_window_of_an_index_that_fails(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=lambda: 0) as index:
        asking = finder(index, MemoryStore())
    with pytest.raises(IndexUnavailable, match="stopping"):
        await asking.window(query(), 0, 1)


async def test_matches_are_counted(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = finder(index, store)
    assert await counting.count(query()) == STUDIES
    assert await counting.count(query(Values(STUDY, VR.UI, ("1.2.4",)))) == 1
    assert await counting.count(query(Values(STUDY, VR.UI, ("1.9",)))) == 0
    monkeypatch.setattr(finding, "MAX_COUNTED", STUDIES)
    assert await counting.count(query()) == STUDIES
    monkeypatch.setattr(finding, "MAX_COUNTED", STUDIES - 1)
    assert await counting.count(query()) is None


async def test_what_costs_too_much_is_not_counted(index: Index, store: MemoryStore) -> None:
    by_header = query(Patterns(SPECIES, VR.LO, ("species*",)))
    assert await finder(index, store).count(by_header) is None
    assert await finder(index, store, QueryLimits(budget_s=-1)).count(query()) is None


async def test_counting_in_an_index_that_fails(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=lambda: 0) as index:
        asking = finder(index, MemoryStore())
    with pytest.raises(IndexUnavailable, match="stopping"):
        await asking.count(query())


async def test_an_attribute_of_a_level_is_what_the_first_instance_says(
    index: Index, store: MemoryStore
) -> None:
    first = Patterns(SPECIES, VR.LO, ("species 1",))
    matches = await found(finder(index, store), query(first, tags=(STUDY, SPECIES)))
    assert [match[STUDY] for match in matches] == ["1.2.1", "1.2.3", "1.2.5"]
    assert matches[0][SPECIES] == Field("LO", "species 1")
    other = query(Patterns(SPECIES, VR.LO, ("other",)))
    assert await found(finder(index, store), other) == []


async def test_of_instances_everything_in_the_header_matches(
    index: Index, store: MemoryStore
) -> None:
    kvp = Patterns(KVP, VR.DS, ("101",))
    asked = query(kvp, level=Level.INSTANCE, tags=(0x00080018, KVP, 0x00189073))
    matches = await found(finder(index, store), asked)
    assert len(matches) == STUDIES
    assert matches[0][KVP] == Field("DS", "101")
    assert matches[0][0x00189073] == ""


async def test_headers_are_read_only_for_what_is_in_them(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        raise AssertionError("a header was read")

    monkeypatch.setattr(StoredHeaders, "read", never)
    told = (0x00080005, 0x00080052, 0x00080054, 0x00080056, 0x00080018)
    asked = query(level=Level.INSTANCE, tags=told)
    assert len(await found(finder(index, store), asked)) == 2 * STUDIES


async def test_what_entities_of_a_level_do_not_have_is_neither_matched_nor_told(
    index: Index, store: MemoryStore
) -> None:
    asked = query(Patterns(KVP, VR.DS, ("1",)), tags=(STUDY, KVP))
    assert await finder(index, store).unsupported(asked) == (KVP,)
    matches = await found(finder(index, store), asked)
    assert len(matches) == STUDIES
    assert KVP not in matches[0]


async def test_what_is_matched_is_told_though_entities_do_not_have_it(
    index: Index, store: MemoryStore
) -> None:
    modality, number = 0x00080060, 0x00200013
    conditions = (
        Patterns(KVP, VR.DS, ("1",)),
        Patterns(modality, VR.CS, ("CT",)),
        Patterns(SPECIES, VR.LO, ("dog",)),
        Patterns(STUDY, VR.UI, ("1.*",)),
    )
    asked = query(*conditions, tags=(STUDY, NAME, number))
    searched = finder(index, store)
    assert await searched.matched(asked) == {modality, SPECIES, STUDY}
    assert set(await searched.unsupported(asked)) == {KVP, modality, number}
    assert await searched.matched(query(tags=(STUDY, modality))) == frozenset()


async def test_times_are_told_in_the_zone_that_was_asked_for(
    index: Index, store: MemoryStore
) -> None:
    asked = query(tags=(STUDY, DATE, TIME))
    unknown, known, *_ = await found(finder(index, store), asked, zone_minutes=180)
    assert (known[DATE], known[TIME], known[ZONE]) == ("20260201", "013000", "+0300")
    assert (unknown[DATE], unknown[TIME], unknown[ZONE]) == ("20260131", "233000", "")
    west, *_ = (await found(finder(index, store), asked, zone_minutes=-210))[1:]
    assert (west[DATE], west[TIME], west[ZONE]) == ("20260131", "190000", "-0330")


async def test_of_a_date_alone_in_another_zone_its_time_is_minded_but_not_told(
    index: Index, store: MemoryStore
) -> None:
    _, known, *_ = await found(finder(index, store), query(tags=(STUDY, DATE)), zone_minutes=180)
    assert known == {STUDY: "1.2.1", DATE: "20260201", ZONE: "+0300"}


async def test_times_of_headers_are_told_in_the_zone_that_was_asked_for(
    index: Index, store: MemoryStore
) -> None:
    asked = query(level=Level.INSTANCE, tags=(0x00080018, ACQUIRED_AT, ACQUIRED_DT))
    *_, known = await found(finder(index, store), asked, zone_minutes=180)
    assert known == {
        0x00080018: "1.2.6.1.1",
        ACQUIRED_AT: "013000",
        ACQUIRED_DT: Field("DT", "20260131233000+0100"),
        ZONE: "+0300",
    }


@pytest.mark.parametrize(
    ("key", "count"),
    [("20260131223000+0000", 2 * (STUDIES - 1)), ("20260131233000+0000", 2)],
)
async def test_a_datetime_is_of_its_objects_zone(
    index: Index, store: MemoryStore, key: str, count: int
) -> None:
    asked = query(Between(ACQUIRED_DT, VR.DT, key, key), level=Level.INSTANCE)
    assert len(await found(finder(index, store), asked)) == count


def as_asked(manner: Manner, **values: str) -> Asked:
    identifier = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="", **values)
    return read_query(encoded(identifier, EXPLICIT), EXPLICIT, STUDY_ROOT, manner)


@pytest.mark.parametrize(
    ("manner", "zone", "date", "time", "count"),
    [
        (Manner(), "+0100", "20260101-20260205", "1000-1100", 0),
        (Manner(adjusts_timezone=True), "+0100", "20260101-20260205", "1000-1100", 0),
        (Manner(adjusts_timezone=True), "+0000", "20260101-20260205", "2200-2300", STUDIES - 1),
        (Manner(combines_datetimes=True), "+0100", "20260101-20260205", "1000-1100", STUDIES),
        (Manner(combines_datetimes=True), "", "20260101-20260205", "1000", 0),
        (Manner(combines_datetimes=True), "", "20260101-", "-1100", 0),
        (Manner(combines_datetimes=True), "", "20260131-", "1000-1100", 0),
        (Manner(), "+0000", "", "2230", 0),
        (Manner(adjusts_timezone=True), "+0000", "", "2230", STUDIES - 1),
        (Manner(adjusts_timezone=True), "+0000", "", "2330", 1),
    ],
)
async def test_dates_and_times_as_they_were_negotiated(
    index: Index, store: MemoryStore, manner: Manner, zone: str, date: str, time: str, count: int
) -> None:
    """Of studies at 23:30 in +0100, and one of which no zone is known."""
    asked = as_asked(manner, TimezoneOffsetFromUTC=zone, StudyDate=date, StudyTime=time)
    matches = await found(finder(index, store), asked.query, asked.offset_minutes)
    assert len(matches) == count


async def test_the_limit_of_matches_is_none_of_candidates(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PAGE", 3)
    monkeypatch.setattr("pacsd.index.queries.PAGE", 3)
    limited = finder(index, store, QueryLimits(max_results=1))
    last = query(Values(OTHER_NUMBERS, VR.IS, ("6",)))
    assert await found(limited, last) == [{STUDY: "1.2.6"}]
    many = query(Patterns(KVP, VR.DS, ("101",)), level=INSTANCE)
    with pytest.raises(TooManyMatches):
        await found(limited, many)


async def test_d40_too_many_candidates_are_told_of_never_passed_over(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = query(Patterns(KVP, VR.DS, ("101",)), level=INSTANCE)
    limited = finder(index, store, QueryLimits(max_results=1_000))
    monkeypatch.setattr(finding, "MAX_CANDIDATES", 5)
    assert len(await found(limited, asked)) == STUDIES
    limited = finder(index, store, QueryLimits(max_results=5))
    given: list[Match] = []

    async def take() -> None:
        async for page in limited.find(asked):
            given.extend(page)

    with pytest.raises(TooCostly, match="more than 5 entities to be looked up in headers"):
        await take()
    assert len(given) == 3


async def test_d42_the_time_that_a_peer_takes_to_read_is_its_own(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PAGE", 1)
    monkeypatch.setattr("pacsd.index.queries.PAGE", 1)
    passed_s = 0.0
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + passed_s)
    hasty = finder(index, store, QueryLimits(budget_s=10.0))
    pages = 0
    async for _ in hasty.find(query(Patterns(SPECIES, VR.LO, ("species *",)))):
        pages += 1
        passed_s += 60
    assert pages == STUDIES


@pytest.mark.parametrize("has_condition", [False, True])
async def test_d40_headers_that_are_only_told_cost_no_budget(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch, *, has_condition: bool
) -> None:
    monkeypatch.setattr(finding, "PAGE", 2)
    monkeypatch.setattr("pacsd.index.queries.PAGE", 2)
    passed_s = 0.0
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + passed_s)

    class Slow(StoredHeaders):
        async def read(self, scope: Scope, instances: Sequence[int]) -> dict[int, bytes]:
            nonlocal passed_s
            passed_s += 60
            return await super().read(scope, instances)

    slow = Finder(index, Slow(store, index), QueryLimits(budget_s=10.0))
    conditions = (Patterns(SPECIES, VR.LO, ("species *",)),) if has_condition else ()
    asked = query(*conditions, tags=(STUDY, SPECIES))
    if has_condition:
        with pytest.raises(TooCostly, match="more than 10 s"):
            await found(slow, asked)
    else:
        assert len(await found(slow, asked)) == STUDIES


async def test_headers_are_matched_and_told_in_a_thread(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    tell = Teller.tell

    def noted(teller: Teller, candidates: Sequence[Candidate], left_s: float) -> list[Told]:
        threads.add(threading.get_ident())
        return tell(teller, candidates, left_s)

    def prepared(conditions: Sequence[Condition]) -> Callable[[Source], bool]:
        threads.add(threading.get_ident())
        return matcher(conditions)

    monkeypatch.setattr(Teller, "tell", noted)
    monkeypatch.setattr("pacsd.archive.telling.matcher", prepared)
    asked = query(Patterns(SPECIES, VR.LO, ("other",)), tags=(STUDY, SPECIES))
    await found(finder(index, store), asked)
    await found(finder(index, store), query(tags=(STUDY, DATE)), zone_minutes=0)
    assert threads
    assert threading.get_ident() not in threads


async def test_several_numbers_of_one_attribute_are_found_and_told(
    index: Index, store: MemoryStore
) -> None:
    for key in ("3", "30"):
        asked = query(Values(OTHER_NUMBERS, VR.IS, (key,)), tags=(STUDY, OTHER_NUMBERS))
        (match,) = await found(finder(index, store), asked)
        assert match == {STUDY: "1.2.3", OTHER_NUMBERS: Field("IS", "3\\30")}


async def test_d40_matches_up_to_the_limit_come_first(index: Index, store: MemoryStore) -> None:
    given: list[Match] = []
    limited = finder(index, store, QueryLimits(max_results=5))

    async def take() -> None:
        async for page in limited.find(query()):
            given.extend(page)

    with pytest.raises(TooManyMatches, match=r"5 matches \(query.max_results\)"):
        await take()
    assert len(given) == 5
    assert len(await found(finder(index, store, QueryLimits(max_results=7)), query())) == 7


async def test_d40_a_query_has_a_budget(index: Index, store: MemoryStore) -> None:
    hasty = finder(index, store, QueryLimits(budget_s=-1))
    with pytest.raises(TooCostly, match="budget_s"):
        await found(hasty, query(Patterns(SPECIES, VR.LO, ("x",))))


async def test_an_index_that_fails_is_told_in_words(tmp_path: Path) -> None:
    async with open_index(tmp_path, now_us=lambda: 0) as index:
        asking = finder(index, MemoryStore())
    with pytest.raises(IndexUnavailable, match="stopping"):
        await found(asking, query())


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("tag", [NAME, SPECIES, 0x00081030])
async def test_d40_d52_hostile_keys_are_only_text(
    index: Index, store: MemoryStore, value: str, tag: int
) -> None:
    key: Condition = Names(NAME, (value,)) if tag == NAME else Patterns(tag, VR.LO, (value,))
    matches = await found(finder(index, store), query(key))
    is_everything = set(value) <= {"*", "?"} and len(value) == 1_000
    assert len(matches) in ({STUDIES, 0} if is_everything else {0})


async def test_what_was_corrected_is_found_and_told(index: Index, store: MemoryStore) -> None:
    corrections = [
        Correction(Level.STUDY, "1.2.3", tag, value, "test", "why", 1)
        for tag, value in ((NAME, "Röe^Jane"), (DATE, "20200101"), (SPECIES, "canine\\?"))
    ]
    await index.overlays.correct(Scope(), corrections)
    tags = (STUDY, NAME, DATE, SPECIES)
    for condition in (
        Names(NAME, ("roe*",)),
        Values(DATE, VR.DA, ("20200101",)),
        Patterns(SPECIES, VR.LO, ("canine*",)),
    ):
        [[match]] = [page async for page in finder(index, store).find(query(condition, tags=tags))]
        assert match[STUDY] == "1.2.3"
        assert (match[NAME], match[DATE]) == ("Röe^Jane", "20200101")
        assert match[SPECIES] == Field(VR.LO, "canine\\?")
    for condition in (Names(NAME, ("Name3",)), Patterns(SPECIES, VR.LO, ("species 1",))):
        pages = [page async for page in finder(index, store).find(query(condition, tags=tags))]
        assert "1.2.3" not in {match[STUDY] for page in pages for match in page}


async def test_what_was_corrected_is_told_without_a_header(
    index: Index, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    correction = Correction(Level.STUDY, "1.2.3", SPECIES, "canine", "test", "why", 1)
    await index.overlays.correct(Scope(), [correction])
    tested = finder(index, store)
    monkeypatch.setattr(tested._headers, "read", nothing)
    condition = Patterns(SPECIES, VR.LO, ("canine",))
    [[match]] = [page async for page in tested.find(query(condition, tags=(STUDY, SPECIES)))]
    assert match == {STUDY: "1.2.3", SPECIES: Field(VR.LO, "canine")}


async def nothing(*_: object) -> dict[int, object]:
    return {}
