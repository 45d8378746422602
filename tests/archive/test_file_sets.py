"""File-sets of instances: their names, and DICOMDIRs without a look at the files."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread

from pacsd.archive import file_sets
from pacsd.archive.file_sets import FileSets, laid_out
from pacsd.archive.finding import IndexUnavailable
from pacsd.archive.retrievable import Retrievable
from pacsd.archive.retrieval import Unreadable
from pacsd.dicom.errors import FileSetError
from pacsd.dicom.level import Level
from pacsd.dicom.query import Query, Values
from pacsd.dicom.tag import Tag
from pacsd.dicom.vr import VR
from pacsd.index.overlay_records import Correction
from pacsd.index.records import Scope
from tests.app.small_archive import SmallArchive, small_archive
from tests.dicom.by_pydicom import decoded, encoded
from tests.dicom.written import EXPLICIT

STUDY = "1.2.3"
SR = "1.2.840.10008.5.1.4.1.1.88.11"
PATIENT_NAME: Tag = 0x00100010
INSTANCE_COMMENTS: Tag = 0x00204000
STUDY_DESCRIPTION: Tag = 0x00081030


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as opened:
        yield opened


async def instances(archive: SmallArchive) -> list[Retrievable]:
    one = Values(0x0020000D, VR.UI, (STUDY,))
    numbers = await archive.retriever.select(Query(Level.INSTANCE, (one,)))
    pages = archive.retriever.instances(numbers)
    return [each async for page in pages for each in page]


async def directory(archive: SmallArchive) -> Any:
    """The DICOMDIR of all instances, as pydicom reads it."""
    files = laid_out(await instances(archive))
    made = await FileSets(archive.index, archive.retriever).directory(files, "2.25.9", nothing)
    return dcmread(BytesIO(made))


def nothing() -> None:
    """Nobody looks on."""


def records(ds: Any) -> list[tuple[str, str]]:
    """Type and file of each record."""
    found = []
    for each in ds.DirectoryRecordSequence:
        file_id = each.get("ReferencedFileID", "")
        found.append((each.DirectoryRecordType, "/".join(file_id)))
    return found


async def correct(archive: SmallArchive, level: Level, uid: str, tag: Tag, value: str) -> None:
    [correctable] = await archive.index.overlays.correctable(Scope(), level, uid)
    correction = Correction(level, uid, tag, value, "test", "why", 1, correctable.sha256)
    await archive.index.overlays.correct(Scope(), [correction])


async def without_files(archive: SmallArchive) -> None:
    """Whoever reads one fails, and need not: headers are kept before the next unit begins."""
    await archive.index.put_headers(())
    archive.store.objects.clear()


async def test_series_are_folders_and_files_have_numbers(archive: SmallArchive) -> None:
    for uid, series in (("1.1", "2"), ("1.2", "1"), ("1.3", "2"), ("1.4", "1")):
        await archive.add(uid, SeriesInstanceUID=f"1.2.3.{series}")
    files = laid_out(await instances(archive))
    root = "DICOM/PT000001/ST000001"
    assert [("/".join(each.file_id), each.instance.sop_instance_uid) for each in files] == [
        (f"{root}/SE000001/IM000001", "1.1"),
        (f"{root}/SE000001/IM000002", "1.3"),
        (f"{root}/SE000002/IM000001", "1.2"),
        (f"{root}/SE000002/IM000002", "1.4"),
    ]


async def test_no_file_is_read_for_a_directory(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_sets, "TOGETHER", 2)
    for number in range(1, 6):
        await archive.add(f"1.{number}", InstanceNumber=f"{number}", pixel_bytes=200_000)
    await without_files(archive)
    ds = await directory(archive)
    folder = "DICOM/PT000001/ST000001/SE000001"
    assert records(ds) == [
        *((term, "") for term in ("PATIENT", "STUDY", "SERIES")),
        *(("IMAGE", f"{folder}/IM{number:06}") for number in range(1, 6)),
    ]
    patient, study, series, image, *_ = ds.DirectoryRecordSequence
    assert ds.file_meta.MediaStorageSOPInstanceUID == "2.25.9"
    assert (patient.PatientName, patient.PatientID) == ("Test^Object", "TEST-1")
    assert (study.StudyInstanceUID, study.StudyDate) == (STUDY, "20260102")
    assert series.Modality == "CT"
    assert (image.InstanceNumber, image.ReferencedSOPInstanceUIDInFile) == (1, "1.1")
    assert image.ReferencedTransferSyntaxUIDInFile == EXPLICIT.uid


async def test_what_was_corrected_is_told_corrected(archive: SmallArchive) -> None:
    await archive.add("1.1")
    await archive.add("1.2")
    await correct(archive, Level.STUDY, STUDY, PATIENT_NAME, "Röe^Jane=山田")
    await correct(archive, Level.STUDY, STUDY, STUDY_DESCRIPTION, "Brüche")
    await correct(archive, Level.INSTANCE, "1.2", INSTANCE_COMMENTS, "seen")
    await without_files(archive)
    patient, study, *_, image = (await directory(archive)).DirectoryRecordSequence
    assert patient.PatientName == "Röe^Jane=山田"
    assert study.StudyDescription == "Brüche"
    assert image.ReferencedSOPInstanceUIDInFile == "1.2"


async def test_what_the_index_left_out_is_read_from_the_file(archive: SmallArchive) -> None:
    content = [modifier(f"{number}: {'x' * 200}") for number in range(10)]
    await add(archive, "1.1", ContentSequence=content)
    await correct(archive, Level.STUDY, STUDY, PATIENT_NAME, "Roe^Jane")
    ds = await directory(archive)
    assert ds.DirectoryRecordSequence[0].PatientName == "Roe^Jane"
    document = ds.DirectoryRecordSequence[-1]
    assert document.DirectoryRecordType == "SR DOCUMENT"
    assert [each.TextValue for each in document.ContentSequence] == [
        each.TextValue for each in content
    ]
    await without_files(archive)
    with pytest.raises(Unreadable):
        await directory(archive)


def modifier(text: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.TextValue = "HAS CONCEPT MOD", "TEXT", text
    return item


async def add(archive: SmallArchive, uid: str, **attributes: Any) -> None:
    """Have a document in the archive with sequences of items."""
    ds = decoded(b"", EXPLICIT)
    for keyword, value in {
        "SOPClassUID": SR,
        "SOPInstanceUID": uid,
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": "1.2.3.1",
        "PatientID": "TEST-1",
        **attributes,
    }.items():
        setattr(ds, keyword, value)
    await archive.add_data(encoded(ds, EXPLICIT), uid, SR)


async def test_what_the_index_lost_is_read_from_the_file(archive: SmallArchive) -> None:
    await archive.add("1.1")
    (instance,) = await instances(archive)
    files = laid_out([replace(instance, number=99)])
    sets = FileSets(archive.index, archive.retriever)
    ds = dcmread(BytesIO(await sets.directory(files, "2.25.9", nothing)))
    assert ds.DirectoryRecordSequence[0].PatientID == "TEST-1"


@pytest.mark.parametrize("header", [b"", b"x"])
async def test_a_header_that_nobody_can_read_is_read_from_the_file(
    archive: SmallArchive, header: bytes
) -> None:
    await archive.add("1.1")

    class Broken:
        async def headers(self, numbers: Sequence[int]) -> dict[int, bytes]:
            return dict.fromkeys(numbers, header)

    files = laid_out(await instances(archive))
    made = await FileSets(Broken(), archive.retriever).directory(files, "2.25.9", nothing)
    assert [term for term, _ in records(dcmread(BytesIO(made)))][-1] == "IMAGE"


async def test_what_has_no_record_is_left_out(archive: SmallArchive) -> None:
    await archive.add("1.1", SOPClassUID="1.2.3.4.5")
    await archive.add("1.2")
    folder = "DICOM/PT000001/ST000001/SE000001"
    assert records(await directory(archive))[3:] == [("IMAGE", f"{folder}/IM000001")]


async def test_it_has_a_bound(archive: SmallArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_sets, "MAX_DIRECTORY_BYTES", 500)
    await archive.add("1.1")
    with pytest.raises(FileSetError, match="more than 500 bytes"):
        await directory(archive)


async def test_who_waits_knows_that_it_grows(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_sets, "TOGETHER", 1)
    for number in range(3):
        await archive.add(f"1.{number}")
    told: list[str] = []
    files = laid_out(await instances(archive))
    sets = FileSets(archive.index, archive.retriever)
    await sets.directory(files, "2.25.9", lambda: told.append("alive"))
    assert told == ["alive"] * 3


async def test_the_index_is_gone(archive: SmallArchive) -> None:
    await archive.add("1.1")
    files = laid_out(await instances(archive))
    await archive.index._threads.close()
    with pytest.raises(IndexUnavailable):
        await FileSets(archive.index, archive.retriever).directory(files, "2.25.9", nothing)
