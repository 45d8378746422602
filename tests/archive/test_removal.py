import pytest

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.removal import RemovalRequest
from pacsd.api.vote import Deny
from pacsd.archive import removal as module
from pacsd.archive.removal import (
    NoSuchEntity,
    NotRemovable,
    NotUnique,
    Removal,
    RemovalDenied,
    unique_keys,
)
from pacsd.archive.state_records import Action
from pacsd.dicom.level import Level
from pacsd.index.deletion_records import UniqueKeys
from pacsd.index.records import InstanceState, Scope
from tests.archive.small_archive import SCOPE, SmallArchive

STUDY, SERIES = "1.2.3", "1.2.3.1"
WHY = "a mistake"


@pytest.fixture
async def removal(archive: SmallArchive) -> Removal:
    for uid in ("1.1", "1.2"):
        await archive.put(uid)
    await archive.put("1.3", "", {"SeriesInstanceUID": "1.2.3.9"})
    await archive.put("2.1", "", {"StudyInstanceUID": "2", "SeriesInstanceUID": "1.2.3.9"})
    return Removal(archive.index, archive.curation, now_us=archive.clock)


async def live(archive: SmallArchive) -> list[str]:
    page = await archive.index.instances.page(SCOPE)
    return [each.sop_instance_uid for each in page if each.state is InstanceState.LIVE]


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        (UniqueKeys(STUDY), ["2.1"]),
        (UniqueKeys(STUDY, SERIES), ["1.3", "2.1"]),
        (UniqueKeys(STUDY, SERIES, "1.2"), ["1.1", "1.3", "2.1"]),
    ],
)
async def test_deleted_and_restored(
    archive: SmallArchive, removal: Removal, keys: UniqueKeys, left: list[str]
) -> None:
    count = await removal.delete(SCOPE, keys, WHY, "admin")
    assert count == 4 - len(left)
    assert await live(archive) == left
    assert len(archive.store.objects) == 4
    [listed] = await archive.index.deletions.page(SCOPE)
    assert (listed.actor, listed.instances) == ("admin", count)
    assert (listed.cause.reason, listed.cause.level, listed.cause.uid) == (
        WHY, keys.level, keys.uid,
    )  # fmt: skip
    assert {(each.reason, each.uid) for each in archive.records()} == {(WHY, keys.uid)}
    with pytest.raises(NoSuchEntity, match="is deleted already"):
        await removal.delete(SCOPE, keys, WHY, "admin")
    assert await removal.restore(SCOPE, keys, "admin") == count
    assert len(await live(archive)) == 4
    with pytest.raises(NoSuchEntity, match="is not deleted"):
        await removal.restore(SCOPE, keys, "admin")


async def test_it_is_told_to_those_who_ask_later(archive: SmallArchive, removal: Removal) -> None:
    before = (await archive.index.changes.page(SCOPE)).changes[-1].number
    await removal.delete(SCOPE, UniqueKeys(STUDY), WHY, "admin")
    changes = (await archive.index.changes.page(SCOPE, before)).changes
    assert [each.kind.name for each in changes] == ["DELETED"] * 3


async def test_one_decision_however_many_parts(
    archive: SmallArchive, removal: Removal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_HAND", 2)
    assert await removal.delete(SCOPE, UniqueKeys(STUDY), WHY, "admin") == 3
    assert len({each.at_us for each in archive.records()}) == 1
    assert len(await archive.index.deletions.page(SCOPE)) == 1


async def test_what_arrives_meanwhile_stays(
    archive: SmallArchive, removal: Removal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_HAND", 1)
    delete = archive.curation.delete

    async def slowly(*arguments: object) -> int:
        await archive.put(f"1.{len(archive.store.objects) + 10}")
        return await delete(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(archive.curation, "delete", slowly)
    assert await removal.delete(SCOPE, UniqueKeys(STUDY), WHY, "admin") == 3
    assert await live(archive) == ["2.1", "1.14", "1.15", "1.16"]


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        (UniqueKeys(""), "Study Instance UID"),
        (UniqueKeys("", SERIES, "1.1"), "Study Instance UID"),
        (UniqueKeys("*"), "Study Instance UID"),
        (UniqueKeys("1.2.?"), "Study Instance UID"),
        (UniqueKeys("1.2.3\\2"), "Study Instance UID"),
        (UniqueKeys(STUDY, "*"), "Series Instance UID"),
        (UniqueKeys(STUDY, SERIES, "1.*"), "SOP Instance UID"),
    ],
)
async def test_nothing_is_deleted_by_what_is_no_uid(
    archive: SmallArchive, removal: Removal, keys: UniqueKeys, field: str
) -> None:
    with pytest.raises(NotRemovable, match=f"{field}: UID .* is not"):
        await removal.delete(SCOPE, keys, WHY, "admin")
    with pytest.raises(NotRemovable, match=field):
        await removal.restore(SCOPE, keys, "admin")
    assert archive.records() == []


@pytest.mark.parametrize("reason", ["", " ", "two\nlines", "x" * 10_000])
async def test_nothing_is_deleted_without_a_reason(
    archive: SmallArchive, removal: Removal, reason: str
) -> None:
    with pytest.raises(NotRemovable, match="a reason must be given"):
        await removal.delete(SCOPE, UniqueKeys(STUDY), reason, "admin")
    assert archive.records() == []


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        (UniqueKeys("9"), "study 9"),
        (UniqueKeys("2", SERIES), f"series {SERIES}"),
        (UniqueKeys("2", "1.2.3.9", "1.3"), "instance 1.3"),
    ],
)
async def test_what_is_not_there(removal: Removal, keys: UniqueKeys, what: str) -> None:
    with pytest.raises(NoSuchEntity, match=f"there is no {what}"):
        await removal.delete(SCOPE, keys, WHY, "admin")


async def test_who_may_not_see_it_deletes_nothing(archive: SmallArchive, removal: Removal) -> None:
    for scope in (Scope(2), Scope(1, frozenset({"2"}))):
        with pytest.raises(NoSuchEntity, match="there is no study"):
            await removal.delete(scope, UniqueKeys(STUDY), WHY, "guest")
    assert archive.records() == []


async def test_the_keys_of_a_uid_alone(removal: Removal) -> None:
    assert await removal.keys_of(SCOPE, Level.STUDY, STUDY) == UniqueKeys(STUDY)
    assert await removal.keys_of(SCOPE, Level.SERIES, SERIES) == UniqueKeys(STUDY, SERIES)
    assert await removal.keys_of(SCOPE, Level.INSTANCE, "2.1") == unique_keys(
        Level.INSTANCE, "2", "2.1"
    )
    with pytest.raises(NotUnique, match=r"series 1\.2\.3\.9 is in 2 studies"):
        await removal.keys_of(SCOPE, Level.SERIES, "1.2.3.9")
    with pytest.raises(NoSuchEntity, match=r"there is no instance 9"):
        await removal.keys_of(SCOPE, Level.INSTANCE, "9")
    with pytest.raises(NotRemovable, match="SOP Instance UID"):
        await removal.keys_of(SCOPE, Level.INSTANCE, "*")


async def test_a_held_instance_goes_by_its_own_uid_only(
    archive: SmallArchive, removal: Removal
) -> None:
    await archive.put("1.9", "", {"PatientID": "ANOTHER"})
    await removal.delete(SCOPE, UniqueKeys(STUDY), WHY, "admin")
    assert await archive.state("1.9") is InstanceState.HELD
    keys = await removal.keys_of(SCOPE, Level.INSTANCE, "1.9")
    assert await removal.delete(SCOPE, keys, WHY, "admin") == 1
    assert await removal.restore(SCOPE, keys, "admin") == 1
    assert await archive.state("1.9") is InstanceState.HELD


async def test_what_failed_half_way_can_be_gone_on_with(
    archive: SmallArchive, removal: Removal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_HAND", 1)
    delete, full = archive.curation.delete, StoreError(StoreFault.NO_SPACE, "test")

    async def once(*arguments: object) -> int:
        archive.store.errors.pop("append", None)
        count = await delete(*arguments)  # type: ignore[arg-type]
        archive.store.errors["append"] = full
        monkeypatch.setattr(archive.curation, "delete", delete)
        return count

    monkeypatch.setattr(archive.curation, "delete", once)
    with pytest.raises(StoreError):
        await removal.delete(SCOPE, UniqueKeys(STUDY), WHY, "admin")
    archive.store.errors.clear()
    assert await live(archive) == ["1.2", "1.3", "2.1"]
    assert await removal.delete(SCOPE, UniqueKeys(STUDY), WHY, "admin") == 2
    assert [each.action for each in archive.records()] == [Action.DELETE] * 3


class Keeper:
    """Objects to what it was told to."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.asked: list[RemovalRequest] = []

    async def ask(self, request: RemovalRequest) -> Deny | None:
        self.asked.append(request)
        return Deny(self.reason) if self.reason else None


@pytest.mark.usefixtures("removal")
async def test_who_objects_is_heard(archive: SmallArchive) -> None:
    keeper = Keeper("legal hold\n" + "x" * 1_000)
    asking = Removal(archive.index, archive.curation, now_us=archive.clock, ask=lambda: keeper.ask)
    with pytest.raises(
        RemovalDenied, match=r"^series 1\.2\.3\.1 is not deleted: legal hold"
    ) as told:
        await asking.delete(SCOPE, UniqueKeys(STUDY, SERIES), WHY, "admin")
    assert len(str(told.value)) < 350
    assert "\n" not in str(told.value)
    assert keeper.asked == [RemovalRequest(STUDY, SERIES, "", "admin", WHY)]
    assert len(await live(archive)) == 4
    assert not archive.records()
    keeper.reason = ""
    assert await asking.delete(SCOPE, UniqueKeys(STUDY, SERIES), WHY, "admin") == 2


async def test_what_is_not_there_is_not_asked_about(archive: SmallArchive) -> None:
    keeper = Keeper("never")
    asking = Removal(archive.index, archive.curation, now_us=archive.clock, ask=lambda: keeper.ask)
    with pytest.raises(NoSuchEntity):
        await asking.delete(SCOPE, UniqueKeys("9.9"), WHY, "admin")
    assert keeper.asked == []
