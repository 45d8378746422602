from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.archive.event_subjects import LEVELS, EventSubjects, uid_conditions
from pacsd.archive.finding import IndexUnavailable
from pacsd.dicom.query import Values
from pacsd.dicom.vr import VR
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import Scope
from tests.app.small_archive import SmallArchive, small_archive
from tests.archive.test_stored_file import REQUEST

STUDY, SERIES = "1.2.3", "1.2.3.1"


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as opened:
        yield opened


def event(kind: EventKind, *uids: str) -> ArchiveEvent:
    study, series, instance = (*uids, "", "", "")[:3]
    return ArchiveEvent("e-1", kind, 5, study, series, instance)


async def header_of(uid: str) -> bytes:
    return f"header of {uid}".encode()


async def subject(archive: SmallArchive, about: ArchiveEvent) -> EventSubject:
    found = await EventSubjects(archive.index, header_of).of_event(about)
    assert found is not None
    assert found.event == about
    return found


async def test_of_an_instance_the_index_knows_how_it_came_and_what_it_is(
    archive: SmallArchive,
) -> None:
    await archive.add("1.2.3.4", Modality="CT", StudyDescription="HEAD", PatientID="P7")
    found = await subject(archive, event(EventKind.INSTANCE_STORED, STUDY, SERIES, "1.2.3.4"))
    assert found.reception == REQUEST.reception
    wanted = {"Modality": "CT", "StudyDescription": "HEAD", "PatientID": "P7"}
    assert wanted.items() <= found.attributes.items()
    assert found.attributes["SOPClassUID"] == "1.2.840.10008.5.1.4.1.1.2"
    assert "" not in found.attributes.values()
    assert "NumberOfStudyRelatedInstances" not in found.attributes


async def test_of_quiet_series_and_studies_instances_are_counted(archive: SmallArchive) -> None:
    await archive.add("1.2.3.4", Modality="CT")
    await archive.add("1.2.3.5", Modality="SR", SeriesInstanceUID="1.2.3.2")
    series = await subject(archive, event(EventKind.SERIES_QUIET, STUDY, SERIES))
    assert series.attributes["NumberOfSeriesRelatedInstances"] == "1"
    assert series.attributes["Modality"] == "CT"
    study = await subject(archive, event(EventKind.STUDY_QUIET, STUDY))
    assert study.attributes["ModalitiesInStudy"] == r"CT\SR"
    assert study.attributes["NumberOfStudyRelatedInstances"] == "2"
    assert "Modality" not in study.attributes


async def test_sizes_and_labels_are_told(archive: SmallArchive) -> None:
    await archive.add("1.2.3.4")
    await archive.add("1.2.3.5", SeriesInstanceUID="1.2.3.2")
    await archive.index.labels.set(Scope(), STUDY, "urgent", "acme", 1)
    study = await subject(archive, event(EventKind.STUDY_QUIET, STUDY))
    series = await subject(archive, event(EventKind.SERIES_QUIET, STUDY, SERIES))
    one = await subject(archive, event(EventKind.INSTANCE_STORED, STUDY, SERIES, "1.2.3.4"))
    found = await archive.index.instances.among(Scope(), ["1.2.3.4", "1.2.3.5"])
    sizes = [each.copies[0].location.size_bytes for each in found]
    assert one.size_bytes == series.size_bytes > 0
    assert study.size_bytes == sum(sizes)
    assert {study.labels, series.labels, one.labels} == {("urgent",)}


async def test_the_header_is_that_of_the_instance_or_of_one_of_them(archive: SmallArchive) -> None:
    await archive.add("1.2.3.4")
    await archive.add("1.2.3.5", SeriesInstanceUID="1.2.3.2")
    subjects = EventSubjects(archive.index, header_of)
    for about, uid in (
        (event(EventKind.INSTANCE_STORED, STUDY, "1.2.3.2", "1.2.3.5"), "1.2.3.5"),
        (event(EventKind.SERIES_QUIET, STUDY, "1.2.3.2"), "1.2.3.5"),
        (event(EventKind.STUDY_QUIET, STUDY), "1.2.3.4"),
    ):
        found = await subjects.with_header(await subject(archive, about))
        assert found is not None
        assert found.header == f"header of {uid}".encode()
    gone = replace(await subject(archive, about), event=event(EventKind.STUDY_QUIET, "1.9"))
    assert await subjects.with_header(gone) is None


async def test_what_is_gone_is_no_subject(archive: SmallArchive) -> None:
    subjects = EventSubjects(archive.index, header_of)
    assert await subjects.of_event(event(EventKind.STUDY_QUIET, "1.9")) is None


@pytest.mark.parametrize("kind", [each for each in EventKind if each not in LEVELS])
async def test_other_events_are_nothing_to_be_routed(
    archive: SmallArchive, kind: EventKind
) -> None:
    await archive.add("1.2.3.4")
    assert await EventSubjects(archive.index, header_of).of_event(event(kind, STUDY)) is None


async def test_an_index_that_fails_is_told(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise IndexFault(IndexFaultKind.OTHER, "x")

    await archive.add("1.2.3.4")
    monkeypatch.setattr(archive.index.subjects, "find", fail)
    with pytest.raises(IndexUnavailable):
        await EventSubjects(archive.index, header_of).of_event(event(EventKind.STUDY_QUIET, STUDY))


def test_conditions_are_only_for_what_is_named() -> None:
    assert uid_conditions("1.2", instance="1.4") == (
        Values(0x0020000D, VR.UI, ("1.2",)),
        Values(0x00080018, VR.UI, ("1.4",)),
    )
