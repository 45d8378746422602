from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from pydantic import TypeAdapter

from pacsd.app.admin.quarantine_records import (
    HeldSummary,
    StoredDetail,
    VersionDetail,
    VersionSummary,
)
from pacsd.index.records import NamedPatient
from tests.archive.small_archive import SCOPE, SmallArchive, small_archive


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        await made.put("1.1")
        yield made


async def summary(archive: SmallArchive) -> VersionSummary:
    version = (await archive.versions())[-1]
    stored = await archive.index.instances.find(SCOPE, version.version.sop_instance_uid)
    return VersionSummary.of(version, stored)


async def test_a_summary_names_no_patient(archive: SmallArchive) -> None:
    await archive.put("1.1", "another", {"PatientID": "SECRET-ID", "PatientName": "Secret^Name"})
    found = await summary(archive)
    assert b"ecret" not in orjson.dumps(found).lower()
    assert found.sop_class == "CT Image Storage"
    assert found.transfer_syntax == "Explicit VR Little Endian"
    assert (found.calling_ae, found.peer_address) == ("CT1", "192.0.2.7")
    assert found.origin == "dimse"
    assert found.received_at == pytest.approx(1_700_000_000, abs=1)


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({}, "another data set has its UID"),
        ({"PatientID": "P2"}, "another data set has its UID, of another patient"),
        ({"StudyInstanceUID": "1.9"}, "another data set has its UID, of another study"),
    ],
)
async def test_why_it_is_there(archive: SmallArchive, attributes: dict[str, str], why: str) -> None:
    await archive.put("1.1", "another", attributes)
    assert (await summary(archive)).why == why


async def test_why_it_is_there_when_the_other_one_is_not(archive: SmallArchive) -> None:
    await archive.put("1.1", "another")
    await archive.curation.delete(SCOPE, ["1.1"], "admin")
    assert (await summary(archive)).why == "another data set has its UID, which is deleted"
    [version] = await archive.versions()
    assert VersionSummary.of(version, None).why == "nothing else has its UID"


async def test_details_come_back_from_json(archive: SmallArchive) -> None:
    await archive.put("1.1", "another")
    [version] = await archive.versions()
    detail = VersionDetail.of(version, await archive.instance("1.1"))
    found = orjson.loads(orjson.dumps(detail))
    assert TypeAdapter(VersionDetail).validate_python(found) == detail
    assert detail.attributes["Modality"] == "CT"
    assert isinstance(detail.stored, StoredDetail)
    assert detail.stored.state == "live"
    assert VersionDetail.of(version, None).stored is None


async def test_a_held_instance(archive: SmallArchive) -> None:
    await archive.put("1.2", "", {"PatientID": "P2"})
    [held] = await archive.index.instances.held(SCOPE)
    summary = HeldSummary.of(held, await archive.instance("1.2"), None, None)
    assert (summary.number, summary.sop_instance_uid) == (held.id, "1.2")
    assert (summary.study_instance_uid, summary.series_instance_uid) == ("1.2.3", "1.2.3.1")
    assert summary.patient == NamedPatient("P2", "", "Test^Object")
    assert (summary.calling_ae, summary.origin) == ("", "")
    found = orjson.loads(orjson.dumps(summary))
    assert TypeAdapter(HeldSummary).validate_python(found) == summary


@pytest.mark.parametrize(
    ("patient", "would_be_held"),
    [
        (None, False),
        (NamedPatient("P1", "", "Another^Name"), False),
        (NamedPatient("P1", "HOSPITAL", ""), True),
        (NamedPatient("", "", ""), True),
    ],
)
async def test_what_its_study_has_decides_whether_it_would_be_held(
    archive: SmallArchive, patient: NamedPatient | None, *, would_be_held: bool
) -> None:
    await archive.put("1.1", "another", {"PatientID": "P1"})
    [version] = await archive.versions()
    detail = VersionDetail.of(version, None, patient)
    assert (detail.would_be_held, detail.study_patient) == (would_be_held, patient)
