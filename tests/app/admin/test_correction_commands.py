from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pacsd.api.errors import StoreError, StoreFault
from pacsd.app.admin.correction_commands import CorrectionCommands
from pacsd.app.admin.correction_records import CorrectedAttribute
from pacsd.app.admin.unix_socket import AdminError
from tests.archive.small_archive import SmallArchive, small_archive


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as made:
        await made.put("1.1")
        yield made


async def perform(
    archive: SmallArchive, command: str, **arguments: object
) -> list[CorrectedAttribute]:
    commands = CorrectionCommands(archive.index, archive.curation).by_name()
    result = commands[f"correct.{command}"](arguments)
    assert isinstance(result, Awaitable)
    answer = await result
    assert isinstance(answer, list)
    return answer


async def test_what_is_corrected_is_told_but_no_value_logged(archive: SmallArchive) -> None:
    with capture_logs() as captured:
        [corrected] = await perform(
            archive,
            "apply",
            level="study",
            uid="1.2.3",
            values={"PatientName": "Roe^Jane"},
            reason="a typing error",
            actor="some\nbody",
        )
    assert (corrected.level, corrected.keyword) == ("patient", "PatientName")
    assert (corrected.old_value, corrected.new_value) == ("Test^Object", "Roe^Jane")
    assert captured == [
        {
            "event": "attributes were corrected",
            "log_level": "info",
            "actor": "some\\nbody",
            "entity": "study",
            "uid": "1.2.3",
            "attributes": ["PatientName"],
        }
    ]


async def test_what_was_corrected_so_before_is_nothing_new(archive: SmallArchive) -> None:
    asked = {"level": "series", "uid": "1.2.3.1", "values": {"Modality": "MR"}, "reason": "x"}
    assert len(await perform(archive, "apply", **asked)) == 1
    with capture_logs() as captured:
        assert await perform(archive, "apply", **asked) == []
    assert captured == []


async def test_list(archive: SmallArchive) -> None:
    for level, uid, values in (
        ("study", "1.2.3", {"PatientName": "Roe"}),
        ("series", "1.2.3.1", {"Modality": "MR"}),
        ("instance", "1.1", {"ImageComments": "none"}),
    ):
        await perform(archive, "apply", level=level, uid=uid, values=values, reason="x")
    listed = await perform(archive, "list")
    assert [(each.level, each.uid) for each in listed] == [
        ("patient", "TEST-1"),
        ("series", "1.2.3.1"),
        ("instance", "1.1"),
    ]
    assert listed[2].old_value is None
    assert await perform(archive, "list", limit=1) == listed[:1]
    assert await perform(archive, "list", after=listed[0].number) == listed[1:]
    assert await perform(archive, "list", uid="1.2.3") == listed[:1]
    assert await perform(archive, "list", uid="1.1") == listed[2:]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"level": "frame"}, "level must be one of study, series, instance"),
        ({"uid": "9"}, "there is no study 9"),
        ({"uid": "9\n"}, r"there is no study 9\\n"),
        ({"values": {}}, "values must be values by keyword"),
        ({"values": {"PatientNam": "x"}}, "PatientNam is no keyword of PS3.6"),
        ({"values": {"PatientName": 7}}, "PatientName must be text"),
        ({"values": {"PatientID": "x"}}, "another patient"),
        (
            {"values": {"StudyDate": "2026-01-31"}},
            r"StudyDate \(0008,0020\): VR DA is written YYYYMMDD, e.g. 20260131",
        ),
        ({"values": {"StudyTime": "10:30"}}, "VR TM is written HHMMSS, e.g. 103000"),
        ({"values": {"StudyTime": "\udcff"}}, "VR TM is written HHMMSS"),
        ({"reason": ""}, "a reason must be given"),
    ],
)
async def test_what_is_refused(
    archive: SmallArchive, arguments: dict[str, object], why: str
) -> None:
    asked: dict[str, object] = {
        "level": "study",
        "uid": "1.2.3",
        "values": {"PatientName": "Roe"},
        "reason": "x",
    }
    with pytest.raises(AdminError, match=why):
        await perform(archive, "apply", **asked | arguments)
    assert archive.records() == []


async def test_a_log_that_cannot_be_written_is_told(archive: SmallArchive) -> None:
    archive.store.errors["append"] = StoreError(StoreFault.NO_SPACE, "test")
    values = {"PatientName": "Roe"}
    with pytest.raises(AdminError, match="test"):
        await perform(archive, "apply", level="study", uid="1.2.3", values=values, reason="x")
