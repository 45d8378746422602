"""Subjects made of headers are told as those of the archive are."""

from pathlib import Path

import orjson
import pytest

from pacsd.api.event_subject import EventSubject
from pacsd.api.events import ArchiveEvent, EventKind
from pacsd.archive.event_subjects import LEVELS, EventSubjects
from pacsd.archive.made_subjects import Arrival, made_subject
from tests.app.small_archive import small_archive

HEADER = {
    "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
    "0020000E": {"vr": "UI", "Value": ["1.2.3.1"]},
    "00080018": {"vr": "UI", "Value": ["1.2.3.4"]},
    "00080060": {"vr": "CS", "Value": ["CT"]},
    "00081030": {"vr": "LO", "Value": ["HEAD"]},
    "00080008": {"vr": "CS", "Value": ["ORIGINAL", "PRIMARY"]},
}


def made(kind: EventKind) -> EventSubject:
    counted = {0x00080061: "CT\\SR"}
    return made_subject(HEADER, Arrival(kind, "CT1", "PACSD", 7, 100, ("urgent",), counted))


@pytest.mark.parametrize(
    ("kind", "uids"),
    [
        (EventKind.INSTANCE_STORED, ("1.2.3", "1.2.3.1", "1.2.3.4")),
        (EventKind.SERIES_QUIET, ("1.2.3", "1.2.3.1", "")),
        (EventKind.STUDY_QUIET, ("1.2.3", "", "")),
    ],
)
def test_the_event_names_what_it_is_about(kind: EventKind, uids: tuple[str, ...]) -> None:
    subject = made(kind)
    assert subject.event == ArchiveEvent("trial", kind, 7, *uids)
    assert (subject.reception.calling_ae, subject.reception.received_at_us) == ("CT1", 7)
    assert (subject.size_bytes, subject.labels) == (100, ("urgent",))
    assert subject.header == orjson.dumps(HEADER)


@pytest.mark.parametrize("kind", LEVELS)
async def test_attributes_are_those_that_the_index_tells(tmp_path: Path, kind: EventKind) -> None:
    async with small_archive(tmp_path) as archive:
        await archive.add(
            "1.2.3.4",
            StudyInstanceUID="1.2.3",
            SeriesInstanceUID="1.2.3.1",
            Modality="CT",
            StudyDescription="HEAD",
        )
        event = made(kind).event

        async def header_of(_: str) -> bytes:
            return b"{}"

        stored = await EventSubjects(archive.index, header_of).of_event(event)
    assert stored is not None
    told = made(kind).attributes
    for keyword in ("StudyInstanceUID", "StudyDescription", "Modality", "SeriesInstanceUID"):
        assert told.get(keyword) == stored.attributes.get(keyword)
    assert told["StudyDescription"] == "HEAD"
    is_study = kind is EventKind.STUDY_QUIET
    assert told.get("ModalitiesInStudy") == ("CT\\SR" if is_study else None)
    assert ("ModalitiesInStudy" in stored.attributes) == is_study
