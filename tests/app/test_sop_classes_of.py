import pytest

from pacsd.app import sop_classes_of as module
from pacsd.app.retrieving import Call, find_classes
from pacsd.app.sop_classes_of import SOPClasses
from pacsd.app.wanted import read_wanted
from pacsd.net.endpoint import Endpoint
from pacsd.net.scu import Destination, Timeouts
from tests.app.archive_peer import CT, MR, Archive, instance, serving

OBJECTS = [
    instance(1),
    instance(2, sop_class_uid=MR),
    instance(3, study="1.2.2", sop_class_uid=MR),
]


async def classes(archive: Archive, *texts: str) -> SOPClasses:
    with serving(archive):
        destination = Destination(Endpoint("127.0.0.1", archive.port), "ARCHIVE", "PACSD")
        return await find_classes(Call(destination, Timeouts()), read_wanted(texts))


@pytest.mark.parametrize("tells_classes", [True, False])
@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["StudyInstanceUID=1.2.1"], {CT, MR}),
        (["StudyInstanceUID=1.2.1\\1.2.2"], {CT, MR}),
        (["StudyInstanceUID=1.2.2"], {MR}),
        (["PatientID=P1"], {CT, MR}),
        (["StudyInstanceUID=1.2.2", "SeriesInstanceUID=1.2.2.1"], {MR}),
        (
            ["StudyInstanceUID=1.2.1", "SeriesInstanceUID=1.2.1.1", "SOPInstanceUID=1.2.1.1.1"],
            {CT},
        ),
    ],
)
async def test_what_a_peer_has(texts: list[str], expected: set[str], tells_classes: bool) -> None:
    found = await classes(Archive(OBJECTS, tells_classes=tells_classes), *texts)
    assert set(found.uids) == expected
    assert found.is_complete


async def test_a_peer_that_has_nothing_of_it() -> None:
    found = await classes(Archive(OBJECTS), "StudyInstanceUID=9.9")
    assert found == SOPClasses({}, is_complete=False)


async def test_a_peer_that_refuses_is_not_believed_to_have_told_all() -> None:
    found = await classes(Archive(OBJECTS, status=0xA700), "StudyInstanceUID=1.2.2")
    assert found == SOPClasses({MR: None}, is_complete=False)


async def test_not_everything_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SEARCHES", 1)
    series = "SeriesInstanceUID=1.2.1.1\\1.2.2.1"
    found = await classes(Archive(OBJECTS), "StudyInstanceUID=1.2.1", series)
    assert not found.is_complete
    assert set(found.uids) == {CT, MR}
