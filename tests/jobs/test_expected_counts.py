import pytest

from pacsd.dicom.level import Level
from pacsd.dicom.registry import TransferSyntax
from pacsd.dicom.stored_header import encode_header
from pacsd.index.index import Index
from pacsd.index.quiet import Touched
from pacsd.index.records import Change
from pacsd.jobs.count_products import read_product
from pacsd.jobs.expected_counts import ExpectedCounts, at_once, complete
from tests.dicom.by_pydicom import encoded, keys
from tests.dicom.test_stored_header import header_of
from tests.dicom.written import EXPLICIT, IMPLICIT
from tests.index.made import SCOPE, new

ACQUISITION = read_product("ImagesInAcquisition")
SLICES = read_product("NumberOfSlices * NumberOfTimeSlices")
EXPECTED = ExpectedCounts((SLICES, ACQUISITION), (read_product("NumberOfStudyRelatedInstances"),))


def header(syntax: TransferSyntax = EXPLICIT, **values: object) -> bytes:
    """What is kept of an object that says so."""
    data = encoded(keys(SOPInstanceUID="1.2", **values), syntax)
    return encode_header(header_of(data, syntax))


async def last_stored(index: Index) -> Change:
    return (await index.changes.page(SCOPE)).changes[-1]


def places(change: Change) -> dict[tuple[Level, int], int]:
    assert change.series is not None
    assert change.study is not None
    assert change.instance is not None
    return {
        (Level.SERIES, change.series): change.instance,
        (Level.STUDY, change.study): change.instance,
    }


async def levels(index: Index, expected: ExpectedCounts = EXPECTED) -> set[Level]:
    """Which of what the last instance came to is complete."""
    came = places(await last_stored(index))
    return {level for level, _ in await complete(index, expected, came)}


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize(
    "said",
    [
        {"ImagesInAcquisition": 2},
        {"ImagesInAcquisition": 9, "NumberOfSlices": 1, "NumberOfTimeSlices": 2},
        {"ImagesInAcquisition": 2, "NumberOfSlices": 9},
        {"ImagesInAcquisition": 2, "NumberOfSlices": 9, "NumberOfTimeSlices": 0},
    ],
)
async def test_a_series_is_complete_with_exactly_so_many(
    index: Index, said: dict[str, object], syntax: TransferSyntax
) -> None:
    found = []
    for number in range(3):
        await index.add([new(f"1.{number}", header=header(syntax, **said))])
        found.append(await levels(index))
    assert found == [set(), {Level.SERIES}, set()]


async def test_a_study_is_complete_with_those_of_all_its_series(index: Index) -> None:
    said = header(NumberOfStudyRelatedInstances=2, ImagesInAcquisition=1)
    await index.add([new("1.1", header=said)])
    assert await levels(index) == {Level.SERIES}
    await index.add([new("9.1", series="1.2.3.9", header=said)])
    assert await levels(index) == {Level.SERIES, Level.STUDY}


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"no header",
        header(),
        header(ImagesInAcquisition=""),
        header(ImagesInAcquisition=-1),
        header(ImagesInAcquisition=0),
        header(ImagesInAcquisition=10**10),
    ],
)
async def test_who_says_nothing_of_use_is_never_complete(index: Index, kept: bytes) -> None:
    await index.add([new("1.1", header=kept)])
    assert await levels(index) == set()


async def test_what_nobody_has_chosen_is_not_looked_at(index: Index) -> None:
    await index.add([new("1.1", header=header(ImagesInAcquisition=1))])
    assert await levels(index, ExpectedCounts()) == set()
    assert await levels(index, ExpectedCounts(study=(ACQUISITION,))) == {Level.STUDY}


def test_timers_of_what_is_whole_are_due() -> None:
    touched = [Touched(Level.SERIES, 1, 900), Touched(Level.STUDY, 1, 990)]
    whole = frozenset({(Level.SERIES, 1)})
    assert at_once(touched, whole, 7) == [Touched(Level.SERIES, 1, 7), touched[1]]
