from collections.abc import Sequence

import anyio
import anyio.lowlevel
import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.reception import Reception
from pacsd.archive.ingest import Ingest, IngestOutcome, InstanceRequest
from pacsd.archive.instance import SenderPolicy
from pacsd.archive.restoring import RestoringRegister
from pacsd.archive.state_records import Action
from pacsd.dicom.status import Status
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.records import (
    CopyCheck,
    CopyState,
    InstanceState,
    NewInstance,
    Outcome,
    Verdict,
)
from pacsd.testing.memory_register import MemoryRegister
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.archive.small_archive import EXPLICIT, SCOPE, SmallArchive


@pytest.fixture
def register(archive: SmallArchive) -> RestoringRegister:
    return RestoringRegister(archive.index, archive.curation)


async def deleted(archive: SmallArchive, uid: str) -> None:
    await archive.put(uid)
    await archive.curation.delete(SCOPE, [uid], "admin")


async def test_what_comes_again_is_logged_and_restored(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await deleted(archive, "1.1")
    group = [await archive.file(uid, restores=True) for uid in ("1.1", "1.2", "1.1")]
    verdicts = await register.add(group)
    assert [each.outcome for each in verdicts] == [
        Outcome.RESTORED,
        Outcome.STORED,
        Outcome.DUPLICATE,
    ]
    _, record = archive.records()
    assert (record.action, record.actor, record.sop_instance_uid) == (
        Action.RESTORE,
        "CT1",
        "1.1",
    )
    assert await archive.index.log_position() == 2


async def test_whoever_may_not_restore_is_refused(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await deleted(archive, "1.1")
    group = [await archive.file("1.1"), await archive.file("1.2", restores=True)]
    outcomes = [each.outcome for each in await register.add(group)]
    assert outcomes == [Outcome.REFUSED_DELETED, Outcome.STORED]
    assert len(archive.records()) == 1


async def test_another_version_restores_nothing(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await deleted(archive, "1.1")
    [verdict] = await register.add([await archive.file("1.1", "another", restores=True)])
    assert verdict.outcome is Outcome.REFUSED_DELETED
    assert await archive.state("1.1") is InstanceState.DELETED
    assert len(archive.records()) == 1


async def test_another_version_beside_one_that_restores_is_a_conflict(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await deleted(archive, "1.1")
    another = await archive.file("1.1", "another", restores=True)
    verdicts = await register.add([another, await archive.file("1.1", restores=True)])
    assert [each.outcome for each in verdicts] == [Outcome.CONFLICT, Outcome.RESTORED]
    assert await archive.state("1.1") is InstanceState.LIVE


async def test_what_cannot_be_logged_is_not_restored(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await deleted(archive, "1.1")
    archive.store.errors["append"] = StoreError(StoreFault.NO_SPACE, "test")
    with pytest.raises(StoreError):
        await register.add([await archive.file("1.1", restores=True)])
    assert await archive.state("1.1") is InstanceState.DELETED


class Failing(MemoryRegister):
    async def add(self, group: Sequence[NewInstance], /) -> Sequence[Verdict]:
        raise IndexFault(IndexFaultKind.NO_SPACE, f"{len(group)}")


async def test_what_was_logged_is_carried_out_in_the_end(archive: SmallArchive) -> None:
    await deleted(archive, "1.1")
    register = RestoringRegister(Failing(), archive.curation)
    with pytest.raises(IndexFault):
        await register.add([await archive.file("1.1", restores=True)])
    assert await archive.curation.restore(SCOPE, ["1.1"], "admin") == 0
    assert await archive.state("1.1") is InstanceState.LIVE


async def test_one_who_decides_meanwhile_waits(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await deleted(archive, "1.1")
    again = await archive.file("1.1", restores=True)

    async def delete() -> None:
        await archive.curation.delete(SCOPE, ["1.1"], "admin")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(delete, name="delete")
        await register.add([again])
    actions = [record.action for record in archive.records()]
    is_deleted = await archive.state("1.1") is InstanceState.DELETED
    assert is_deleted == (actions[-1] is Action.DELETE)


async def test_a_version_is_withdrawn_as_ever(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await archive.put("1.1")
    verdict = await archive.put("1.1", "another")
    assert verdict.quarantined is not None
    assert verdict.existing is not None
    await register.withdraw(1, verdict.quarantined, verdict.existing)
    assert await archive.versions() == []
    assert archive.records() == []


async def sent(archive: SmallArchive, register: RestoringRegister) -> IngestOutcome:
    """What a sender that may restore is told, once everything behind the answer is done."""
    ingest = Ingest(archive.store, register, now_us=archive.clock)
    reception = Reception(1, "CT1", "PACSD", "192.0.2.7", archive.clock(), "dimse")
    policy = SenderPolicy(restores_deleted=True)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ingest.run)
        while ingest.admits() is not None:
            await anyio.lowlevel.checkpoint()
        intake = ingest.begin(InstanceRequest(CT_IMAGE_STORAGE, "1.1", EXPLICIT, reception, policy))
        intake.write(data_set({"SOPInstanceUID": "1.1"}))
        outcome = await intake.finish()
        tasks.cancel_scope.cancel()
    return outcome


async def test_a_sender_is_told_of_success_only_if_it_was_logged(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await deleted(archive, "1.1")
    archive.store.errors["append"] = StoreError(StoreFault.NO_SPACE, "test")
    for _ in range(2):
        assert (await sent(archive, register)).status == Status.OUT_OF_RESOURCES
    assert [*archive.store.objects] == ["00000001"]
    archive.store.errors.clear()
    outcome = await sent(archive, register)
    assert (outcome.status, outcome.became) == (Status.SUCCESS, Outcome.RESTORED)
    assert [record.action for record in archive.records()] == [Action.DELETE, Action.RESTORE]


async def test_a_repair_that_cannot_be_logged_is_told_and_fails_nobody(
    archive: SmallArchive,
) -> None:
    await archive.put("1.1")
    copy = (await archive.instance("1.1")).copies[0]
    await archive.index.copies.mark(
        SCOPE, [CopyCheck(copy.instance, copy.location, CopyState.MISSING, 1)]
    )
    told: list[Exception] = []
    register = RestoringRegister(archive.index, archive.curation, told.append)
    error = archive.store.errors["append"] = StoreError(StoreFault.NO_SPACE, "test")
    [verdict] = await register.add([await archive.file("1.1")])
    assert verdict.outcome is Outcome.REPAIRED
    assert told == [error]
    assert archive.records() == []
