"""What is decided of instances as they come in: at once, after a crash, in an index made anew."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from pacsd.api.receiving import Coerce, NotAccepted, ReceivedInstance
from pacsd.archive.adoption import adopt
from pacsd.archive.check import Check
from pacsd.archive.corrections import CorrectionRequest
from pacsd.archive.entrances import Entrances
from pacsd.archive.entry import Entry
from pacsd.archive.mirror import Mirror
from pacsd.archive.register import RegisterInFront
from pacsd.archive.replay import replay
from pacsd.archive.restoring import RestoringRegister
from pacsd.archive.state_records import Action
from pacsd.dicom.level import Level
from pacsd.index.errors import IndexFault, IndexFaultKind
from pacsd.index.index import Index
from pacsd.index.records import Aside, AsideKind, InstanceState, NewInstance, Outcome, Verdict
from tests.archive.answers_of import answers_of
from tests.archive.small_archive import SCOPE, SmallArchive
from tests.archive.test_rebuild import rebuilt

DESCRIPTION, COMMENTS = 0x00081030, 0x00204000
HELD = Aside(AsideKind.HOLD, "orders", "not ordered")
TIDY = Entry((("tidy", Coerce({"StudyDescription": "CT HEAD", "ImageComments": "checked"})),))


@pytest.fixture
def register(archive: SmallArchive) -> RestoringRegister:
    return RestoringRegister(archive.index, archive.curation)


async def file(archive: SmallArchive, uid: str, entry: Entry = TIDY) -> NewInstance:
    return entry.entered(await archive.file(uid))


async def values(index: Index, uid: str) -> dict[int, str]:
    found = await index.instances.find(SCOPE, uid)
    assert found is not None
    overlays = await index.overlays.of_instances([found.id])
    return {tag: each.new_value for tag, each in overlays.get(found.id, {}).items()}


async def test_it_is_coerced_when_it_is_seen_first(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    [verdict] = await register.add([await file(archive, "1.1")])
    assert verdict.outcome is Outcome.STORED
    assert await values(archive.index, "1.1") == {DESCRIPTION: "CT HEAD", COMMENTS: "checked"}
    assert [(each.action, each.actor) for each in archive.records()] == [
        (Action.CORRECT, "tidy")
    ] * 2
    assert await archive.index.log_position() == 2


async def test_of_a_study_it_is_said_once(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await register.add([await file(archive, "1.1"), await file(archive, "1.2")])
    await register.add([await file(archive, "1.3")])
    said = [(each.uid, each.tag) for each in archive.records()]
    assert said == [
        ("1.1", "00081030"), ("1.1", "00204000"), ("1.2", "00204000"), ("1.3", "00204000"),
    ]  # fmt: skip
    assert (await values(archive.index, "1.3"))[DESCRIPTION] == "CT HEAD"


async def test_what_somebody_corrected_an_instance_does_not_undo(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await register.add([await file(archive, "1.1")])
    study = (await archive.instance("1.1")).study_instance_uid
    by_hand = CorrectionRequest(Level.STUDY, study, {DESCRIPTION: "CT NECK"}, "admin", "typo")
    await archive.curation.correct(SCOPE, by_hand)
    again = TIDY.entered(await archive.file("1.1"))
    await register.add([await file(archive, "1.2"), again])
    assert (await values(archive.index, "1.1"))[DESCRIPTION] == "CT NECK"
    assert (await values(archive.index, "1.2"))[DESCRIPTION] == "CT NECK"


async def test_what_is_held_is_seen_once_it_is_released(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    held = replace(await file(archive, "1.1"), aside=HELD)
    [verdict] = await register.add([held])
    assert (verdict.outcome, verdict.keeps_file) == (Outcome.WAITING, True)
    assert await archive.index.instances.find(SCOPE, "1.1") is None
    [version] = await archive.versions()
    assert version.aside == HELD
    released = await archive.curation.release(SCOPE, version.id, "admin")
    assert released is not None
    assert released.state is InstanceState.LIVE
    assert await values(archive.index, "1.1") == {DESCRIPTION: "CT HEAD", COMMENTS: "checked"}
    assert not await archive.versions()


async def test_what_is_held_does_not_come_in_by_being_sent_again(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await register.add([replace(await archive.file("1.1"), aside=HELD)])
    for again in (await archive.file("1.1"), replace(await archive.file("1.1"), aside=HELD)):
        [verdict] = await register.add([again])
        assert (verdict.outcome, verdict.keeps_file) == (Outcome.ASIDE_KNOWN, False)
    assert len(archive.records()) == 1
    [verdict] = await register.add([await archive.file("1.1", "another")])
    assert verdict.outcome is Outcome.STORED


async def test_a_deleted_instance_is_not_brought_back_to_be_set_aside(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    await archive.put("1.1")
    await archive.curation.delete(SCOPE, ["1.1"], "admin")
    [verdict] = await register.add([replace(await archive.file("1.1", restores=True), aside=HELD)])
    assert verdict.outcome is Outcome.REFUSED_DELETED


@pytest.mark.parametrize("is_released", [False, True])
async def test_an_index_made_anew_says_the_same(
    archive: SmallArchive, register: RestoringRegister, tmp_path: Path, *, is_released: bool
) -> None:
    await archive.put("1.0")
    held = replace(await file(archive, "1.2"), aside=HELD)
    await register.add([await file(archive, "1.1"), held])
    await archive.put("1.3")
    if is_released:
        [version] = await archive.versions()
        await archive.curation.release(SCOPE, version.id, "admin")
    async with rebuilt(archive.store, tmp_path / "again") as (index, _):
        assert await values(index, "1.1") == await values(archive.index, "1.1") != {}
        again, before = await answers_of(index), await answers_of(archive.index)
        assert (again.instances, again.found) == (before.instances, before.found)
        versions = [each.aside for each in await index.quarantine.page(SCOPE)]
        assert versions == [each.aside for each in await archive.versions()]
        assert versions == ([] if is_released else [HELD])
        if is_released:
            assert (await values(index, "1.2"))[COMMENTS] == "checked"


class Fails(RegisterInFront):
    async def add(self, _: Sequence[NewInstance], /) -> Sequence[Verdict]:
        raise IndexFault(IndexFaultKind.INPUT_OUTPUT, "as if the power had gone")


@pytest.mark.parametrize("is_logged", [False, True])
async def test_a_crash_does_not_show_what_is_to_be_coerced_or_held(
    archive: SmallArchive, *, is_logged: bool
) -> None:
    asked: list[str] = []

    async def decide(instance: ReceivedInstance) -> NotAccepted | Entry | None:
        asked.append(instance.sop_instance_uid)
        return TIDY if instance.sop_instance_uid == "1.1" else Entry(aside=HELD)

    group = [await file(archive, "1.1"), replace(await archive.file("1.2"), aside=HELD)]
    if is_logged:
        with pytest.raises(IndexFault):
            await RestoringRegister(Fails(archive.index), archive.curation).add(group)
    adopted = await adopt(archive.store, archive.store.name, archive.index, decide)
    assert adopted.indexed == 2
    await replay(archive.store.state_log, archive.index, Mirror(archive.store, archive.index))
    assert asked == ([] if is_logged else ["1.1", "1.2"])
    assert await values(archive.index, "1.1") == {DESCRIPTION: "CT HEAD", COMMENTS: "checked"}
    assert [each.aside for each in await archive.versions()] == [HELD]
    assert len(archive.records()) == 3


async def test_what_a_crash_left_over_undoes_no_correction(
    archive: SmallArchive, tmp_path: Path
) -> None:
    async def decide(_: ReceivedInstance) -> Entry:
        return TIDY

    await archive.put("1.1")
    study = (await archive.instance("1.1")).study_instance_uid
    by_hand = CorrectionRequest(Level.STUDY, study, {DESCRIPTION: "CT NECK"}, "admin", "typo")
    await archive.curation.correct(SCOPE, by_hand)
    await archive.file("1.2")
    await adopt(archive.store, archive.store.name, archive.index, decide)
    await archive.another_curation().catch_up()
    async with rebuilt(archive.store, tmp_path / "again") as (anew, _):
        for index in (archive.index, anew):
            assert await values(index, "1.2") == {DESCRIPTION: "CT NECK", COMMENTS: "checked"}


async def test_what_a_crash_left_over_and_is_refused_now_is_kept_unseen(
    archive: SmallArchive,
) -> None:
    async def decide(_: ReceivedInstance) -> NotAccepted:
        return NotAccepted(0xA900, "no screenshots")

    await archive.file("1.1")
    await adopt(archive.store, archive.store.name, archive.index, decide)
    [version] = await archive.versions()
    assert version.aside is not None
    assert version.aside.kind is AsideKind.QUARANTINE
    assert "no screenshots" in version.aside.reason


@pytest.mark.parametrize("is_logged", [False, True])
async def test_a_check_does_not_show_what_is_to_be_coerced_or_held(
    archive: SmallArchive, register: RestoringRegister, tmp_path: Path, *, is_logged: bool
) -> None:
    """Of files that no start found, as they lie before many others."""
    asked: list[str] = []

    async def decide(instance: ReceivedInstance) -> NotAccepted | Entry | None:
        asked.append(instance.sop_instance_uid)
        if instance.sop_instance_uid == "1.3":
            return NotAccepted(0xA900, "no screenshots")
        return TIDY if instance.sop_instance_uid == "1.1" else Entry(aside=HELD)

    group = [await file(archive, "1.1"), replace(await archive.file("1.2"), aside=HELD)]
    if is_logged:
        with pytest.raises(IndexFault):
            await RestoringRegister(Fails(archive.index), archive.curation).add(group)
    await archive.file("1.3")
    await archive.put("1.4")
    check = Check(
        archive.store,
        archive.store.name,
        archive.index,
        register,
        anyio.Lock(),
        now_us=archive.clock,
        decide=lambda: decide,
    )
    await check.run()
    assert check.progress().counts == {"indexed": 3}
    assert asked == (["1.3"] if is_logged else ["1.1", "1.2", "1.3"])
    assert await values(archive.index, "1.1") == {DESCRIPTION: "CT HEAD", COMMENTS: "checked"}
    held, refused = [each.aside for each in await archive.versions()]
    assert held == HELD
    assert refused is not None
    assert "no screenshots" in refused.reason
    assert await archive.index.log_position() == len(archive.records())
    async with rebuilt(archive.store, tmp_path / "again") as (index, _):
        assert await values(index, "1.1") == await values(archive.index, "1.1")
        assert [each.aside for each in await index.quarantine.page(SCOPE)] == [held, refused]


async def test_only_files_that_were_decided_about_have_an_entrance(
    archive: SmallArchive, register: RestoringRegister
) -> None:
    one, other = await file(archive, "1.1"), await archive.file("1.2")
    await register.add([one])
    known = await Entrances.among(archive.store.state_log, {one.copy.key, other.copy.key})
    assert known.entered(other) is None
    assert await known.enter(other) is other
    assert known.entered(await archive.file("1.1")) is None
    as_read = replace(one, coercions=())
    assert known.entered(as_read) == one
