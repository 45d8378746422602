"""What somebody sees: found, counted and retrieved, and nothing else."""

from pathlib import Path

import pytest

from pacsd.api.access import Restriction
from pacsd.archive.finding import Finder, QueryLimits
from pacsd.archive.retrieval import Retriever
from pacsd.archive.sight import EVERYTHING, Sight, check_restriction, sight_of
from pacsd.archive.stored_headers import StoredHeaders
from pacsd.dicom.level import Level
from pacsd.dicom.query import Names, Patterns, Query, ReturnKey, Values
from pacsd.dicom.vr import VR
from tests.archive.small_archive import SmallArchive

STUDY, SERIES, INSTANCE = 0x0020000D, 0x0020000E, 0x00080018
MODALITIES, STUDIES_OF_PATIENT, SERIES_OF_STUDY = 0x00080061, 0x00201200, 0x00201206
MILLERS = {"ReferringPhysicianName": ("MILLER*",)}
KEYS = {Level.STUDY: STUDY, Level.SERIES: SERIES, Level.INSTANCE: INSTANCE}
LIMITS = QueryLimits(budget_s=30.0)


def sight(**conditions: tuple[str, ...]) -> Sight:
    return sight_of([Restriction(conditions)])


@pytest.fixture
async def filled(archive: SmallArchive) -> SmallArchive:
    """Of one patient: a study of Miller with series of two hospitals, and one of Moon."""
    for uid, study, doctor, hospital in (
        ("1.1.1.1", "1.1", "MILLER^A", "NORTH"),
        ("1.1.2.1", "1.1", "MILLER^A", "SOUTH"),
        ("1.2.1.1", "1.2", "MOON^B", "NORTH"),
    ):
        attributes = {
            "StudyInstanceUID": study,
            "SeriesInstanceUID": uid.rpartition(".")[0],
            "ReferringPhysicianName": doctor,
            "InstitutionName": hospital,
            "Modality": "CT" if hospital == "NORTH" else "MR",
        }
        await archive.put(uid, attributes=attributes)
    return archive


def finder(archive: SmallArchive) -> Finder:
    return Finder(archive.index, StoredHeaders(archive.store, archive.index), LIMITS)


async def found(archive: SmallArchive, level: Level, seen: Sight) -> list[object]:
    key = KEYS[level]
    asked = Query(level, (), (ReturnKey(key, VR.UI),))
    pages = finder(archive).find(asked, sight=seen)
    every: list[object] = [match[key] async for page in pages for match in page]
    window = await finder(archive).window(asked, 0, 10, sight=seen)
    assert sorted(map(str, every)) == sorted(str(match[key]) for match in window)
    assert await finder(archive).count(asked, sight=seen) == len(every)
    return every


@pytest.mark.parametrize(
    ("seen", "studies", "series"),
    [
        (EVERYTHING, ["1.1", "1.2"], ["1.1.1", "1.1.2", "1.2.1"]),
        (sight(ReferringPhysicianName=("MILLER*",)), ["1.1"], ["1.1.1", "1.1.2"]),
        (sight(ReferringPhysicianName=("X*", "moon^b")), ["1.2"], ["1.2.1"]),
        (sight(InstitutionName=("SOUTH",)), ["1.1"], ["1.1.2"]),
        (sight(InstitutionName=("NORTH",)), ["1.1", "1.2"], ["1.1.1", "1.2.1"]),
        (
            sight(InstitutionName=("NORTH",), ReferringPhysicianName=("MOON*",)),
            ["1.2"],
            ["1.2.1"],
        ),
        (sight(PatientID=()), [], []),
        (sight(ReferringPhysicianName=("*",)), ["1.1", "1.2"], ["1.1.1", "1.1.2", "1.2.1"]),
    ],
)
async def test_only_that_is_found(
    filled: SmallArchive, seen: Sight, studies: list[str], series: list[str]
) -> None:
    assert await found(filled, Level.STUDY, seen) == studies
    assert await found(filled, Level.SERIES, seen) == series
    assert await found(filled, Level.INSTANCE, seen) == [f"{each}.1" for each in series]


@pytest.mark.parametrize("uid", ["1.1.1.1", "1.1.2.1", "1.2.1.1"])
async def test_only_that_is_retrieved(filled: SmallArchive, uid: str) -> None:
    seen = sight(InstitutionName=("NORTH",), **MILLERS)
    retriever = Retriever(filled.store, filled.index, LIMITS)
    is_seen, study = uid == "1.1.1.1", uid[:3]
    assert (await retriever.find(uid, sight=seen) is not None) is is_seen
    assert (await retriever.locate(uid, sight=seen) is not None) is is_seen
    assert bool(await retriever.version(study, sight=seen)) is (study == "1.1")
    one = Query(Level.INSTANCE, (Values(INSTANCE, VR.UI, (uid,)),))
    assert bool(await retriever.select(one, sight=seen)) is is_seen
    for method in (retriever.find, retriever.locate):
        assert await method(uid) is not None


async def test_nothing_is_told_over_what_is_not_seen(filled: SmallArchive) -> None:
    keys = tuple(ReturnKey(tag, VR.IS) for tag in (MODALITIES, STUDIES_OF_PATIENT, SERIES_OF_STUDY))
    asked = Query(Level.STUDY, (Values(MODALITIES, VR.CS, ("MR",)),), keys)
    of_study, of_series = sight(**MILLERS), sight(InstitutionName=("NORTH",))
    [told] = await finder(filled).window(asked, 0, 10, sight=of_study)
    assert (told[MODALITIES], told[SERIES_OF_STUDY]) == ("CT\\MR", "2")
    assert STUDIES_OF_PATIENT not in told
    all_told = await finder(filled).window(asked, 0, 10, sight=of_series)
    assert all_told == [{}, {}]


async def test_what_is_there_and_seen(filled: SmallArchive) -> None:
    uids = ["1.1", "1.2", "1.3"]
    seen = finder(filled).seen
    assert await seen(Level.STUDY, uids, EVERYTHING) == {"1.1", "1.2"}
    assert await seen(Level.STUDY, uids, sight(**MILLERS)) == {"1.1"}
    assert await seen(Level.SERIES, [], EVERYTHING) == frozenset()


def test_restrictions_of_several_hold_together() -> None:
    first, second = Restriction({"PatientID": ("1", "2*")}), Restriction(MILLERS)
    assert sight_of([first, second, first]).conditions == (
        Patterns(0x00100020, VR.LO, ("1", "2*")),
        Names(0x00080090, ("MILLER*",)),
    )
    assert sight_of([]) == EVERYTHING
    assert not EVERYTHING.is_restricted
    assert sight_of([first]).mark != sight_of([second]).mark != EVERYTHING.mark == ""


@pytest.mark.parametrize(
    "conditions",
    [
        {"NoSuchKeyword": ("x",)},
        {"ImageComments": ("x",)},
        {"InstanceNumber": ("1",)},
        {"NumberOfStudyRelatedSeries": ("1",)},
        {"ModalitiesInStudy": ("CT",)},
        {"TimezoneOffsetFromUTC": ("+0100",)},
        {"StudyDate": ("yesterday",)},
        {"PatientID": ("a\nb",)},
        {"ProcedureCodeSequence": ("x",)},
    ],
)
def test_what_cannot_be_restricted_is_junk(conditions: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match="Restriction: "):
        check_restriction(Restriction(conditions))


def test_other_answers_are_somebody_elses_business(tmp_path: Path) -> None:
    check_restriction(tmp_path)
