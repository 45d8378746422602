from pacsd.dicom.level import Level
from pacsd.dicom.query import Values
from pacsd.dicom.vr import VR
from pacsd.index.index import Index
from pacsd.index.records import Scope
from pacsd.index.searching import Search
from pacsd.index.subjects import FoundSubject
from tests.index.made import SCOPE, new

_TAGS = {Level.STUDY: 0x0020000D, Level.SERIES: 0x0020000E, Level.INSTANCE: 0x00080018}
FILE_META = 400
"""Of each file of `new`."""


async def find(index: Index, *uids: str, scope: Scope = SCOPE) -> FoundSubject | None:
    """What is found of a study, series or instance by its UIDs."""
    level = list(_TAGS)[len(uids) - 1]
    conditions = (Values(_TAGS[level], VR.UI, (uids[-1],)),)
    search = Search(scope, level, conditions, limit=1, budget_s=10.0)
    study, series, instance = (*uids, "", "")[:3]
    return await index.subjects.find(search, (_TAGS[level],), (study, series, instance))


async def put(index: Index) -> None:
    await index.add(
        [
            new("1.9", content=bytes(10)),
            new("1.2", content=bytes(20), series="1.2.3.2"),
            new("2.1", content=bytes(40), study="2", series="2.1"),
            new("1.4", content=bytes(80)),
        ]
    )
    await index.instances.delete(SCOPE, ["1.4"], "admin")


async def test_files_of_what_is_shown_are_weighed_together(index: Index) -> None:
    await put(index)
    sizes = {("1.2.3",): 2, ("1.2.3", "1.2.3.2"): 1, ("1.2.3", "1.2.3.0", "1.9"): 1}
    contents = {("1.2.3",): 30, ("1.2.3", "1.2.3.2"): 20, ("1.2.3", "1.2.3.0", "1.9"): 10}
    for uids, files in sizes.items():
        found = await find(index, *uids)
        assert found is not None
        assert found.entity.values == {_TAGS[list(Level)[len(uids)]]: uids[-1]}
        assert found.size_bytes == contents[uids] + files * FILE_META


async def test_it_came_as_its_first_instance_did_and_has_the_labels_of_its_study(
    index: Index,
) -> None:
    await put(index)
    await index.labels.set(SCOPE, "1.2.3", "urgent", "acme", 1)
    found = await find(index, "1.2.3", "1.2.3.2", "1.2")
    assert found is not None
    assert found.reception == new().reception
    assert found.labels == ("urgent",)
    other = await find(index, "2")
    assert other is not None
    assert other.labels == ()


async def test_what_is_not_shown_is_not_found(index: Index) -> None:
    await put(index)
    assert await find(index, "1.2.3", "1.2.3.0", "1.4") is None
    assert await find(index, "3") is None
    assert await find(index, "1.2.3", scope=Scope(2)) is None
