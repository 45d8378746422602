"""Metadata, in the DICOM JSON Model."""

from pathlib import Path

import pytest
from aiohttp import ClientPayloadError
from pydicom.dataset import Dataset
from structlog.typing import EventDict

from pacsd.archive import retrieval
from pacsd.dicom.level import Level
from pacsd.index.records import Scope
from pacsd.net.web.desk import Terms
from pacsd.testing.objects import data_set
from tests.dicom.by_pydicom import decoded
from tests.dicom.written import EXPLICIT
from tests.net.web.serving import SERIES, STUDY, UID, Served, image, path, serving

NAME = 0x00100010
COUNT = 5


def content(number: int) -> bytes:
    series = SERIES if number < 3 else "1.2.3.2"
    return data_set(
        {"SOPInstanceUID": f"1.2.3.4.{number}", "SeriesInstanceUID": series}, pixel_bytes=5_000
    )


async def fill(served: Served) -> None:
    for number in range(COUNT):
        await served.add(content(number), f"1.2.3.4.{number}")


@pytest.mark.parametrize("page", [1, 2, 200])
@pytest.mark.parametrize(
    ("target", "numbers"),
    [
        (f"/studies/{STUDY}/metadata", range(COUNT)),
        (f"/studies/{STUDY}/series/{SERIES}/metadata", range(3)),
        (f"/studies/{STUDY}/series/1.2.3.2/metadata", range(3, COUNT)),
        (path("1.2.3.4.1", below="/metadata"), range(1, 2)),
    ],
)
async def test_metadata_is_what_pydicom_reads(
    served: Served, monkeypatch: pytest.MonkeyPatch, target: str, numbers: range, page: int
) -> None:
    monkeypatch.setattr(retrieval, "PAGE", page)
    await fill(served)
    answer = await served.get(target)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/dicom+json")
    found = [Dataset.from_json(each, lambda *_: b"") for each in answer.json]
    for ds, number in zip(found, numbers, strict=True):
        expected = decoded(content(number), EXPLICIT)
        del ds.PixelData, expected.PixelData
        assert ds == expected


async def test_where_pixels_are(served: Served) -> None:
    await served.add(image())
    (found,) = (await served.get(path(below="/metadata"))).json
    uri = f"{served.root}{path(below='/bulkdata/7FE00010')}"
    assert found["7FE00010"] == {"vr": "OB", "BulkDataURI": uri}


async def test_behind_a_proxy(tmp_path: Path) -> None:
    async with serving(tmp_path, Terms(public_url="https://pacs.example/dw")) as served:
        await served.add(image())
        for target in (path(below="/metadata"), f"/studies/{STUDY}/metadata"):
            (found,) = (await served.get(target)).json
            uri = found["7FE00010"]["BulkDataURI"]
            assert uri == f"https://pacs.example/dw{path(below='/bulkdata/7FE00010')}"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/dicom+json"),
        ("application/json", "application/json"),
        ("application/dicom+json", "application/dicom+json"),
        ("application/json;q=0.5, application/dicom+json", "application/dicom+json"),
    ],
)
@pytest.mark.parametrize(
    "target", [f"/studies/{STUDY}/metadata", path(below="/metadata")], ids=["study", "instance"]
)
async def test_media_types(served: Served, target: str, accept: str, media_type: str) -> None:
    await served.add(image())
    answer = await served.get(target, accept)
    assert (answer.status, answer.headers["Content-Type"]) == (200, media_type)


@pytest.mark.parametrize("accept", ["text/html", "application/dicom+json;q=0"])
async def test_w15_what_nobody_takes(served: Served, accept: str) -> None:
    await served.add(image())
    for target in (path(below="/metadata"), f"/studies/{STUDY}/metadata"):
        assert (await served.get(target, accept)).status == 406


@pytest.mark.parametrize(
    "target",
    [
        "/studies/1.9/metadata",
        f"/studies/{STUDY}/series/1.9/metadata",
        path("1.9", below="/metadata"),
        path(series="1.9", below="/metadata"),
        path(study="1.9", below="/metadata"),
    ],
)
async def test_metadata_of_what_is_not_there(served: Served, target: str) -> None:
    await served.add(image())
    assert (await served.get(target)).status == 404


@pytest.mark.parametrize("target", [f"/studies/{STUDY}/metadata", path(below="/metadata")])
async def test_head(served: Served, target: str) -> None:
    await served.add(image())
    head = await served.ask("HEAD", target)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == "application/dicom+json"


async def test_what_is_deleted_has_none(served: Served) -> None:
    await fill(served)
    await served.index.instances.delete(Scope(), ["1.2.3.4.0"], "test")
    found = (await served.get(f"/studies/{STUDY}/metadata")).json
    assert [each["00080018"]["Value"] for each in found] == [
        [f"1.2.3.4.{number}"] for number in range(1, COUNT)
    ]
    assert (await served.get(path("1.2.3.4.0", below="/metadata"))).status == 404


async def test_what_was_corrected_is_told_corrected(served: Served) -> None:
    await fill(served)
    await served.correct(Level.STUDY, STUDY, NAME, "Röe^Jane")
    targets = (f"/studies/{STUDY}/metadata", path("1.2.3.4.0", below="/metadata"))
    for target in targets:
        for found in (await served.get(target)).json:
            assert found["00100010"]["Value"] == [{"Alphabetic": "Röe^Jane"}]
            (original,) = found["04000561"]["Value"]
            (before,) = original["04000550"]["Value"]
            assert before["00100010"]["Value"] == [{"Alphabetic": "Test^Object"}]


@pytest.mark.parametrize("is_corrected", [False, True])
async def test_what_cannot_be_read(
    served: Served, logged: list[EventDict], is_corrected: bool
) -> None:
    await served.add(image())
    if is_corrected:
        await served.correct(Level.STUDY, STUDY, NAME, "Roe")
    served.store.objects.clear()
    for target in (path(below="/metadata"), f"/studies/{STUDY}/metadata"):
        answer = await served.get(target)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert [each["event"] for each in logged] == ["an object cannot be read"] * 2


async def test_a_later_page_that_cannot_be_read(
    served: Served, monkeypatch: pytest.MonkeyPatch, logged: list[EventDict]
) -> None:
    monkeypatch.setattr("pacsd.net.web.metadata.PAGE", 2)
    await fill(served)
    del served.store.objects["00000005"]
    with pytest.raises(ClientPayloadError):
        await served.get(f"/studies/{STUDY}/metadata")
    assert [each["event"] for each in logged] == ["an answer was cut short"]


@pytest.mark.parametrize("gone", [range(2), range(1, 3), range(3, COUNT)])
async def test_what_is_gone_meanwhile_leaves_no_gap(
    served: Served, monkeypatch: pytest.MonkeyPatch, gone: range
) -> None:
    monkeypatch.setattr(retrieval, "PAGE", 1)
    await fill(served)
    uids = [f"1.2.3.4.{number}" for number in range(COUNT)]
    left = [uid for number, uid in enumerate(uids) if number not in gone]
    monkeypatch.setattr(retrieval, "may_leave", lambda each: each.sop_instance_uid in left)
    found = (await served.get(f"/studies/{STUDY}/metadata")).json
    assert [each["00080018"]["Value"][0] for each in found] == left


async def test_all_is_gone_between_looking_and_reading(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await served.add(image())
    monkeypatch.setattr(retrieval, "may_leave", lambda _instance: False)
    answer = await served.get(f"/studies/{STUDY}/metadata")
    assert answer.status == 404
    assert (await served.get(path(UID, below="/metadata"))).status == 404
