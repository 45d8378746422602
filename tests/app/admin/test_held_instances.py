from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pacsd.app.admin import held_instances
from pacsd.app.admin.held_instances import held_summaries, is_held
from pacsd.app.admin.quarantine_records import HeldSummary
from pacsd.index.records import NamedPatient
from tests.archive.small_archive import SCOPE, SmallArchive, small_archive


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    """One shown, and one that names another patient for its study."""
    async with small_archive(tmp_path) as made:
        await made.put("1.1", "", {"PatientID": "P1"})
        await made.put("1.2", "", {"PatientID": "P2", "PatientName": "Roe^Jane"})
        yield made


async def summaries(archive: SmallArchive, after: int = 0, limit: int = 10) -> list[HeldSummary]:
    return await held_summaries(archive.store, archive.index, SCOPE, after, limit)


async def test_when_it_came_from_whom_and_whom_it_contradicts(archive: SmallArchive) -> None:
    [held] = await summaries(archive)
    assert held.received_at == pytest.approx(1_700_000_000, abs=1)
    assert (held.calling_ae, held.called_ae, held.peer_address) == ("CT1", "PACSD", "192.0.2.7")
    assert (held.origin, held.sop_class) == ("dimse", "CT Image Storage")
    assert held.patient == NamedPatient("P2", "", "Roe^Jane")
    assert held.study_patient == NamedPatient("P1", "", "Test^Object")
    assert (held.sop_instance_uid, held.study_instance_uid) == ("1.2", "1.2.3")


async def test_by_rising_number(archive: SmallArchive) -> None:
    await archive.put("1.3", "", {"PatientID": "P3"})
    first, second = await summaries(archive)
    assert await summaries(archive, limit=1) == [first]
    assert await summaries(archive, after=first.number) == [second]
    assert await summaries(archive, after=second.number) == []


async def test_a_file_that_does_not_say_how_it_came(archive: SmallArchive) -> None:
    [copy] = (await archive.instance("1.2")).copies
    archive.store.objects[copy.location.key] = bytes(copy.location.size_bytes)
    [held] = await summaries(archive)
    assert (held.calling_ae, held.origin) == ("", "")
    assert held.patient.patient_id == "P2"
    archive.store.objects.clear()
    assert await summaries(archive) == [held]


async def test_files_are_looked_into_up_to_a_bound(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_instances, "MAX_FILES", 1)
    await archive.put("1.3", "", {"PatientID": "P3"})
    assert [each.origin for each in await summaries(archive)] == ["dimse", ""]


async def test_who_is_held(archive: SmallArchive) -> None:
    [held] = await summaries(archive)
    assert await is_held(archive.index, SCOPE, held.number)
    assert not await is_held(archive.index, SCOPE, held.number - 1)
    assert not await is_held(archive.index, SCOPE, held.number + 1)
