"""STOW-RS of metadata and bulk data, through the real ingest; by hand, as no library sends it."""

import errno
import os
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import orjson
import pydicom
import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.multival import MultiValue

from pacsd.api.errors import StoreError, StoreFault
from pacsd.net.web import storing, storing_metadata
from pacsd.testing.objects import CT_IMAGE_STORAGE
from tests.dicom.corpus import CorpusObject, objects
from tests.net.web.serving import (
    JPEG,
    MAX_INSTANCE_BYTES,
    RELATED,
    SERIES,
    STUDY,
    UID,
    Served,
    part10,
    path,
    payload,
    serving,
)
from tests.net.web.test_storing import FULL, kept, reasons, unnamed
from tests.net.web.uploading import JSON, RELATED_JSON, Bulk, fetched, post, upload, uris, written

WHOLE = "application/dicom; transfer-syntax=*"
PIXELS = {"7FE00010": {"vr": "OW", "BulkDataURI": "pixels"}}
JPEG_FRAME = b"\xff\xd8 a frame \xff\xd9"
IMAGE = {
    "00280002": {"vr": "US", "Value": [1]},
    "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
    "00280010": {"vr": "US", "Value": [2]},
    "00280011": {"vr": "US", "Value": [2]},
    "00280100": {"vr": "US", "Value": [8]},
}


def metadata(uid: str = UID, **other: Any) -> dict[str, Any]:
    """Of an instance; other attributes by their tags behind a T."""
    named = {
        "00080016": CT_IMAGE_STORAGE, "00080018": uid, "0020000D": STUDY, "0020000E": SERIES,
    }  # fmt: skip
    made: dict[str, Any] = {
        tag: {"vr": "UI", "Value": [value]} for tag, value in named.items() if value
    }
    made["00100020"] = {"vr": "LO", "Value": ["1"]}
    return made | {name[1:]: value for name, value in other.items()}


async def stored(served: Served, uid: str = UID) -> Dataset:
    """As pydicom reads what was stored."""
    answer = await served.get(path(uid), WHOLE)
    assert answer.status == 200, answer.body
    return pydicom.dcmread(BytesIO(answer.body))


async def test_metadata_with_pixels(served: Served) -> None:
    text = {"vr": "PN", "Value": [{"Alphabetic": "Müller^Jörg"}]}
    body = upload([metadata(T00100010=text) | PIXELS], Bulk("pixels", b"abcd"))
    answer = await post(served, body)
    assert (answer.status, kept(answer)) == (200, [UID])
    found = await stored(served)
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert found.file_meta.MediaStorageSOPInstanceUID == UID
    assert found.PatientName == "Müller^Jörg"
    assert found.PixelData == b"abcd"
    assert served.spools.used_bytes == 0
    assert served.store.staged == set()


async def test_metadata_alone(served: Served) -> None:
    answer = await post(served, upload([metadata(), metadata("1.2.3.5")]))
    assert (answer.status, kept(answer)) == (200, [UID, "1.2.3.5"])
    assert (await stored(served, "1.2.3.5")).PatientID == "1"


async def test_the_answer_is_in_the_order_of_the_metadata(served: Served) -> None:
    uids = [f"1.2.3.4.{number}" for number in range(40)]
    made = [
        metadata(uid, T7FE00010={"vr": "OW"} | ({"BulkDataURI": f"../{uid}"} if odd % 2 else {}))
        for odd, uid in enumerate(uids)
    ]
    parts = [Bulk(f"../{uid}", uid.encode().ljust(16)) for uid in reversed(uids)]
    answer = await post(served, upload(made, *parts))
    assert (answer.status, kept(answer)) == (200, uids)
    for odd, uid in enumerate(uids):
        found = await stored(served, uid)
        assert found.PixelData == (uid.encode().ljust(16) if odd % 2 else None)
    assert served.spools.used_bytes == 0


async def test_bulk_data_that_several_refer_to(served: Served) -> None:
    palette = {"vr": "OW", "BulkDataURI": "palette"}
    made = [
        metadata(uid, T00281201=palette, T00281202=palette) | PIXELS for uid in ("1.2.6", "1.2.7")
    ]
    answer = await post(served, upload(made, Bulk("pixels", b"pixels"), Bulk("palette", b"abcd")))
    assert kept(answer) == ["1.2.6", "1.2.7"]
    for uid in ("1.2.6", "1.2.7"):
        found = await stored(served, uid)
        assert (found[0x00281201].value, found[0x00281202].value) == (b"abcd", b"abcd")
        assert found.PixelData == b"pixels"


async def test_frames_are_parts_at_the_same_location(served: Served) -> None:
    made = metadata(T00280008={"vr": "IS", "Value": [2]}) | IMAGE | PIXELS
    frames = [
        Bulk("pixels", JPEG_FRAME[:-2] + number + JPEG_FRAME[-2:],
             f"image/jpeg; transfer-syntax={JPEG}")
        for number in (b"one", b"two2")
    ]  # fmt: skip
    answer = await post(served, upload([made], *frames))
    assert (answer.status, kept(answer)) == (200, [UID])
    found = await stored(served)
    assert found.file_meta.TransferSyntaxUID == JPEG
    assert found["PixelData"].VR == "OB"
    read = list(generate_frames(found.PixelData, number_of_frames=2))
    assert [each.rstrip(b"\0") for each in read] == [each.body for each in frames]


@pytest.mark.parametrize("tag", ["00020010", "00083002"])
async def test_the_metadata_may_say_the_transfer_syntax(served: Served, tag: str) -> None:
    made = metadata() | IMAGE | PIXELS | {tag: {"vr": "UI", "Value": [JPEG]}}
    answer = await post(served, upload([made], Bulk("pixels", JPEG_FRAME, "image/jpeg")))
    assert (answer.status, kept(answer)) == (200, [UID])
    assert (await stored(served)).file_meta.TransferSyntaxUID == JPEG


@pytest.mark.parametrize(
    ("made", "bulk", "reason"),
    [
        (IMAGE, [Bulk("pixels", JPEG_FRAME, "image/jpeg")], 0xC122),
        (IMAGE, [Bulk("pixels", b"x", "image/png")], 0xC122),
        (IMAGE, [Bulk("pixels", b"BM", f"image/jpeg; transfer-syntax={JPEG}")], 0xC000),
        ({}, [Bulk("pixels", JPEG_FRAME, f"image/jpeg; transfer-syntax={JPEG}")], 0xC000),
        (IMAGE, [Bulk("pixels", JPEG_FRAME, f"image/jpeg; transfer-syntax={JPEG}")] * 2, 0xC000),
        (IMAGE, [Bulk("pixels", b"abc")], 0xC000),
        (IMAGE, [Bulk("pixels", b"ab"), Bulk("pixels", b"ab")], 0xC000),
        (IMAGE, [], 0xC000),
    ],
)
async def test_w15_pixels_that_nobody_can_tell(
    served: Served, made: dict[str, Any], bulk: list[Bulk], reason: int
) -> None:
    answer = await post(served, upload([metadata() | made | PIXELS, metadata("1.2.9")], *bulk))
    assert (answer.status, reasons(answer), kept(answer)) == (202, {UID: reason}, ["1.2.9"])
    assert len(served.store.objects) == 1
    assert served.spools.used_bytes == 0


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "gopher://localhost:70/1",
        "http://localhost/dicomweb/studies/1.2.3",
        "//localhost/",
        "../../../etc/passwd",
        "Pixels",
        "pixels ",
    ],
)
async def test_w14_bulk_data_of_elsewhere(served: Served, uri: str) -> None:
    made = metadata(T7FE00010={"vr": "OW", "BulkDataURI": uri})
    answer = await post(served, upload([made], Bulk("pixels", b"abcd")))
    assert (answer.status, reasons(answer)) == (409, {UID: 0xC000})
    assert f"BulkDataURI '{uri}': is no part's location" in answer.headers["Warning"]
    assert served.store.objects == {}


async def test_w14_a_uri_is_never_followed(served: Served) -> None:
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
        uri = f"http://127.0.0.1:{port}/pixels"
        made = metadata(T7FE00010={"vr": "OW", "BulkDataURI": uri})
        alone = await post(served, upload([made]))
        assert (alone.status, reasons(alone)) == (409, {UID: 0xC000})
        # As the name of a part it is as good as any other.
        answer = await post(served, upload([made], Bulk(uri, b"abcd")))
        assert (answer.status, kept(answer)) == (200, [UID])
        tasks.cancel_scope.cancel()
    assert asked == []


async def test_w10_metadata_of_another_study(served: Served) -> None:
    other = metadata("1.2.3.5", T0020000D={"vr": "UI", "Value": ["1.9"]})
    answer = await post(served, upload([metadata(), other]), target=f"/studies/{STUDY}")
    assert (answer.status, kept(answer)) == (202, [UID])
    assert reasons(answer) == {"1.2.3.5": 0xA900}


async def test_w11_other_content_under_a_known_uid(served: Served) -> None:
    body = upload([metadata() | PIXELS], Bulk("pixels", b"abcd"))
    for _ in range(2):
        assert (await post(served, body)).status == 200
    other = await post(served, upload([metadata() | PIXELS], Bulk("pixels", b"efgh")))
    assert (other.status, reasons(other)) == (409, {UID: 0xC010})


@pytest.mark.parametrize("missing", ["00080016", "00080018"])
async def test_w09_metadata_without_a_name(served: Served, missing: str) -> None:
    made = {tag: value for tag, value in metadata().items() if tag != missing}
    answer = await post(served, upload([made | PIXELS], Bulk("pixels", b"abcd")))
    assert (answer.status, unnamed(answer)) == (409, [0xC000])
    assert served.store.objects == {}


@pytest.mark.parametrize("missing", ["0020000D", "0020000E"])
async def test_w09_metadata_that_nobody_can_place(served: Served, missing: str) -> None:
    made = {tag: value for tag, value in metadata().items() if tag != missing}
    answer = await post(served, upload([made]))
    assert (answer.status, reasons(answer)) == (409, {UID: 0xC000})


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"\xef\xbb\xbf[]",
        b'{"00081140":{"vr":"SQ","Value":[' * 100_000,
        b"[" * 1_000_000,
        b"[" + b"{}," * 300_000 + b"{}]",
        b'[{"00280010": {"vr": "US", "Value": [NaN]}}]',
        b'[{"00180088": {"vr": "DS", "Value": [1e400]}}]',
        b'[{"00081030": {"vr": "LO", "Value": ["\\ud800"]}}]',
        b'[{"00081030": {"vr": "LO"}, "00081030": {"vr": "LO"}}]',
        b'[{"PatientName": {"vr": "PN"}}]',
        b'[{"7FE00010": {"vr": "OW", "BulkDataURI": 7}}]',
        b'[{"00080060": {"vr": "CS", "BulkDataURI": "pixels"}}]',
    ],
)
async def test_w13_metadata_that_is_none(served: Served, text: bytes) -> None:
    answer = await post(served, upload(text, Bulk("pixels", b"abcd")))
    assert answer.status == 400
    assert answer.why
    assert served.store.objects == {}


async def test_w13_metadata_without_measure(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing_metadata, "MAX_METADATA_BYTES", 10_000)
    answer = await post(served, upload(b" " * 10_001))
    assert (answer.status, answer.why) == (413, "metadata has more than 10000 bytes")


async def test_w13_more_items_than_are_looked_at(served: Served) -> None:
    """Items and what ends them: fewer than the JSON may have, more than are looked at."""
    items = metadata(T00081140={"vr": "SQ", "Value": [{}] * 33_000})
    answer = await post(served, upload([items]))
    assert answer.status == 400
    assert "more items and elements" in answer.why


LOCATED = {"Content-Location": "pixels"}
FIRST = ({"Content-Type": JSON}, orjson.dumps([metadata() | PIXELS]))


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([(LOCATED, b"abcd"), FIRST], "JSON"),
        ([({"Content-Type": "text/plain"} | LOCATED, b"abcd"), FIRST], "comes first"),
        ([FIRST, ({"Content-Type": "application/octet-stream"}, b"abcd")], "no Content-Location"),
        ([FIRST, FIRST], "more than one part"),
        ([FIRST, (LOCATED, b"abcd"), FIRST], "metadata behind bulk data"),
        ([FIRST, ({"Content-Type": "nothing"} | LOCATED, b"abcd")], "is no media type"),
        (
            [FIRST, (LOCATED, b"ab"), ({"Content-Location": "other"}, b""), (LOCATED, b"cd")],
            "of a part before others already",
        ),
    ],
)
async def test_w08_parts_that_make_no_payload(
    served: Served, parts: Sequence[tuple[dict[str, str], bytes]], why: str
) -> None:
    answer = await post(served, written(*parts))
    assert answer.status == 400
    assert why in answer.why
    assert served.spools.used_bytes == 0


async def test_parts_may_say_little(served: Served) -> None:
    answer = await post(served, written(({}, FIRST[1]), (LOCATED, b"abcd")))
    assert (answer.status, kept(answer)) == (200, [UID])


async def test_what_nobody_refers_to_is_passed_over(served: Served) -> None:
    other = [Bulk(f"other/{number}", b"x" * 100_000) for number in range(3)]
    body = upload([metadata() | PIXELS], *other, Bulk("pixels", b"abcd"), other[0])
    assert kept(await post(served, body)) == [UID]


async def test_w08_what_is_whole_stays_when_a_payload_breaks_off(served: Served) -> None:
    made = [metadata("1.2.3.5"), metadata() | PIXELS]
    body = upload(made, Bulk("pixels", b"abcd" * 1000))
    answer = await post(served, body[:-2000])
    assert answer.status == 400
    assert len(served.store.objects) == 1
    assert served.spools.used_bytes == 0
    assert served.ingest.health().open_objects == 0


@pytest.mark.parametrize("sizes", [(MAX_INSTANCE_BYTES + 2,), (MAX_INSTANCE_BYTES // 2,) * 2])
async def test_an_instance_has_a_bound(served: Served, sizes: tuple[int, ...]) -> None:
    references = {
        f"0009100{number}": {"vr": "OB", "BulkDataURI": f"{number}"} for number in range(len(sizes))
    }
    parts = [Bulk(f"{number}", bytes(size)) for number, size in enumerate(sizes)]
    body = upload([metadata() | references], *parts)
    answer = await post(served, body)
    assert answer.status == 413
    assert "max_instance_bytes" in answer.why
    assert served.spools.used_bytes == 0
    assert served.store.objects == {}


async def test_what_waits_has_a_bound(served: Served) -> None:
    served.spools.max_bytes = 1000
    waits = {"00091001": {"vr": "OB", "BulkDataURI": "last"}}
    parts = [Bulk("pixels", bytes(600)), Bulk("last", bytes(600))]
    answer = await post(served, upload([metadata() | PIXELS | waits], *parts))
    assert (answer.status, "max_spool_bytes" in answer.why) == (413, True)
    # One after the other there is room for both.
    made = [metadata() | PIXELS, metadata("1.2.3.5") | waits]
    answer = await post(served, upload(made, *parts))
    assert kept(answer) == [UID, "1.2.3.5"]
    served.spools.used_bytes = 900
    answer = await post(served, upload(made, *parts))
    assert (answer.status, "wait already" in answer.why) == (503, True)
    assert served.spools.used_bytes == 900


async def test_what_is_stored_again_and_again_has_a_bound(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bulk data that is sent once may be referred to by any number of elements."""
    monkeypatch.setattr(storing_metadata, "MAX_REPEATED_BYTES", 2_000)
    uids = [f"1.2.3.{number}" for number in range(5, 9)]
    pixels = Bulk("pixels", bytes(1_000))
    answer = await post(served, upload([metadata(uid) | PIXELS for uid in uids[:3]], pixels))
    assert (answer.status, kept(answer)) == (200, uids[:3])
    answer = await post(served, upload([metadata(uid) | PIXELS for uid in uids], pixels))
    assert answer.status == 413
    assert answer.why == ("bulk data of more than 2000 bytes is referred to again and again")
    within = {f"0009100{number}": {"vr": "OB", "BulkDataURI": "pixels"} for number in range(4)}
    answer = await post(served, upload([metadata("1.2.3.9") | within], pixels))
    assert answer.status == 413
    # Elements that use it first are not counted, however many these are.
    others = [Bulk(f"{number}", bytes(1_000)) for number in range(4)]
    own = {f"0009100{each.location}": {"vr": "OB", "BulkDataURI": each.location} for each in others}
    answer = await post(served, upload([metadata("1.2.3.9") | own], *others))
    assert kept(answer) == ["1.2.3.9"]
    # What was whole before the bound was met is stored, and nothing by halves.
    found = (await served.get("/instances")).json
    assert sorted(each["00080018"]["Value"][0] for each in found) == [*uids[:3], "1.2.3.9"]
    assert served.store.staged == set()
    assert served.spools.used_bytes == 0
    assert served.ingest.health().open_objects == 0


SPOOLED = upload([metadata() | PIXELS], Bulk("pixels", bytes(3 * 1024 * 1024)))


async def all_was_given_back(served: Served) -> None:
    """Nothing is left of a payload that had no room; with some it is stored."""
    assert served.spools.used_bytes == 0
    assert served.store.objects == {}
    assert served.store.staged == set()
    assert served.ingest.health().open_objects == 0


async def test_w25_no_room_where_bulk_data_waits(served: Served) -> None:
    served.spools.min_free_bytes = 2**60
    answer = await post(served, SPOOLED)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert "the disk of data_dir is nearly full (store.min_free_bytes)" in answer.why
    await all_was_given_back(served)
    served.spools.min_free_bytes = 0
    assert kept(await post(served, SPOOLED)) == [UID]


@pytest.mark.parametrize("written_before", [0, 1])
async def test_w25_a_disk_that_is_full_where_bulk_data_waits(
    served: Served, monkeypatch: pytest.MonkeyPatch, written_before: int
) -> None:
    write, writes = os.pwrite, 0

    def pwrite(descriptor: int, data: memoryview, offset: int) -> int:
        nonlocal writes
        writes += 1
        if writes > written_before:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data, offset)

    with monkeypatch.context() as patched:
        patched.setattr("pacsd.app.spool.os.pwrite", pwrite)
        answer = await post(served, SPOOLED)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert answer.why == "bulk data that has to wait: No space left on device"
    assert writes == written_before + 1
    await all_was_given_back(served)
    assert kept(await post(served, SPOOLED)) == [UID]


async def test_payloads_of_metadata_have_a_bound(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "METADATA_AT_ONCE", 0)
    answer = await post(served, upload([metadata()]))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    files = await post(served, payload(part10(b"")), "multipart/related; boundary=between-parts")
    assert files.status == 409


@pytest.mark.parametrize("operation", ["stage", "write", "commit"])
async def test_w25_a_store_that_fails(served: Served, operation: str) -> None:
    body = upload([metadata() | PIXELS], Bulk("pixels", bytes(400_000)))
    served.store.errors[operation] = StoreError(StoreFault.NO_SPACE, "told to fail")
    answer = await post(served, body)
    assert (answer.status, reasons(answer)) == (503, {UID: 0xA700})
    served.store.errors.clear()
    assert (await post(served, body)).status == 200


async def test_w25_a_store_that_takes_nothing_any_more(served: Served) -> None:
    async def body() -> AsyncIterator[bytes]:
        whole = upload([metadata("1.2.3.5"), metadata() | PIXELS], Bulk("pixels", bytes(100)))
        yield whole[:-100]
        while not served.store.objects:
            await anyio.lowlevel.checkpoint()
        served.store.current_status = FULL
        while served.ingest.admits() is None:
            await served.ingest._shelves.refresh()
        yield whole[-100:]

    headers = {"Content-Type": RELATED_JSON}
    answer = await served.ask("POST", "/studies", headers=headers, data=body())
    assert (answer.status, "the disk is full" in answer.why) == (503, True)
    assert served.spools.used_bytes == 0


async def test_large_bulk_data_passes_through_a_file(served: Served) -> None:
    pixels = bytes(range(256)) * 80_000
    body = upload([metadata() | PIXELS], Bulk("pixels", pixels))
    answer = await post(served, body)
    assert kept(answer) == [UID]
    assert (await stored(served)).PixelData == pixels


LATIN_1 = {"vr": "LT", "BulkDataURI": "text"}


@pytest.mark.parametrize(("text", "status"), [("é".encode(), 200), (b"\xe9", 409)])
async def test_text_is_unicode(served: Served, text: bytes, status: int) -> None:
    answer = await post(served, upload([metadata(T00104000=LATIN_1)], Bulk("text", text)))
    assert answer.status == status


# What is stored from metadata and bulk data of every object there is, beside the object itself.

NOT_FETCHED = {"MR_truncated.dcm": "it is cut short within its pixels, so that none can be had"}
NOT_STORED = {
    "JPEG2000Lossless.dcm": "the same: it begins with the box of a JP2 file",
    "GDCMJ2K_TextGBR.dcm": "its fragment is a JP2 file, not a code stream (PS3.5 section A.4.4)",
}
OTHER_META = "SOPInstanceUID is not the one announced"
"""Said of files whose File Meta Information is that of another one: they are not stored at all."""
BATCHES, BATCH = 24, 5
BIG_ENDIAN = "1.2.840.10008.1.2.2"
CHARACTER_SET, TRAILING_PADDING, PIXEL_DATA = 0x00080005, 0xFFFCFFFC, 0x7FE00010
_LEFT_OUT = {CHARACTER_SET, TRAILING_PADDING}
"""It is Unicode afterwards; pydicom reads the other from a buffer alone."""


@dataclass(frozen=True)
class Original:
    """An object with a place in a study."""

    of: CorpusObject
    read: Dataset
    target: str
    uid: str


@cache
def originals() -> tuple[Original, ...]:
    found = []
    for each in objects():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = pydicom.dcmread(each.path)
            uids = [read.get(f"{of}InstanceUID") for of in ("Study", "Series", "SOP")]
        if all(uids) and read.get("SOPClassUID") and each.path.name not in NOT_FETCHED:
            study, series, uid = (str(each).strip() for each in uids)
            found.append(Original(each, read, path(uid, study=study, series=series), uid))
    return tuple(found)


def batches() -> Iterator[Sequence[Original]]:
    """The objects, so that of each SOP Instance UID there is one in a batch."""
    left = list(originals())
    while left:
        here: dict[str, Original] = {}
        for each in left:
            here.setdefault(each.uid, each)
        alone = list(here.values())
        yield from (alone[at : at + BATCH] for at in range(0, len(alone), BATCH))
        left = [each for each in left if here[each.uid] is not each]


@pytest.mark.parametrize("number", range(BATCHES))
async def test_what_leaves_as_metadata_and_bulk_data_comes_back(
    tmp_path: Path, number: int
) -> None:
    for at, batch in enumerate(list(batches())[number::BATCHES]):
        folders = [tmp_path / f"{at}" / name for name in ("from", "to")]
        for folder in folders:
            folder.mkdir(parents=True)
        async with serving(folders[0]) as one, serving(folders[1]) as other:
            for each in batch:
                await comes_back(one, other, each)


async def comes_back(one: Served, other: Served, each: Original) -> None:
    answer = await post(one, payload(each.of.path.read_bytes()), RELATED)
    if answer.status != 200:
        assert OTHER_META in answer.headers["Warning"], each.of.path
        return
    told = await one.get(each.target + "/metadata", JSON)
    bulk = [part for uri in uris(told.json) for part in await fetched(one, uri)]
    answer = await post(other, upload(told.body, *bulk))
    is_stored = each.of.path.name not in NOT_STORED
    assert answer.status == (200 if is_stored else 409), (each.of.path, answer.headers)
    if is_stored:
        file = (await other.get(each.target, WHOLE)).body
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = pydicom.dcmread(BytesIO(file))
            assert lines(again, again) == lines(each.read, each.read), each.of.path


def lines(ds: Dataset, root: Dataset) -> list[tuple[int, object]]:
    """Each element with its value, in a form that says nothing of how it is written."""
    return [
        (int(element.tag), value_of(element, root))
        for element in ds
        if element.tag.element and element.tag not in _LEFT_OUT
    ]


def value_of(element: DataElement, root: Dataset) -> object:
    value = element.value
    if element.VR == "SQ":
        return [lines(item, root) for item in value]
    if element.tag == PIXEL_DATA and element.is_undefined_length:
        count = int(root.get("NumberOfFrames") or 1)
        return [frame.rstrip(b"\0") for frame in generate_frames(value, number_of_frames=count)]
    if isinstance(value, bytes):
        is_turned = root.file_meta.TransferSyntaxUID == BIG_ENDIAN and element.VR == "OW"
        return (turned(value) if is_turned else value).rstrip(b"\0")
    values = list(value) if isinstance(value, MultiValue | list) else [value]
    return [plain(each, element.VR) for each in values]


def turned(words: bytes) -> bytes:
    made = bytearray(words)
    made[::2], made[1::2] = words[1::2], words[::2]
    return bytes(made)


def plain(value: object, vr: str) -> object:
    """Without padding; a name without empty components behind the others, which mean nothing."""
    if vr == "PN":
        return "=".join(group.rstrip("^ ") for group in str(value).split("=")).rstrip("=")
    return value.strip(" \0") if type(value) is str else value or None
