from dataclasses import replace

import anyio
import pytest

from pacsd.api.correction_rules import NotCorrectable
from pacsd.api.errors import StoreError, StoreFault
from pacsd.archive.corrections import CorrectionRequest, NothingToCorrect
from pacsd.archive.curation import NoSuchVersion
from pacsd.archive.mirror import MAX_TOGETHER
from pacsd.archive.state_records import Action, StateRecord
from pacsd.dicom.level import Level
from pacsd.index.deletion_records import Cause
from pacsd.index.errors import IndexFault, IndexFaultKind, LabelRefused
from pacsd.index.records import InstanceState, Outcome, Scope
from tests.archive.small_archive import SCOPE, SmallArchive

NAME, STUDY_DATE, COMMENTS = 0x00100010, 0x00080020, 0x00204000
WHY = "a typing error"
STUDY = "1.2.3"
FULL = StoreError(StoreFault.NO_SPACE, "test")


def decided(archive: SmallArchive) -> list[Action]:
    return [record.action for record in archive.records()]


async def test_delete_and_restore(archive: SmallArchive) -> None:
    for uid in ("1.1", "1.2"):
        await archive.put(uid)
    assert await archive.curation.delete(SCOPE, ["1.1", "1.2", "9.9"], "admin") == 2
    assert await archive.state("1.1") is InstanceState.DELETED
    assert await archive.curation.delete(SCOPE, ["1.1"], "admin") == 0
    assert await archive.curation.restore(SCOPE, ["1.2", "1.1"], "admin") == 2
    assert await archive.state("1.2") is InstanceState.LIVE
    assert decided(archive) == [Action.DELETE] * 2 + [Action.RESTORE] * 2
    assert await archive.index.log_position() == 4


async def test_a_record_says_when_who_and_about_what(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.put("1.2")
    [copy] = (await archive.instance("1.1")).copies
    cause = Cause(77, WHY, Level.STUDY, "1.2.3")
    await archive.curation.delete(SCOPE, ["1.1"], "admin", cause)
    assert archive.records() == [
        StateRecord(
            77, "admin", Action.DELETE, 1, "1.1", copy.sha256, seen_key="00000002",
            level="STUDY", uid="1.2.3", reason=WHY,
        )
    ]  # fmt: skip


async def test_many_go_in_parts(archive: SmallArchive) -> None:
    uids = [f"1.{number}" for number in range(MAX_TOGETHER + 1)]
    await archive.index.add([await archive.file(uid) for uid in uids])
    assert await archive.curation.delete(SCOPE, uids, "admin") == len(uids)
    assert await archive.index.log_position() == len(uids)


async def test_who_may_not_see_an_instance_does_not_delete_it(archive: SmallArchive) -> None:
    await archive.put("1.1")
    for scope in (Scope(2), Scope(1, frozenset({"9"}))):
        assert await archive.curation.delete(scope, ["1.1"], "guest") == 0
    assert archive.records() == []


async def test_what_was_deleted_before_then_is_gone_with_its_file(archive: SmallArchive) -> None:
    for uid in ("1.1", "1.2", "1.3"):
        await archive.put(uid)
    await archive.curation.delete(SCOPE, ["1.1", "1.2"], "admin", Cause(10))
    await archive.curation.delete(SCOPE, ["1.3"], "admin", Cause(20))
    assert await archive.curation.purge(SCOPE, 10, 9, "pacsd") == 0
    assert await archive.curation.purge(SCOPE, 11, 1, "pacsd") == 1
    assert [*archive.store.objects] == ["00000002", "00000003"]
    assert await archive.index.instances.find(SCOPE, "1.1") is None
    assert await archive.curation.restore(SCOPE, ["1.1", "1.2"], "admin") == 1
    assert await archive.curation.purge(SCOPE, 21, 9, "pacsd") == 1
    assert await archive.curation.purge(SCOPE, 21, 9, "pacsd") == 0
    assert await archive.state("1.2") is InstanceState.LIVE
    purged = [each for each in archive.records() if each.action is Action.PURGE]
    assert [(each.key, bool(each.former)) for each in purged] == [
        ("00000001", True),
        ("00000003", False),
    ]


async def test_a_file_that_cannot_be_removed_stays_out_of_sight(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.curation.delete(SCOPE, ["1.1"], "admin", Cause(10))
    archive.store.errors["delete"] = StoreError(StoreFault.INPUT_OUTPUT, "test")
    assert await archive.curation.purge(SCOPE, 11, 9, "pacsd") == 1
    # It is decided: whoever decides anything later finds it gone.
    assert await archive.curation.restore(SCOPE, ["1.1"], "admin") == 0
    assert await archive.index.instances.find(SCOPE, "1.1") is None
    assert [*archive.store.objects] == ["00000001"]
    assert (await archive.put("1.1")).outcome is Outcome.STORED
    archive.store.errors.clear()
    assert await archive.curation.leftovers.retry() == 1
    assert [*archive.store.objects] == ["00000002"]


async def test_a_discarded_version_is_gone_with_its_file(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.put("1.1", "another")
    [version] = await archive.versions()
    await archive.curation.discard(SCOPE, version.id, "admin")
    assert await archive.versions() == []
    assert [*archive.store.objects] == ["00000001"]
    [record] = archive.records()
    assert (record.action, record.key) == (Action.DISCARD, "00000002")
    with pytest.raises(NoSuchVersion, match=f"no version {version.id} is in quarantine"):
        await archive.curation.discard(SCOPE, version.id, "admin")


async def test_a_released_version_is_the_instance(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.put("1.1", "another")
    [version] = await archive.versions()
    released = await archive.curation.release(SCOPE, version.id, "admin")
    assert released is not None
    assert [copy.location.key for copy in released.copies] == ["00000002"]
    [former] = await archive.versions()
    assert former.version.copy.key == "00000001"
    with pytest.raises(NoSuchVersion):
        await archive.curation.release(SCOPE, version.id, "admin")
    assert decided(archive) == [Action.RELEASE]


async def test_nothing_is_done_that_cannot_be_logged(archive: SmallArchive) -> None:
    await archive.put("1.1")
    archive.store.errors["append"] = FULL
    with pytest.raises(StoreError):
        await archive.curation.delete(SCOPE, ["1.1"], "admin")
    assert await archive.state("1.1") is InstanceState.LIVE
    archive.store.errors.clear()
    assert await archive.curation.delete(SCOPE, ["1.1"], "admin") == 1
    assert await archive.index.log_position() == 1


async def test_a_version_is_given_up_whose_file_cannot_be_removed(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.put("1.1", "another")
    [version] = await archive.versions()
    archive.store.errors["delete"] = StoreError(StoreFault.READ_ONLY, "test")
    await archive.curation.discard(SCOPE, version.id, "admin")
    with pytest.raises(NoSuchVersion):
        await archive.curation.release(SCOPE, version.id, "admin")
    assert [*archive.store.objects] == ["00000001", "00000002"]
    archive.store.errors.clear()
    assert await archive.curation.leftovers.retry() == 1
    assert [*archive.store.objects] == ["00000001"]


async def test_what_the_index_failed_to_take_is_carried_out_before_the_next(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.put("1.1")
    await archive.put("1.2")
    with monkeypatch.context() as patched:
        patched.setattr(archive.index.instances, "delete", fault)
        with pytest.raises(IndexFault):
            await archive.curation.delete(SCOPE, ["1.1"], "admin")
    assert await archive.state("1.1") is InstanceState.LIVE
    assert await archive.curation.delete(SCOPE, ["1.2"], "admin") == 1
    assert await archive.state("1.1") is InstanceState.DELETED
    assert await archive.index.log_position() == 2


async def fault(*_: object, reached: int | None) -> list[int]:
    raise IndexFault(IndexFaultKind.NO_SPACE, f"test {reached}")


async def test_one_started_again_catches_up(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.curation.delete(SCOPE, ["1.1"], "admin")
    await archive.index.note_log_position(0)
    assert await archive.another_curation().catch_up() == 1
    assert await archive.another_curation().catch_up() == 0


def request(level: Level, uid: str, values: dict[int, str], why: str = WHY) -> CorrectionRequest:
    return CorrectionRequest(level, uid, values, "admin", why)


async def test_a_correction_is_logged_and_mirrored(archive: SmallArchive) -> None:
    await archive.put("1.1")
    asked = request(Level.STUDY, "1.2.3", {NAME: "Roe^Jane", STUDY_DATE: ""})
    corrected = await archive.curation.correct(SCOPE, asked)
    assert [(each.overlay.tag, each.overlay.old_value) for each in corrected] == [
        (STUDY_DATE, "20260102"),
        (NAME, "Test^Object"),
    ]
    patients = await archive.index.instances.patients_of(SCOPE, ["1.2.3"])
    assert patients["1.2.3"].patient_name == "Roe^Jane"
    first, second = archive.records()
    assert second == StateRecord(
        first.at_us, "admin", Action.CORRECT, 1, "", b"", seen_key="00000001",
        level="STUDY", uid="1.2.3", tag="00100010", value="Roe^Jane", reason=WHY,
    )  # fmt: skip
    assert first.value == ""
    assert await archive.index.log_position() == 2
    assert await archive.curation.correct(SCOPE, asked) == []
    assert len(archive.records()) == 2


async def test_an_instance_is_corrected_by_its_data_set(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.curation.correct(SCOPE, request(Level.INSTANCE, "1.1", {COMMENTS: "none"}))
    [record] = archive.records()
    [copy] = (await archive.instance("1.1")).copies
    assert (record.sop_instance_uid, record.sha256) == ("1.1", copy.sha256)
    await archive.put("1.1", "another")
    [version] = await archive.versions()
    await archive.curation.release(SCOPE, version.id, "admin")
    number = (await archive.instance("1.1")).id
    assert await archive.index.overlays.of_instances([number]) == {}


async def test_what_breaks_a_rule_corrects_nothing(archive: SmallArchive) -> None:
    await archive.put("1.1")
    for asked, rule in (
        (request(Level.STUDY, "1.2.3", {NAME: "Roe", 0x00100020: "P2"}), "PatientID"),
        (request(Level.STUDY, "1.2.3", {NAME: "Roe"}, ""), "reason"),
    ):
        with pytest.raises(NotCorrectable, match=rule):
            await archive.curation.correct(SCOPE, asked)
    with pytest.raises(NothingToCorrect, match="there is no study 9"):
        await archive.curation.correct(SCOPE, request(Level.STUDY, "9", {NAME: "Roe"}))
    assert archive.records() == []


async def test_a_correction_that_the_index_failed_to_take_is_carried_out_later(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.put("1.1")
    with monkeypatch.context() as patched:
        patched.setattr(archive.index.overlays, "correct", fault)
        with pytest.raises(IndexFault):
            await archive.curation.correct(SCOPE, request(Level.STUDY, "1.2.3", {NAME: "Roe^Jane"}))
    assert await archive.another_curation().catch_up() == 1
    patients = await archive.index.instances.patients_of(SCOPE, ["1.2.3"])
    assert patients["1.2.3"].patient_name == "Roe^Jane"


async def test_a_label_is_logged_and_mirrored(archive: SmallArchive) -> None:
    await archive.put("1.1")
    assert await archive.curation.label(SCOPE, STUDY, "urgent", "plugin:acme")
    assert not await archive.curation.label(SCOPE, STUDY, "urgent", "plugin:other")
    assert await archive.index.labels.of(SCOPE, STUDY) == ["urgent"]
    assert await archive.curation.unlabel(SCOPE, STUDY, "urgent", "plugin:other")
    assert not await archive.curation.unlabel(SCOPE, STUDY, "urgent", "plugin:other")
    assert await archive.index.labels.of(SCOPE, STUDY) == []
    first, second = archive.records()
    assert first == StateRecord(
        first.at_us, "plugin:acme", Action.LABEL, 1, "", b"", seen_key="00000001",
        level="STUDY", uid=STUDY, value="urgent",
    )  # fmt: skip
    assert second == replace(first, at_us=second.at_us, action=Action.UNLABEL, actor="plugin:other")
    assert await archive.index.log_position() == 2


async def test_what_may_be_no_label_is_not_logged(archive: SmallArchive) -> None:
    await archive.put("1.1")
    for study, label in (("9", "urgent"), (STUDY, "line\n")):
        with pytest.raises(LabelRefused):
            await archive.curation.label(SCOPE, study, label, "plugin:acme")
    assert not await archive.curation.unlabel(SCOPE, "9", "urgent", "plugin:acme")
    assert archive.records() == []


async def test_a_label_that_the_index_failed_to_take_is_put_on_at_start(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.put("1.1")
    with monkeypatch.context() as patched:
        patched.setattr(archive.index.labels, "set", fault)
        with pytest.raises(IndexFault):
            await archive.curation.label(SCOPE, STUDY, "urgent", "plugin:acme")
    assert await archive.index.labels.of(SCOPE, STUDY) == []
    assert await archive.another_curation().catch_up() == 1
    assert await archive.index.labels.of(SCOPE, STUDY) == ["urgent"]


async def test_a_label_that_cannot_be_logged_is_not_put_on(archive: SmallArchive) -> None:
    await archive.put("1.1")
    archive.store.errors["append"] = FULL
    with pytest.raises(StoreError):
        await archive.curation.label(SCOPE, STUDY, "urgent", "plugin:acme")
    archive.store.errors.clear()
    assert await archive.index.labels.of(SCOPE, STUDY) == []
    assert await archive.curation.label(SCOPE, STUDY, "urgent", "plugin:acme")


@pytest.mark.parametrize("is_correction", [True, False])
async def test_what_is_logged_is_mirrored_although_nobody_waits_any_more(
    archive: SmallArchive, monkeypatch: pytest.MonkeyPatch, is_correction: bool
) -> None:
    await archive.put("1.1")
    append = archive.store.state_log.append

    async def appended(records: list[bytes]) -> None:
        await append(records)
        deadline.cancel()
        await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(archive.store.state_log, "append", appended)
    with anyio.CancelScope() as deadline:
        if is_correction:
            asked = request(Level.STUDY, "1.2.3", {NAME: "Roe^Jane"})
            await archive.curation.correct(SCOPE, asked)
        else:
            await archive.curation.delete(SCOPE, ["1.1"], "admin")
    assert len(archive.records()) == await archive.index.log_position() == 1
