"""STOW-RS of metadata in XML and bulk data, through the real ingest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest

from pacsd.dicom.native_xml import NAMESPACE, to_native_xml
from tests.dicom.test_xml_reader import by_creator
from tests.dicom.test_xml_syntax import DOCUMENT_TYPES
from tests.net.web.serving import JPEG, RELATED, UID, Served, payload, serving
from tests.net.web.test_storing import kept, reasons, unnamed
from tests.net.web.test_storing_metadata import (
    BATCHES,
    IMAGE,
    JPEG_FRAME,
    NOT_STORED,
    OTHER_META,
    PIXELS,
    Original,
    batches,
    metadata,
    stored,
)
from tests.net.web.uploading import (
    JSON,
    RELATED_JSON,
    RELATED_XML,
    XML,
    Bulk,
    fetched,
    post,
    upload,
    upload_xml,
    uris,
    written,
)

UUID = "0d409d26-e9c1-01f1-83c7-d50952259718"
XML_PARTS = f'multipart/related; type="{XML}"'


def document(told: Mapping[str, Any]) -> bytes:
    return to_native_xml(told)


async def test_metadata_with_pixels(served: Served) -> None:
    text = {"vr": "PN", "Value": [{"Alphabetic": "Müller^Jörg"}]}
    private = {
        "00090010": {"vr": "LO", "Value": ["ACME"]},
        "00091001": {"vr": "LO", "Value": ["x"]},
    }
    told = document(metadata(T00100010=text) | private | PIXELS)
    answer = await post(served, upload_xml([told], Bulk("pixels", b"abcd")), RELATED_XML)
    assert (answer.status, kept(answer)) == (200, [UID])
    found = await stored(served)
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert found.PatientName == "Müller^Jörg"
    assert found.private_block(0x0009, "ACME")[1].value == "x"
    assert found.PixelData == b"abcd"
    assert served.spools.used_bytes == 0


async def test_each_instance_is_a_part(served: Served) -> None:
    uids = [f"1.2.3.4.{number}" for number in range(20)]
    told = [
        document(metadata(uid, T7FE00010={"vr": "OW", "BulkDataURI": f"../{uid}"})) for uid in uids
    ]
    parts = [Bulk(f"../{uid}", uid.encode().ljust(16)) for uid in reversed(uids)]
    answer = await post(served, upload_xml(told, *parts), RELATED_XML)
    assert (answer.status, kept(answer)) == (200, uids)
    for uid in uids:
        assert (await stored(served, uid)).PixelData == uid.encode().ljust(16)


async def test_bulk_data_may_be_named_by_a_uuid(served: Served) -> None:
    told = document(metadata() | PIXELS).replace(b'uri="pixels"', f'uuid="{UUID}"'.encode())
    answer = await post(served, upload_xml([told], Bulk(UUID, b"abcd")), RELATED_XML)
    assert (answer.status, kept(answer)) == (200, [UID])
    assert (await stored(served)).PixelData == b"abcd"


async def test_frames_are_parts_at_the_same_location(served: Served) -> None:
    told = document(metadata(T00280008={"vr": "IS", "Value": [2]}) | IMAGE | PIXELS)
    frame = Bulk("pixels", JPEG_FRAME, f"image/jpeg; transfer-syntax={JPEG}")
    answer = await post(served, upload_xml([told], frame, frame), RELATED_XML)
    assert (answer.status, kept(answer)) == (200, [UID])
    assert (await stored(served)).file_meta.TransferSyntaxUID == JPEG


async def test_the_metadata_may_say_the_transfer_syntax(served: Served) -> None:
    meta = (
        f'<DicomAttribute tag="00020010" vr="UI"><Value number="1">{JPEG}</Value></DicomAttribute>'
    )
    told = document(metadata() | IMAGE | PIXELS)
    told = told.replace(b"</NativeDicomModel>", meta.encode() + b"</NativeDicomModel>")
    answer = await post(
        served, upload_xml([told], Bulk("pixels", JPEG_FRAME, "image/jpeg")), RELATED_XML
    )
    assert (answer.status, kept(answer)) == (200, [UID])
    assert (await stored(served)).file_meta.TransferSyntaxUID == JPEG


async def test_another_encoding(served: Served) -> None:
    text = {"vr": "LO", "Value": ["Grüße"]}
    told = document(metadata(T00081030=text)).decode().replace("UTF-8", "ISO-8859-1")
    answer = await post(served, upload_xml([told.encode("latin-1")]), RELATED_XML)
    assert answer.status == 200
    assert (await stored(served)).StudyDescription == "Grüße"


async def test_w14_bulk_data_of_elsewhere(served: Served) -> None:
    uri = {"vr": "OW", "BulkDataURI": "http://169.254.169.254/latest/meta-data"}
    told = document(metadata(T7FE00010=uri))
    answer = await post(served, upload_xml([told], Bulk("pixels", b"abcd")), RELATED_XML)
    assert (answer.status, reasons(answer)) == (409, {UID: 0xC000})
    assert "is no part's location" in answer.headers["Warning"]


async def test_w09_metadata_without_a_name(served: Served) -> None:
    answer = await post(served, upload_xml([document({}), document(metadata())]), RELATED_XML)
    assert (answer.status, unnamed(answer), kept(answer)) == (202, [0xC000], [UID])


@pytest.mark.parametrize("data", DOCUMENT_TYPES.values(), ids=DOCUMENT_TYPES.keys())
async def test_w12_document_types(served: Served, data: bytes) -> None:
    for documents in ([data], [document(metadata()), data]):
        answer = await post(served, upload_xml(documents), RELATED_XML)
        assert (answer.status, "document type" in answer.why) == (400, True)
    assert served.store.objects == {}


async def test_w12_nothing_is_fetched(served: Served) -> None:
    asked: list[bytes] = []

    async def heard(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            asked.append(await stream.receive())

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, heard)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - no Django
        url = f"http://127.0.0.1:{port}/x"
        schema = f' xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="u {url}"'
        told = document(metadata())
        for data, status in (
            (f'<!DOCTYPE a SYSTEM "{url}"><NativeDicomModel/>'.encode(), 400),
            (f'<!DOCTYPE a [<!ENTITY b SYSTEM "{url}">]><a>&b;</a>'.encode(), 400),
            (f'<!DOCTYPE a [<!ENTITY % b SYSTEM "{url}">%b;]><a/>'.encode(), 400),
            (told.replace(b' xml:space="preserve"', schema.encode()), 200),
            (told.replace(b"?>", f'?><?xml-stylesheet href="{url}"?>'.encode(), 1), 200),
        ):
            answer = await post(served, upload_xml([data]), RELATED_XML)
            assert answer.status == status, (data[:200], answer.body)
        tasks.cancel_scope.cancel()
    assert asked == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no element found"),
        (b"{}", "not well-formed"),
        (orjson.dumps([metadata()]), "metadata XML: "),
        (b"<NativeDicomModel>", "no element found"),
        (b"<a>" * 1_000_000, "'a' does not stand in a document"),
        (b"<NativeDicomModel>" + b'<DicomAttribute tag="00081140" vr="SQ"><Item>' * 100_000,
         "deeper than 64"),
        (b'<NativeDicomModel><DicomAttribute tag="00081140" vr="SQ">' + b"<Item/>" * 1_000_000,
         "elements and items"),
        (b'<NativeDicomModel><DicomAttribute tag="00080008" vr="CS">' + b"<Value/>" * 1_000_000,
         "more than 262144 values"),
        (b"<NativeDicomModel " + b" ".join(b'a%d=""' % n for n in range(1_000_000)) + b"/>",
         "a tag or comment of more"),
        (b'<?xml version="1.0" encoding="rot13"?><NativeDicomModel/>', "encoding 'rot13'"),
        (f'<NativeDicomModel xmlns="{NAMESPACE}/2"/>'.encode(), "is of namespace"),
    ],
)  # fmt: skip
async def test_w12_metadata_that_is_none(served: Served, data: bytes, why: str) -> None:
    answer = await post(served, upload_xml([data], Bulk("pixels", b"abcd")), RELATED_XML)
    assert (answer.status, why in answer.why) == (400, True), answer.why
    assert served.store.objects == {}


async def test_w12_one_that_is_none_spoils_all(served: Served) -> None:
    answer = await post(served, upload_xml([document(metadata()), b"<a/>"]), RELATED_XML)
    assert answer.status == 400
    assert served.store.objects == {}


async def test_w15_xml_that_is_said_to_be_json(served: Served) -> None:
    told = document(metadata())
    for body, related in (
        (upload(told), RELATED_JSON),
        (upload_xml([told]), RELATED_JSON),
        (upload(orjson.dumps(metadata())), RELATED_XML),
    ):
        assert (await post(served, body, related)).status == 400
    assert served.store.objects == {}


async def test_w08_metadata_behind_bulk_data(served: Served) -> None:
    first = ({"Content-Type": XML}, document(metadata() | PIXELS))
    other = ({"Content-Type": f"{XML}; charset=utf-8"}, document(metadata("1.2.9")))
    bulk = ({"Content-Location": "pixels"}, b"abcd")
    assert kept(await post(served, written(first, other, bulk), RELATED_XML)) == [UID, "1.2.9"]
    answer = await post(served, written(first, bulk, other), RELATED_XML)
    assert (answer.status, "metadata behind bulk data" in answer.why) == (400, True)


# What is stored of objects from their metadata in XML, beside what is from JSON. How the reader
# reads those of all the others is shown beside it.


@pytest.mark.parametrize("number", range(0, BATCHES, 6))
async def test_what_leaves_in_xml_comes_back_as_in_json(tmp_path: Path, number: int) -> None:
    for at, batch in enumerate(list(batches())[number::BATCHES]):
        folders = [tmp_path / f"{at}" / name for name in ("from", "json", "xml")]
        for folder in folders:
            folder.mkdir(parents=True)
        async with (
            serving(folders[0]) as one,
            serving(folders[1]) as in_json,
            serving(folders[2]) as in_xml,
        ):
            for each in batch:
                await comes_back(one, in_json, in_xml, each)


async def comes_back(one: Served, in_json: Served, in_xml: Served, each: Original) -> None:
    answer = await post(one, payload(each.of.path.read_bytes()), RELATED)
    if answer.status != 200:
        assert OTHER_META in answer.headers["Warning"], each.of.path
        return
    (document,) = (await one.get(each.target + "/metadata", XML_PARTS)).parts
    told = await one.get(each.target + "/metadata", JSON)
    bulk = [part for uri in uris(told.json) for part in await fetched(one, uri)]
    status = 409 if each.of.path.name in NOT_STORED else 200
    answer = await post(in_json, upload(told.body, *bulk))
    assert answer.status == status, each.of.path
    answer = await post(in_xml, upload_xml([document.body], *bulk), RELATED_XML)
    assert answer.status == status, (each.of.path, answer.headers)
    if status == 200:
        assert await all_of(in_xml, each) == await all_of(in_json, each), each.of.path


async def all_of(served: Served, each: Original) -> tuple[dict[str, Any], list[bytes]]:
    """An instance as its metadata tell it, and its bulk data.

    Private elements may stand in another block, and so in another order.
    """
    (told,) = (await served.get(each.target + "/metadata", JSON)).json
    bulk = [part.body for uri in uris(told) for part in await fetched(served, uri)]
    return by_creator(without_uris(told)), sorted(bulk)


def without_uris(told: Any) -> Any:
    if isinstance(told, list):
        return [without_uris(each) for each in told]
    if not isinstance(told, dict):
        return told
    return {name: without_uris(each) for name, each in told.items() if name != "BulkDataURI"}
