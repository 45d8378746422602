from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pacsd.api.errors import StoreError, StoreFault
from pacsd.app.admin.deletion_commands import DeletionCommands
from pacsd.app.admin.deletion_records import DeletionCount, DeletionDone, DeletionSummary
from pacsd.app.admin.unix_socket import AdminError
from pacsd.archive.removal import Removal
from pacsd.index.records import InstanceState
from tests.archive.small_archive import SmallArchive, small_archive

KEEP_US = 86_400_000_000


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        for uid in ("1.1", "1.2"):
            await made.put(uid)
        await made.put("2.1", "", {"StudyInstanceUID": "2"})
        yield made


async def perform(archive: SmallArchive, command: str, **arguments: object) -> object:
    removal = Removal(archive.index, archive.curation, now_us=archive.clock)
    commands = DeletionCommands(archive.index, removal, KEEP_US).by_name()
    result = commands[f"deletion.{command}"](arguments)
    assert isinstance(result, Awaitable)
    return await result


async def listed(archive: SmallArchive, **arguments: object) -> list[DeletionSummary]:
    answer = await perform(archive, "list", **arguments)
    assert isinstance(answer, list)
    return answer


async def test_counted_deleted_listed_and_restored(archive: SmallArchive) -> None:
    study = {"level": "study", "uid": "1.2.3"}
    counted = await perform(archive, "count", **study)
    assert isinstance(counted, DeletionCount)
    assert (counted.instances, counted.series, counted.keep_days) == (2, 1, 1.0)
    with capture_logs() as captured:
        done = await perform(archive, "delete", **study, reason="Doe's", actor="some\nbody")
    assert done == DeletionDone("study", "1.2.3", "1.2.3", 2)
    assert captured == [
        {
            "event": "instances were deleted",
            "log_level": "info",
            "actor": "some\\nbody",
            "entity": "study",
            "uid": "1.2.3",
            "instances": 2,
        }
    ]
    [summary] = await listed(archive)
    assert (summary.reason, summary.actor, summary.instances) == ("Doe's", "some\\nbody", 2)
    assert (summary.restorable_until or 0) - summary.deleted_at == pytest.approx(86_400)
    with capture_logs() as captured:
        assert await perform(archive, "restore", **study) == done
    assert captured[0]["event"] == "deleted instances were restored"
    assert await listed(archive) == []


async def test_a_list_page_by_page(archive: SmallArchive) -> None:
    for uid in ("1.1", "1.2"):
        await perform(archive, "delete", level="instance", uid=uid, reason="x")
    first, second = await listed(archive)
    assert (first.uid, second.uid) == ("1.1", "1.2")
    assert await listed(archive, limit=1) == [first]
    assert await listed(archive, after=first.number) == [second]


async def test_a_series_that_is_in_several_studies(archive: SmallArchive) -> None:
    series = {"level": "series", "uid": "1.2.3.1", "reason": "x"}
    with pytest.raises(AdminError, match="is in 2 studies: name the study"):
        await perform(archive, "delete", **series)
    await perform(archive, "delete", **series, study="2")
    assert await archive.state("2.1") is InstanceState.DELETED
    assert await archive.state("1.1") is InstanceState.LIVE


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"level": "patient"}, "level must be one of study, series, instance"),
        ({"uid": "9"}, "there is no study 9"),
        ({"uid": ""}, "Study Instance UID: UID '' is not"),
        ({"uid": "*"}, r"Study Instance UID: UID '\*' is not"),
        ({"uid": 7}, "uid must be text"),
        ({"study": "1.2.3"}, "study says which study a series or an instance is of"),
        ({"reason": ""}, "a reason must be given"),
    ],
)
async def test_what_is_refused(
    archive: SmallArchive, arguments: dict[str, object], why: str
) -> None:
    asked: dict[str, object] = {"level": "study", "uid": "1.2.3", "reason": "x"}
    with pytest.raises(AdminError, match=why):
        await perform(archive, "delete", **asked | arguments)
    assert archive.records() == []


async def test_a_log_that_cannot_be_written_is_told(archive: SmallArchive) -> None:
    archive.store.errors["append"] = StoreError(StoreFault.NO_SPACE, "test")
    with pytest.raises(AdminError, match="test"):
        await perform(archive, "delete", level="study", uid="1.2.3", reason="x")
