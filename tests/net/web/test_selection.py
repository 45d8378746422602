"""The instances that a resource holds, with the real index."""

import pytest

from pacsd.archive.finding import QueryLimits
from pacsd.archive.retrieval import Retriever
from pacsd.archive.sight import EVERYTHING
from pacsd.dicom.level import Level
from pacsd.dicomweb.errors import NotFound
from pacsd.dicomweb.targets import Kind, Target
from pacsd.index.records import Scope
from pacsd.net.web.selection import not_there, selected, target_of_instance, the_instance
from pacsd.testing.objects import data_set
from tests.net.web.serving import SERIES, STUDY, UID, Served

NAME = 0x00100010


@pytest.fixture
async def retriever(served: Served) -> Retriever:
    """Two series of a study."""
    for series, uid in ((SERIES, UID), (SERIES, "1.2.3.5"), ("1.2.3.2", "1.2.3.6")):
        await served.add(data_set({"SeriesInstanceUID": series, "SOPInstanceUID": uid}), uid)
    return Retriever(served.store, served.index, QueryLimits())


@pytest.mark.parametrize(
    ("target", "count"),
    [
        (Target(Kind.STUDY, STUDY), 3),
        (Target(Kind.SERIES, STUDY, SERIES), 2),
        (Target(Kind.SERIES, STUDY, "1.2.3.2"), 1),
        (Target(Kind.INSTANCE, STUDY, SERIES, UID), 1),
    ],
)
async def test_what_a_resource_holds(retriever: Retriever, target: Target, count: int) -> None:
    assert len(await selected(retriever, target, EVERYTHING)) == count


@pytest.mark.parametrize(
    "target",
    [
        Target(Kind.STUDY, "1.9"),
        Target(Kind.SERIES, STUDY, "1.9"),
        Target(Kind.SERIES, "1.9", SERIES),
        Target(Kind.INSTANCE, STUDY, "1.2.3.2", UID),
    ],
)
async def test_what_holds_nothing(retriever: Retriever, target: Target) -> None:
    with pytest.raises(NotFound, match="is not in the archive"):
        await selected(retriever, target, EVERYTHING)
    if target.kind is Kind.INSTANCE:
        with pytest.raises(NotFound):
            await the_instance(retriever.find, target)


async def test_an_instance(served: Served, retriever: Retriever) -> None:
    target = Target(Kind.FRAMES, STUDY, SERIES, UID, (1,))
    found = await the_instance(retriever.find, target)
    assert target_of_instance(found) == Target(Kind.INSTANCE, STUDY, SERIES, UID)
    await served.correct(Level.STUDY, STUDY, NAME, "Roe")
    assert (await the_instance(retriever.find, target)).is_corrected
    assert not (await the_instance(retriever.locate, target)).is_corrected
    await served.index.instances.delete(Scope(), [UID], "test")
    for find in (retriever.find, retriever.locate):
        with pytest.raises(NotFound):
            await the_instance(find, target)


def test_what_is_said() -> None:
    targets = (
        Target(Kind.STUDY, "1"),
        Target(Kind.SERIES, "1", "2"),
        Target(Kind.INSTANCE, "1", "2", "3"),
    )
    assert [str(not_there(each)) for each in targets] == [
        "study: '1' is not in the archive",
        "series: '2' is not in the archive, or not in that study",
        "instance: '3' is not in the archive, or not in that series and study",
    ]
