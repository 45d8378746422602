"""What an export takes, found in the real index."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pacsd.app.admin.unix_socket import AdminError
from pacsd.app.export_selection import ChosenStudy, request_of
from pacsd.archive.finding import FindError, QueryLimits
from pacsd.dicom.query import Between, Values
from pacsd.dicom.vr import VR
from pacsd.index.records import Scope
from tests.app.small_archive import SmallArchive, small_archive


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[SmallArchive]:
    async with small_archive(tmp_path) as opened:
        for study, patient, date in (
            ("1.1", "A", "20250101"),
            ("1.2", "A", "20250201"),
            ("1.3", "B", "20250301"),
        ):
            for number in range(2):
                await opened.add(
                    f"{study}.{number}.1",
                    SeriesInstanceUID=f"{study}.{number}",
                    StudyInstanceUID=study,
                    PatientID=patient,
                    StudyDate=date,
                )
        yield opened


async def chosen(archive: SmallArchive, **arguments: object) -> list[str]:
    request = request_of({"folder": "/out", **arguments})
    return [each.study_instance_uid for each in await archive.selection.studies(request)]


@pytest.mark.parametrize(
    ("arguments", "studies"),
    [
        ({"all": True}, ["1.1", "1.2", "1.3"]),
        ({"studies": ["1.3", "1.1", "1.9"]}, ["1.1", "1.3"]),
        ({"patients": ["A"]}, ["1.1", "1.2"]),
        ({"patients": ["A", "B"], "date": "20250201"}, ["1.2"]),
        ({"patients": ["A", "B"], "date": "20250201-"}, ["1.2", "1.3"]),
        ({"date": "20250101-20250228"}, ["1.1", "1.2"]),
        ({"date": "2025-02-01"}, ["1.2"]),
        ({"date": "2025-02-01-2025-03-01"}, ["1.2", "1.3"]),
        ({"studies": ["1.3"], "patients": ["A"]}, []),
    ],
)
async def test_of_one_kind_any_of_several_kinds_all(
    archive: SmallArchive, arguments: dict[str, Any], studies: list[str]
) -> None:
    assert await chosen(archive, **arguments) == studies


async def test_instances_come_with_where_they_hang(archive: SmallArchive) -> None:
    found = [each async for each in archive.selection.instances(ChosenStudy("1.2", 2))]
    assert [each.stored.series_instance_uid for each in found] == ["1.2.0", "1.2.1"]
    assert {each.stored.patient_id for each in found} == {"A"}
    assert [each.retrievable.sop_instance_uid for each in found] == ["1.2.0.1", "1.2.1.1"]


async def test_what_is_deleted_is_not_chosen(archive: SmallArchive) -> None:
    await archive.index.instances.delete(Scope(), ["1.2.0.1", "1.3.0.1", "1.3.1.1"], "test")
    request = request_of({"folder": "/out", "all": True})
    studies = await archive.selection.studies(request)
    assert studies == [ChosenStudy("1.1", 2), ChosenStudy("1.2", 1)]


async def test_what_is_named_and_not_there_is_told(archive: SmallArchive) -> None:
    request = request_of(
        {"folder": "/out", "studies": ["1.1", "1.9"], "patients": ["C"], "date": "1999-"}
        | {"date": "19990101"}
    )
    assert await archive.selection.not_found(request) == [
        "Study Instance UID 1.9",
        "Patient ID C",
    ]


async def test_an_index_that_cannot_say(archive: SmallArchive) -> None:
    archive.limits = QueryLimits(max_results=2)
    with pytest.raises(FindError):
        await chosen(archive, all=True)


async def test_an_index_that_is_closed(tmp_path: Path) -> None:
    async with small_archive(tmp_path) as archive:
        selection = archive.selection
    with pytest.raises(FindError):
        _ = [each async for each in selection._page([1])]


def test_conditions_are_of_the_study() -> None:
    request = request_of({"folder": "/a", "studies": ["1.2", "1.2"], "date": "20250101"})
    assert (request.folder, request.actor) == (Path("/a"), "admin")
    assert request.conditions == (
        Values(0x0020000D, VR.UI, ("1.2",)),
        Between(0x00080020, VR.DA, "20250101", "20250101"),
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"folder": "a", "all": True}, "a is no absolute path"),
        ({"all": True}, "is no absolute path"),
        ({"folder": "/a"}, "studies, patients or dates, or else of all"),
        ({"folder": "/a", "all": True, "studies": ["1.2"]}, "or else of all"),
        ({"folder": "/a", "studies": ["x"]}, "'x' is no Study Instance UID"),
        ({"folder": "/a", "studies": "1.2"}, "studies must be a list of texts"),
        ({"folder": "/a", "patients": [" "]}, "a Patient ID must not be empty"),
        (
            {"folder": "/a", "date": "2025"},
            "date: '2025' is no date.*; write YYYYMMDD, e.g. 20260131",
        ),
        ({"folder": "/a", "date": 2025}, "date must be a text"),
        ({"folder": "/a", "all": True, "actor": 7}, "actor must be a text"),
    ],
)
def test_what_a_command_may_not_say(arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(AdminError, match=why):
        request_of(arguments)
