from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pacsd.api.errors import StoreError, StoreFault
from pacsd.app.admin.quarantine_commands import QuarantineCommands
from pacsd.app.admin.quarantine_records import (
    HeldSummary,
    ReleasedAnswer,
    VersionDetail,
    VersionSummary,
)
from pacsd.app.admin.unix_socket import AdminError
from pacsd.archive.difference import Comparison
from pacsd.index.records import InstanceState, NamedPatient, Scope
from tests.archive.small_archive import SmallArchive, small_archive


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        await made.put("1.1")
        await made.put("1.1", "another")
        yield made


async def perform(archive: SmallArchive, command: str, **arguments: object) -> object:
    commands = QuarantineCommands(archive.store, archive.index, archive.curation).by_name()
    result = commands[f"quarantine.{command}"](arguments)
    assert isinstance(result, Awaitable)
    return await result


async def numbers(archive: SmallArchive, **arguments: object) -> list[int]:
    answer = await perform(archive, "list", **arguments)
    assert isinstance(answer, list)
    return [each.number for each in answer if isinstance(each, VersionSummary)]


async def test_list_goes_on_behind_a_number(archive: SmallArchive) -> None:
    await archive.put("1.1", "a third one")
    first, second = await numbers(archive)
    assert await numbers(archive, limit=1) == [first]
    assert await numbers(archive, after=first) == [second]
    assert await numbers(archive, after=second) == []


async def test_held_instances(archive: SmallArchive) -> None:
    await archive.put("1.2", "", {"PatientID": "SOMEBODY-ELSE"})
    answer = await perform(archive, "held")
    assert isinstance(answer, list)
    [held] = answer
    assert isinstance(held, HeldSummary)
    assert (held.sop_instance_uid, held.study_instance_uid) == ("1.2", "1.2.3")
    assert held.patient.patient_id == "SOMEBODY-ELSE"
    assert held.study_patient is not None
    assert held.study_patient.patient_name == "Test^Object"


async def test_show_and_diff(archive: SmallArchive) -> None:
    [number] = await numbers(archive)
    detail = await perform(archive, "show", number=number)
    assert isinstance(detail, VersionDetail)
    assert detail.attributes["PatientName"] == "Test^Object"
    assert detail.stored is not None
    assert (detail.stored.key, detail.key) == ("00000001", "00000002")
    comparison = await perform(archive, "diff", number=number)
    assert isinstance(comparison, Comparison)
    [difference] = comparison.differences
    assert (difference.keyword, difference.first, difference.second) == (
        "ImageComments",
        None,
        "another",
    )


async def test_release(archive: SmallArchive) -> None:
    [number] = await numbers(archive)
    with capture_logs() as captured:
        answer = await perform(archive, "release", number=number, actor="some\nbody")
    [superseded] = await numbers(archive)
    assert answer == ReleasedAnswer("1.1", "live", superseded)
    assert captured == [
        {
            "event": "a version was released from quarantine",
            "log_level": "info",
            "actor": "some\\nbody",
            "version": number,
            "sop_instance_uid": "1.1",
            "became": "live",
            "former_is_version": superseded,
        }
    ]
    [record] = archive.records()
    assert record.actor == "some\\nbody"
    assert [copy.location.key for copy in (await archive.instance("1.1")).copies] == ["00000002"]
    assert len(await numbers(archive)) == 1


async def test_discard(archive: SmallArchive) -> None:
    [number] = await numbers(archive)
    with capture_logs() as captured:
        await perform(archive, "discard", number=number)
    assert await numbers(archive) == []
    assert await archive.state("1.1") is InstanceState.LIVE
    assert captured == [
        {
            "event": "a version was discarded from quarantine",
            "log_level": "info",
            "actor": "admin",
            "version": number,
            "sop_instance_uid": "1.1",
        }
    ]


async def test_a_version_of_another_patient_is_foreseen_to_be_held(archive: SmallArchive) -> None:
    await archive.put("1.1", "", {"PatientID": "SOMEBODY-ELSE"})
    same, other = await numbers(archive)
    detail = await perform(archive, "show", number=same)
    assert isinstance(detail, VersionDetail)
    assert not detail.would_be_held
    detail = await perform(archive, "show", number=other)
    assert isinstance(detail, VersionDetail)
    assert detail.would_be_held
    assert detail.study_patient is not None
    patient_id = detail.study_patient.patient_id
    assert detail.study_patient == NamedPatient(patient_id, "", "Test^Object")
    released = await perform(archive, "release", number=other)
    assert isinstance(released, ReleasedAnswer)
    assert released.state == "held"
    undone = await perform(archive, "release", number=released.superseded)
    assert isinstance(undone, ReleasedAnswer)
    assert undone.state == "live"


async def test_whose_its_study_is_is_looked_for_when_the_stored_one_is_of_another(
    archive: SmallArchive,
) -> None:
    await archive.put("1.9", "", {"StudyInstanceUID": "1.2.9", "PatientID": "P9"})
    await archive.put("1.1", "", {"StudyInstanceUID": "1.2.9"})
    detail = await perform(archive, "show", number=(await numbers(archive))[-1])
    assert isinstance(detail, VersionDetail)
    assert detail.would_be_held
    assert detail.study_patient == NamedPatient("P9", "", "Test^Object")


@pytest.mark.parametrize("command", ["show", "diff", "release", "discard"])
async def test_the_number_of_a_held_instance_is_told(archive: SmallArchive, command: str) -> None:
    held = (await archive.put("1.2", "", {"PatientID": "SOMEBODY-ELSE"})).instance
    told = f"instance {held} is held.*: pacsd quarantine held --after {held - 1} --limit 1"
    with pytest.raises(AdminError, match=told):
        await perform(archive, command, number=held)


@pytest.mark.parametrize("command", ["show", "diff", "release", "discard"])
async def test_a_version_that_is_not_there(archive: SmallArchive, command: str) -> None:
    with pytest.raises(AdminError, match="no version 99 is in quarantine"):
        await perform(archive, command, number=99)


async def test_what_the_store_says_is_told(archive: SmallArchive) -> None:
    [number] = await numbers(archive)
    archive.store.errors["append"] = StoreError(StoreFault.NO_SPACE, "test")
    with pytest.raises(AdminError, match="no space left: test"):
        await perform(archive, "discard", number=number)
    archive.store.objects.clear()
    with pytest.raises(AdminError, match="not found"):
        await perform(archive, "diff", number=number)


async def test_a_version_alone_has_nothing_to_be_compared_with(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_scope: Scope, _uid: str) -> None:
        return None

    monkeypatch.setattr(archive.index.instances, "find", nothing)
    [number] = await numbers(archive)
    with pytest.raises(AdminError, match=f"nothing else has the UID of version {number}"):
        await perform(archive, "diff", number=number)
    with pytest.raises(AdminError, match="was released, and is gone again"):
        await perform(archive, "release", number=number)
