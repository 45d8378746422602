"""User-chosen tags as keys of queries, with the real index."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from pacsd.archive.extra_keys import creators_of, extras_of
from pacsd.archive.extra_tags import ExtraTags, TaggingRegister
from pacsd.archive.file_meta import encode_preface
from pacsd.archive.finding import Finder, Match, QueryLimits
from pacsd.archive.stored_file import read_stored
from pacsd.archive.stored_headers import StoredHeaders
from pacsd.dicom.level import Level
from pacsd.dicom.query import (
    Between,
    Condition,
    Missing,
    Names,
    Patterns,
    Query,
    ReturnKey,
    SoundsLike,
    Values,
)
from pacsd.dicom.vr import VR
from pacsd.index.index import Index, open_index
from pacsd.index.overlay_records import Correction
from pacsd.index.records import ExtraTag, ExtraTagState, Scope
from pacsd.index.sqlite import Durability
from pacsd.testing.memory_store import MemoryStore
from tests.archive.test_stored_file import REQUEST, stored
from tests.dicom.by_pydicom import encoded
from tests.dicom.written import EXPLICIT

STUDIES = 6
STUDY, SPECIES, KVP, PERSON, ACQUIRED = 0x0020000D, 0x00102201, 0x00180060, 0x00080092, 0x00080022
ACME, OTHER = "ACME 1.1", "OTHER 2"
CREATOR, PRIVATE = 0x00090010, 0x00091001
TAGS = (
    (Level.STUDY, SPECIES, "LO", ""),
    (Level.SERIES, KVP, "DS", ""),
    (Level.INSTANCE, ACQUIRED, "DA", ""),
    (Level.STUDY, 0x00090001, "LO", ACME),
)


def made(number: int) -> Dataset:
    data = Dataset()
    data.SOPClassUID = REQUEST.sop_class_uid
    data.SOPInstanceUID = f"1.2.{number}.1.1"
    data.StudyInstanceUID = f"1.2.{number}"
    data.SeriesInstanceUID = f"1.2.{number}.1"
    data.PatientID = f"P{number}"
    data.AcquisitionDate = f"2026010{number + 1}"
    data.KVP = f"{100 + number}.0"
    if number:
        data.PatientSpeciesDescription = f"species {number % 2}"
    # Of the same creator in another block, beside one that has the block of the others.
    if number % 2:
        data.private_block(0x0009, OTHER, create=True).add_new(1, "LO", "none of ours")
    data.private_block(0x0009, ACME, create=True).add_new(1, "LO", f"acme {number}")
    return data


class Unread(StoredHeaders):
    """Of which none may be read."""

    async def read(self, _scope: Scope, _instances: Sequence[int]) -> dict[int, bytes]:
        raise AssertionError("a header was read")


@dataclass
class Made:
    """An archive, and what finds in it; headers are not asked unless `reads`."""

    index: Index
    store: MemoryStore
    tags: Sequence[ExtraTag]
    reads: bool = False

    def finder(self) -> Finder:
        headers = (StoredHeaders if self.reads else Unread)(self.store, self.index)
        return Finder(self.index, headers, QueryLimits(), lambda: self.tags)

    async def numbers(self, *conditions: Condition, level: Level = Level.STUDY) -> list[int]:
        """The numbers of the studies that are found."""
        query = Query(level, conditions, (ReturnKey(STUDY, VR.UI),), {CREATOR: ACME})
        return sorted(int(str(each[STUDY])[4:]) for each in await self.matches(query))

    async def matches(self, query: Query) -> list[Match]:
        return [match async for page in self.finder().find(query) for match in page]


async def never(*_: object) -> None:
    raise AssertionError("a header was read")


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Made]:
    async with open_index(tmp_path, now_us=lambda: 0, durability=Durability.RELAXED) as index:
        tags = [await index.extra_tags.choose(Scope(), *each) for each in TAGS]
        assert {each.state for each in tags} == {ExtraTagState.COMPLETE}
        store, register = MemoryStore(), TaggingRegister(index, ExtraTags(tags))
        for number in range(STUDIES):
            request = replace(REQUEST, sop_instance_uid=f"1.2.{number}.1.1")
            content = encode_preface(request) + encoded(made(number), EXPLICIT)
            new = await read_stored(store, await stored(store, content))
            await register.add([new])
        yield Made(index, store, tags)


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        (Values(SPECIES, VR.LO, ("species 1",)), [1, 3, 5]),
        (Patterns(SPECIES, VR.LO, ("species 0",)), [2, 4]),
        (Patterns(SPECIES, VR.LO, ("spec*",)), [1, 2, 3, 4, 5]),
        (Patterns(SPECIES, VR.LO, ("*1", "x")), [1, 3, 5]),
        (Patterns(SPECIES, VR.LO, ("SPECIES 1",)), []),
        (Missing(SPECIES), [0]),
        (Values(KVP, VR.DS, ("103", "104.00")), [3, 4]),
        (Between(ACQUIRED, VR.DA, "20260102", "20260103"), [1, 2]),
        (Patterns(PRIVATE, VR.LO, ("acme 2",)), [2]),
        (Patterns(PRIVATE, VR.LO, ("acme ?",)), [0, 1, 2, 3, 4, 5]),
        (Patterns(PRIVATE, VR.LO, ("none*",)), []),
        (SoundsLike(SPECIES, ("spezies",)), [1, 2, 3, 4, 5]),
        (Names(SPECIES, ("SPECIES 1",)), [1, 3, 5]),
    ],
)
@pytest.mark.parametrize("level", [Level.STUDY, Level.SERIES, Level.INSTANCE])
async def test_the_index_finds_by_them_at_every_level(
    archive: Made, condition: Condition, numbers: list[int], level: Level
) -> None:
    assert await archive.numbers(condition, level=level) == numbers


async def test_they_are_found_together(archive: Made) -> None:
    both = (
        Patterns(SPECIES, VR.LO, ("species 1",)),
        Patterns(PRIVATE, VR.LO, ("acme 3", "acme 4")),
        Patterns(0x00100020, VR.LO, ("P*",)),
    )
    assert await archive.numbers(*both) == [3]


async def test_they_are_told_with_their_creators(archive: Made) -> None:
    returned = tuple(ReturnKey(tag, VR.LO) for tag in (SPECIES, PRIVATE, CREATOR, STUDY))
    creator = Patterns(CREATOR, VR.LO, (ACME,))
    query = Query(Level.STUDY, (creator,), returned, {CREATOR: ACME})
    assert await archive.finder().unsupported(query) == ()
    matches = await archive.matches(query)
    assert sorted(matches, key=lambda each: str(each[STUDY])) == [
        {
            SPECIES: f"species {number % 2}" if number else "",
            PRIVATE: f"acme {number}",
            CREATOR: ACME,
            STUDY: f"1.2.{number}",
        }
        for number in range(STUDIES)
    ]


async def test_a_private_key_of_another_creator_is_none_of_them(archive: Made) -> None:
    condition = Patterns(PRIVATE, VR.LO, ("acme 2",))
    for creators in ({CREATOR: OTHER}, {0x00090011: ACME}, {}):
        query = Query(Level.STUDY, (condition,), (), creators)
        assert await archive.finder().unsupported(query) == (PRIVATE,)
        assert len(await archive.matches(query)) == STUDIES


async def test_what_was_corrected_is_looked_up_in_headers_again(archive: Made) -> None:
    await archive.index.overlays.tags()
    archive.reads = True
    [correctable] = await archive.index.overlays.correctable(Scope(), Level.STUDY, "1.2.2")
    correction = Correction(
        Level.STUDY, "1.2.2", SPECIES, "mouse", "test", "why", 1, correctable.sha256
    )
    assert await archive.index.overlays.correct(Scope(), [correction])
    assert await archive.numbers(Patterns(SPECIES, VR.LO, ("mouse",))) == [2]
    assert await archive.numbers(Patterns(SPECIES, VR.LO, ("species 0",))) == [4]


async def test_what_is_not_filled_in_yet_is_looked_up_in_headers(archive: Made) -> None:
    archive.reads, archive.tags = True, ()
    assert await archive.numbers(Patterns(SPECIES, VR.LO, ("species 1",))) == [1, 3, 5]
    assert await archive.numbers(Patterns(PRIVATE, VR.LO, ("acme 2",))) == [0, 1, 2, 3, 4, 5]


def test_a_creator_that_also_reserves_for_others_is_a_key() -> None:
    extra = ExtraTag(1, Level.STUDY, 0x00090001, ACME, "LO", ExtraTagState.COMPLETE, 0, 0)
    conditions = (Patterns(PRIVATE, VR.LO, ("a",)), Patterns(PRIVATE + 1, VR.LO, ("b",)))
    query = Query(Level.STUDY, conditions, (), {CREATOR: ACME})
    extras = extras_of(query, [extra])
    assert extras == {PRIVATE: extra}
    assert creators_of(query, extras) == {}
    assert creators_of(replace(query, conditions=conditions[:1]), extras) == {CREATOR: ACME}
