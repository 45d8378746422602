import pytest

from pacsd.api.correction_rules import NotCorrectable
from pacsd.archive.corrections import CorrectionRequest, NothingToCorrect
from pacsd.archive.state_records import Action, StateRecord
from pacsd.dicom.level import Level
from pacsd.index.overlay_records import Correctable
from tests.archive.small_archive import SCOPE, SmallArchive

NAME, STUDY_DATE = 0x00100010, 0x00080020


def request(level: Level = Level.STUDY, uid: str = "1.2.3", reason: str = "x") -> CorrectionRequest:
    return CorrectionRequest(level, uid, {NAME: "Roe", STUDY_DATE: ""}, "admin", reason)


def test_it_keeps_the_rules_or_not() -> None:
    request().check()
    for broken in (request(Level.SERIES), request(reason="")):
        with pytest.raises(NotCorrectable):
            broken.check()


async def test_a_uid_must_mean_one_thing(archive: SmallArchive) -> None:
    await archive.put("1.1", "", {"StudyInstanceUID": "1", "SeriesInstanceUID": "5"})
    await archive.put("1.2", "", {"StudyInstanceUID": "2", "SeriesInstanceUID": "5"})
    found = await request(uid="1").find(archive.index, SCOPE)
    assert found == Correctable(b"")
    with pytest.raises(NothingToCorrect, match=r"there is no study 9\\n"):
        await request(uid="9\n").find(archive.index, SCOPE)
    with pytest.raises(NothingToCorrect, match="series 5 is in 2 studies"):
        await request(Level.SERIES, "5").find(archive.index, SCOPE)


def test_a_record_for_each_attribute() -> None:
    first = StateRecord(7, "admin", Action.CORRECT, 1, "", b"digest", seen_key="1")
    of_study = request().records(first)
    assert [(each.tag, each.value) for each in of_study] == [("00080020", ""), ("00100010", "Roe")]
    assert {(each.level, each.uid, each.sop_instance_uid, each.reason) for each in of_study} == {
        ("STUDY", "1.2.3", "", "x")
    }
    assert request(Level.INSTANCE, "1.1").records(first)[0].sop_instance_uid == "1.1"
