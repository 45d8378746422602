from dataclasses import replace
from typing import Any

import pytest

from pacsd.archive.mirror import MAX_TOGETHER, Mirror, correction_of, together
from pacsd.archive.state_records import Action, StateRecord, StateRecordError
from pacsd.dicom.level import Level
from pacsd.index.overlay_records import Correction
from pacsd.index.records import InstanceState
from tests.archive.small_archive import SCOPE, SmallArchive

OTHER = b"another"


def record(action: Action, uid: str = "1.1", sha256: bytes = b"", key: str = "") -> StateRecord:
    return StateRecord(7, "admin", action, 1, uid, sha256, key)


async def digest(archive: SmallArchive, uid: str) -> bytes:
    [copy] = (await archive.instance(uid)).copies
    return copy.sha256


async def test_each_is_applied_once_however_often(archive: SmallArchive) -> None:
    await archive.put("1.1")
    deleted = record(Action.DELETE, sha256=await digest(archive, "1.1"))
    mirror = Mirror(archive.store, archive.index)
    for reached in (1, 2):
        await mirror.apply([deleted], reached)
        assert await archive.state("1.1") is InstanceState.DELETED
        assert await archive.index.log_position() == reached
    for reached in (3, 4):
        await mirror.apply([replace(deleted, action=Action.RESTORE)], reached)
        assert await archive.state("1.1") is InstanceState.LIVE


async def test_a_label_is_put_on_and_taken_off_once(archive: SmallArchive) -> None:
    await archive.put("1.1")
    mirror = Mirror(archive.store, archive.index)
    labelled = replace(record(Action.LABEL, ""), uid="1.2.3", value="urgent")
    unlabelled = replace(labelled, action=Action.UNLABEL)
    for each, labels in ((labelled, ["urgent"]), (unlabelled, [])):
        for reached in (1, 2):
            await mirror.apply([each], reached)
            assert await archive.index.labels.of(SCOPE, "1.2.3") == labels
            assert await archive.index.log_position() == reached


async def test_a_version_changes_places_once(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.put("1.1", "another")
    [version] = await archive.versions()
    copy = version.version.copy
    released = record(Action.RELEASE, sha256=copy.sha256, key=copy.key)
    mirror = Mirror(archive.store, archive.index)
    for reached in (1, 2):
        await mirror.apply([released], reached)
        assert await digest(archive, "1.1") == copy.sha256
        assert await archive.index.log_position() == reached


@pytest.mark.parametrize("action", [each for each in Action if each is not Action.CORRECT])
async def test_another_data_set_is_left_alone(archive: SmallArchive, action: Action) -> None:
    await archive.put("1.1")
    await archive.put("1.1", "another")
    [version] = await archive.versions()
    mirror = Mirror(archive.store, archive.index)
    for uid, sha256, key in (
        ("1.1", OTHER, "00000002"),
        ("1.2", version.version.copy.sha256, "00000002"),
        # The same data set that came again after it was given up: another file.
        ("1.1", version.version.copy.sha256, "00000009"),
    ):
        await mirror.apply([record(action, uid, sha256, key)], 1)
    assert await archive.versions() == [version]
    assert await archive.state("1.1") is InstanceState.LIVE
    assert len(archive.store.objects) == 2
    assert await archive.index.log_position() == 1


async def test_a_file_that_is_gone_already_is_no_matter(archive: SmallArchive) -> None:
    await archive.put("1.1")
    await archive.put("1.1", "another")
    [version] = await archive.versions()
    copy = version.version.copy
    archive.store.objects.pop(copy.key)
    discarded = record(Action.DISCARD, sha256=copy.sha256, key=copy.key)
    await Mirror(archive.store, archive.index).apply([discarded], None)
    assert await archive.versions() == []
    assert await archive.index.log_position() == 0


CORRECTION = replace(
    record(Action.CORRECT, ""), level="STUDY", uid="1.2.3", tag="00100010", value="Roe", reason="x"
)


async def test_a_correction_is_applied_once_however_often(archive: SmallArchive) -> None:
    await archive.put("1.1")
    mirror = Mirror(archive.store, archive.index)
    for reached in (1, 2):
        await mirror.apply([CORRECTION], reached)
        assert len(await archive.index.overlays.page(SCOPE)) == 1
        assert await archive.index.log_position() == reached


@pytest.mark.parametrize(
    "changed",
    [
        {"uid": "9.9"},
        {"level": "INSTANCE", "uid": "1.1", "tag": "00204000", "sha256": OTHER},
        {"partition": 2},
    ],
)
async def test_a_correction_of_something_else_corrects_nothing(
    archive: SmallArchive, changed: dict[str, Any]
) -> None:
    await archive.put("1.1")
    await Mirror(archive.store, archive.index).apply([replace(CORRECTION, **changed)], 1)
    assert await archive.index.overlays.page(SCOPE) == []
    assert await archive.index.log_position() == 1


def test_a_correction_is_read_from_its_record() -> None:
    assert correction_of(CORRECTION) == Correction(
        Level.STUDY, "1.2.3", 0x00100010, "Roe", "admin", "x", 7
    )


@pytest.mark.parametrize("changed", [{"level": "FRAME"}, {"level": "PATIENT"}, {"tag": "Name"}])
def test_a_correction_of_a_newer_pacsd_is_told_so(changed: dict[str, Any]) -> None:
    """A patient has no UID here: what is its own is corrected through a study."""
    with pytest.raises(StateRecordError, match="a newer pacsd wrote it"):
        correction_of(replace(CORRECTION, **changed))


def test_what_one_transaction_takes() -> None:
    deleted, restored = record(Action.DELETE), record(Action.RESTORE)
    by_another = replace(deleted, actor="somebody")
    released, discarded = record(Action.RELEASE), record(Action.DISCARD)
    parts = [
        [deleted] * MAX_TOGETHER,
        [deleted],
        [by_another],
        [restored, restored],
        [released],
        [released],
        [discarded],
        [CORRECTION, replace(CORRECTION, tag="00080020")],
        [replace(CORRECTION, at_us=8)],
        [deleted],
    ]
    assert [*together(each for part in parts for each in part)] == parts
    assert [*together([])] == []
