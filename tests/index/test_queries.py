from pacsd.dicom.level import Level
from pacsd.dicom.query import Patterns
from pacsd.dicom.vr import VR
from pacsd.index import queries
from pacsd.index.index import Index
from pacsd.index.records import Scope
from pacsd.index.searching import Search
from tests.index.made import new

STUDY = 0x0020000D


async def test_the_first_page_comes_with_the_numbers_of_all(index: Index) -> None:
    count = queries.PAGE + 5
    await index.add(
        [new(f"1.{n}", study=f"2.{n}", series=f"3.{n}", patient_id="P") for n in range(count)]
    )
    of_patient = Patterns(0x00100020, VR.LO, ("P",))
    asked = Search(Scope(), Level.STUDY, (of_patient,), 1_000, 60)
    found = await index.queries.search(asked, (STUDY,))
    assert len(found.ids) == count
    assert [each.id for each in found.page] == list(found.ids[: queries.PAGE])
    rest = found.ids[queries.PAGE :]
    entities = await index.queries.entities(Level.STUDY, rest, (STUDY,), with_first=True)
    assert [each.values[STUDY] for each in entities] == [f"2.{n}" for n in range(200, count)]
    assert all(each.first_instance for each in entities)


async def test_nothing_found(index: Index) -> None:
    found = await index.queries.search(Search(Scope(), Level.STUDY, (), 10, 60), (STUDY,))
    assert (list(found.ids), list(found.page)) == ([], [])
