from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.api.ai import AiInput, Prefetch, PriorWish
from pacsd.api.event_subject import EventSubject
from pacsd.archive.ai_inputs import AiInputs
from pacsd.archive.finding import IndexUnavailable
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.testing.hook_records import event_subject
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.app.small_archive import SmallArchive, small_archive

OWN = "plugin:acme"
NOW = {"StudyDate": "20260102", "PatientID": "P1", "StudyInstanceUID": "1.2.3"}
SUBJECT = event_subject(NOW)


async def stored(archive: SmallArchive, uid: str, **attributes: str) -> None:
    data = data_set({"SOPInstanceUID": uid, **attributes})
    await archive.add_data(data, uid, CT_IMAGE_STORAGE)


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as opened:
        await stored(
            opened, "1.2.3.1.1", SeriesInstanceUID="1.2.3.1", **NOW, BodyPartExamined="CHEST"
        )
        yield opened


async def prior(archive: SmallArchive, study: str, date: str, **attributes: str) -> None:
    """A study of one instance."""
    named = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1", "StudyDate": date}
    await stored(archive, f"{study}.1.1", **{"PatientID": "P1", **named, **attributes})


async def series(
    archive: SmallArchive, prefetch: Prefetch, subject: EventSubject = SUBJECT
) -> list[str]:
    found = await AiInputs(archive.index).of(subject, prefetch, OWN)
    assert all(each.is_prior is (each.study_instance_uid != "1.2.3") for each in found)
    return [each.series_instance_uid for each in found]


async def test_the_study_itself_is_told_with_what_chooses_among_series(
    archive: SmallArchive,
) -> None:
    await stored(archive, "1.2.3.2.1", SeriesInstanceUID="1.2.3.2", **NOW)
    first, second = await AiInputs(archive.index).of(SUBJECT, Prefetch(), OWN)
    assert first == AiInput("1.2.3", "1.2.3.1", "CT", "CHEST", "20260102", is_prior=False)
    assert second.series_instance_uid == "1.2.3.2"


async def test_studies_may_be_named(archive: SmallArchive) -> None:
    await prior(archive, "1.5", "20200101", PatientID="P2")
    assert await series(archive, Prefetch((), ("1.5", "1.404"))) == ["1.2.3.1", "1.5.1"]


async def test_the_newest_priors_of_the_same_patient_that_fit(archive: SmallArchive) -> None:
    await prior(archive, "1.6", "20250601")
    await prior(archive, "1.5", "20251201")
    await prior(archive, "1.7", "20251202", Modality="MR")
    await prior(archive, "1.8", "20251203", PatientID="P2")
    await prior(archive, "1.9", "20260103")
    one, two = PriorWish("CT", studies=1), PriorWish("CT", studies=2)
    assert await series(archive, Prefetch((one,))) == ["1.2.3.1", "1.5.1"]
    assert await series(archive, Prefetch((one, two))) == ["1.2.3.1", "1.5.1", "1.6.1"]
    assert await series(archive, Prefetch((PriorWish("MR"),))) == ["1.2.3.1", "1.7.1"]
    assert await series(archive, Prefetch((PriorWish("CT", "HEAD"),))) == ["1.2.3.1"]


async def test_priors_have_an_age(archive: SmallArchive) -> None:
    await prior(archive, "1.5", "20251230")
    assert await series(archive, Prefetch((PriorWish(max_age_days=2),))) == ["1.2.3.1"]
    young = Prefetch((PriorWish(max_age_days=3),))
    assert await series(archive, young) == ["1.2.3.1", "1.5.1"]
    undated = event_subject({**NOW, "StudyDate": ""}, received_at_us=1_767_312_000_000_000)
    assert await series(archive, young, undated) == ["1.2.3.1", "1.5.1"]


async def test_who_has_no_id_has_no_priors(archive: SmallArchive) -> None:
    await prior(archive, "1.5", "20251230")
    nobody = event_subject({**NOW, "PatientID": ""})
    assert await series(archive, Prefetch((PriorWish(),)), nobody) == ["1.2.3.1"]


async def test_what_the_plugin_itself_added_is_left_out(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = replace(SUBJECT.reception, origin=OWN)

    async def reception(*_: object) -> object:
        return own

    monkeypatch.setattr(archive.index.instances, "reception", reception)
    assert await series(archive, Prefetch()) == []


async def test_what_is_here_is_told(archive: SmallArchive) -> None:
    assert await AiInputs(archive.index).are_here(["1.2.3.1.1", "1.404"]) == {"1.2.3.1.1"}


async def test_an_index_that_fails_is_told(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise IndexFault(IndexFaultKind.OTHER, "x")

    monkeypatch.setattr(archive.index.instances, "reception", fail)
    monkeypatch.setattr(archive.index.instances, "among", fail)
    with pytest.raises(IndexUnavailable):
        await AiInputs(archive.index).of(SUBJECT, Prefetch(), OWN)
    with pytest.raises(IndexUnavailable):
        await AiInputs(archive.index).are_here(["1.2"])
