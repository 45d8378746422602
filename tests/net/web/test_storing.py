"""STOW-RS, through the real ingest."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import anyio
import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from structlog.typing import EventDict

from pacsd.api.errors import StoreError, StoreFault
from pacsd.api.store import Buffer, Location, Staged, StageRequest, StoreStatus
from pacsd.dicom.quirks import QuirkKind
from pacsd.dicomweb.store_response import read_store_response
from pacsd.dicomweb.targets import Kind, Target
from pacsd.index.records import Scope
from pacsd.net.http_connection import HttpLimits
from pacsd.net.web import exchange, storing
from pacsd.net.web.desk import Terms
from pacsd.net.web.entering import HELD
from pacsd.net.web.exchange import Exchange
from pacsd.net.web.storing import StoreDesk
from pacsd.testing.memory_store import MemoryStage
from pacsd.testing.objects import CT_IMAGE_STORAGE, data_set
from tests.dicom.by_pydicom import decoded, encoded
from tests.dicom.written import DEFLATED, EXPLICIT, IMPLICIT, deflate
from tests.net.test_http import raw, read_to_end
from tests.net.web.serving import (
    BOUNDARY,
    MAX_INSTANCE_BYTES,
    RELATED,
    STUDY,
    UID,
    Answer,
    BreakableStore,
    Served,
    part10,
    path,
    payload,
    serving,
)

FAILED, STORED, OTHERS, URL = "00081198", "00081199", "0008119A", "00081190"
REASON, CLASS, INSTANCE = "00081197", "00081150", "00081155"
DICOM = "application/dicom"


def content(uid: str = UID, **other: str | int) -> bytes:
    return data_set({"SOPInstanceUID": uid, **other})


def file(uid: str = UID, **other: str | int) -> bytes:
    return part10(content(uid, **other), uid)


async def post(
    served: Served,
    body: bytes | AsyncIterator[bytes],
    content_type: str = RELATED,
    target: str = "/studies",
) -> Answer:
    return await served.ask("POST", target, headers={"Content-Type": content_type}, data=body)


def reasons(answer: Answer) -> dict[str, int]:
    """Of those with a UID, why each failed."""
    failed = answer.json.get(FAILED, {"Value": []})["Value"]
    return {each[INSTANCE]["Value"][0]: each[REASON]["Value"][0] for each in failed}


def unnamed(answer: Answer) -> list[int]:
    """Of those without one."""
    failed = answer.json.get(OTHERS, {"Value": []})["Value"]
    return [each[REASON]["Value"][0] for each in failed]


def kept(answer: Answer) -> list[str]:
    stored = answer.json.get(STORED, {"Value": []})["Value"]
    return [each[INSTANCE]["Value"][0] for each in stored]


def data_sets(served: Served) -> list[bytes]:
    """What is in the store, without what stands before it."""
    return [each[each.rindex(b"\x08\x00\x05\x00CS") :] for each in served.store.objects.values()]


async def test_several_instances(served: Served) -> None:
    uids = [f"1.2.3.4.{number}" for number in range(40)]
    answer = await post(served, payload(*map(file, uids)))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/dicom+json")
    assert kept(answer) == uids
    assert {FAILED, OTHERS, URL}.isdisjoint(answer.json)
    first = answer.json[STORED]["Value"][0]
    assert first[CLASS] == {"vr": "UI", "Value": [CT_IMAGE_STORAGE]}
    assert sorted(data_sets(served)) == sorted(map(content, uids))
    assert served.store.staged == set()
    found = await served.get(path(uids[7]), DICOM)
    assert found.body.endswith(content(uids[7]))


@pytest.mark.parametrize(
    "accept", ["application/dicom+xml", "text/xml, application/*+xml, */*;q=0.1"]
)
async def test_the_answer_is_in_what_the_client_takes(served: Served, accept: str) -> None:
    """dcm4che's stowrs takes XML alone unless it is told otherwise."""
    headers = {"Content-Type": RELATED}
    answer = await served.ask("POST", "/studies", accept, headers=headers, data=payload(file()))
    assert answer.status == 200
    said = read_store_response(answer.body, answer.headers["Content-Type"])
    assert said.statuses == {UID: 0}


@pytest.mark.parametrize(
    "accept", ["application/dicom", 'multipart/related; type="application/dicom"']
)
async def test_who_could_not_read_the_answer_stores_nothing(served: Served, accept: str) -> None:
    headers = {"Content-Type": RELATED}
    answer = await served.ask("POST", "/studies", accept, headers=headers, data=payload(file()))
    assert answer.status == 406
    assert answer.why.endswith(
        "application/dicom+json or application/json or application/dicom+xml"
    )
    assert served.store.objects == {}


async def test_to_its_study(served: Served) -> None:
    answer = await post(served, payload(file()), target=f"/studies/{STUDY}")
    assert (answer.status, kept(answer)) == (200, [UID])
    assert answer.json[URL] == {"vr": "UR", "Value": [f"{served.root}/studies/{STUDY}"]}


async def test_w10_stow_to_another_study(served: Served) -> None:
    both = payload(file(), file("1.2.3.5", StudyInstanceUID="1.9"))
    answer = await post(served, both, target=f"/studies/{STUDY}")
    assert (answer.status, kept(answer)) == (202, [UID])
    assert reasons(answer) == {"1.2.3.5": 0xA900}
    alone = await post(served, payload(file("1.2.3.5")), target="/studies/1.8")
    assert (alone.status, reasons(alone)) == (409, {"1.2.3.5": 0xA900})
    assert data_sets(served) == [content()]


async def test_w11_other_content_under_a_known_uid(served: Served) -> None:
    await post(served, payload(file()))
    again = await post(served, payload(file()))
    assert (again.status, kept(again)) == (200, [UID])
    other = await post(served, payload(file(PatientName="Another")))
    assert (other.status, reasons(other)) == (409, {UID: 0xC010})
    assert (await served.get(path(), DICOM)).body.endswith(content())


async def test_what_names_another_patient_is_held_and_that_is_said(served: Served) -> None:
    known, other = f"{UID}.1", f"{UID}.2"
    assert "Warning" not in (await post(served, payload(file(known, PatientID="1")))).headers
    answer = await post(served, payload(file(other, PatientID="2")))
    assert (answer.status, kept(answer)) == (200, [other])
    assert answer.headers["Warning"] == f'299 {served.root}: "{HELD}"'
    assert (await served.get(path(other))).status == 404
    assert (await served.get(path(known))).status == 200


async def test_what_was_deleted_stays_deleted(served: Served) -> None:
    await post(served, payload(file()))
    await served.index.instances.delete(Scope(), [UID], "test")
    answer = await post(served, payload(file()))
    assert (answer.status, reasons(answer)) == (409, {UID: 0xC011})


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"text",
        b"x" * 200_000,
        file()[:131],
        bytes(128) + b"DICM",
        bytes(128) + b"DICM" + b"\xff" * 70_000,
        bytes(128) + b"DICM" + content(),
    ],
)
async def test_w09_what_is_no_dicom_file(served: Served, part: bytes) -> None:
    alone = await post(served, payload(part))
    assert (alone.status, unnamed(alone)) == (409, [0xC000])
    among = await post(served, payload(file(), part, file("1.2.3.5")))
    assert (among.status, kept(among), unnamed(among)) == (202, [UID, "1.2.3.5"], [0xC000])


@pytest.mark.parametrize("missing", ["StudyInstanceUID", "SeriesInstanceUID"])
async def test_w09_what_nobody_can_place(served: Served, missing: str) -> None:
    answer = await post(served, payload(file(**{missing: ""}), file("1.2.3.5")))
    assert (answer.status, reasons(answer)) == (202, {UID: 0xC000})


async def test_w09_another_object_than_its_meta_information_says(served: Served) -> None:
    answer = await post(served, payload(part10(content("1.2.3.5"), "1.2.3.6")))
    assert (answer.status, reasons(answer)) == (409, {"1.2.3.6": 0xA900})


async def test_w09_a_file_cut_short(served: Served) -> None:
    answer = await post(served, payload(file()[:-100], file("1.2.3.5")))
    assert (answer.status, kept(answer)) == (202, ["1.2.3.5"])
    assert reasons(answer).keys() == {UID}
    assert len(served.store.objects) == 1


async def test_row_d30_a_file_cut_short_in_its_pixel_data_is_stored_and_counted(
    served: Served,
) -> None:
    whole = part10(data_set({"SOPInstanceUID": UID}, pixel_bytes=1000))
    cut = await post(served, payload(whole[:-100]))
    assert (cut.status, kept(cut)) == (200, [UID])
    assert served.ingest.health().quirks[QuirkKind.TRUNCATED] == 1
    assert reasons(await post(served, payload(whole))) == {UID: 0xC010}
    assert served.ingest.health().quirks[QuirkKind.TRUNCATED] == 1


async def test_w15_parts_of_another_type(served: Served) -> None:
    body = payload(file(), content_type="application/dicom+json")
    answer = await post(served, body)
    assert (answer.status, unnamed(answer)) == (409, [0xC000])
    assert served.store.objects == {}


@pytest.mark.parametrize("part_type", [DICOM, "APPLICATION/DICOM", f"{DICOM};transfer-syntax=1.2"])
async def test_w15_the_file_says_what_it_is_not_its_header(served: Served, part_type: str) -> None:
    answer = await post(served, payload(file(), content_type=part_type))
    assert answer.status == 200


@pytest.mark.parametrize("syntax", [IMPLICIT, DEFLATED], ids=["implicit", "deflated"])
async def test_transfer_syntaxes(served: Served, syntax: object) -> None:
    is_deflated = syntax is DEFLATED
    data = deflate(content()) if is_deflated else encoded(decoded(content(), EXPLICIT), IMPLICIT)
    uid = DEFLATED.uid if is_deflated else IMPLICIT.uid
    assert (await post(served, payload(part10(data, syntax=uid)))).status == 200
    accept = f'multipart/related; type="{DICOM}"; transfer-syntax=*'
    assert (await served.get(path(), accept)).parts[0].body.endswith(data)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("", 415),
        (DICOM, 415),
        ("application/json", 415),
        ("multipart/form-data; boundary=x", 415),
        ('multipart/related; type="application/xml"; boundary=x', 415),
        ('multipart/related; type="application/dicom"', 400),
        ('multipart/related; type="application/dicom"; boundary=""', 400),
        (f'multipart/related; type="application/dicom"; boundary={"x" * 71}', 400),
    ],
)
async def test_w08_w15_content_types(served: Served, content_type: str, status: int) -> None:
    answer = await post(served, payload(file()), content_type)
    assert answer.status == status
    assert served.store.objects == {}


@pytest.mark.parametrize(
    "content_type",
    [
        f"multipart/related; boundary={BOUNDARY}",
        f"multipart/related; type=application/dicom; boundary={BOUNDARY}",
        f'multipart/related; boundary="{BOUNDARY}"; type="application/dicom"; start="<1>"',
    ],
)
async def test_content_types_as_they_come(served: Served, content_type: str) -> None:
    assert (await post(served, payload(file()), content_type)).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (payload(), 400),
        (b"nothing of the kind", 400),
        (payload(file())[:-6], 400),
        (payload(file()).replace(b"Content-Type:", b"Content Type:"), 400),
        (payload(file(), content_type="multipart/mixed; boundary=y"), 400),
        (b"x" * 100_000 + payload(file()), 413),
        (payload(file()).replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 10_000 + b"\r\n\r\n", 1), 413),
        (payload(file()).replace(b"\r\n\r\n", b"\r\nX: x" * 100 + b"\r\n\r\n", 1), 413),
    ],
)
async def test_w08_payloads_that_are_none(served: Served, body: bytes, status: int) -> None:
    answer = await post(served, body)
    assert answer.status == status
    assert answer.why
    assert served.store.objects == {}
    assert served.store.staged == set()
    assert served.ingest.health().open_objects == 0


async def test_w08_too_many_parts(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "MAX_PARTS", 3)
    assert (await post(served, payload(*[b""] * 3))).status == 409
    assert (await post(served, payload(*[b""] * 4))).status == 413


async def test_w08_a_boundary_within_pixel_data(served: Served) -> None:
    data = content() + b"\xe0\x7f\x10\x00OB\x00\x00\x40\x00\x00\x00"
    data += b"\r\n--between-part\r\n--between-partss".ljust(64, b"\0")
    assert (await post(served, payload(part10(data)))).status == 200
    assert data_sets(served) == [data]


async def opened(served: Served, length: int, body: bytes) -> asyncio.StreamWriter:
    """Send some of a body of that length."""
    _, writer = await asyncio.open_connection(served.address.host, served.address.port)
    head = (
        f"POST /dicomweb/studies HTTP/1.1\r\nHost: localhost\r\nContent-Type: {RELATED}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    return writer


async def test_w08_what_is_whole_stays_when_a_payload_breaks_off(
    served: Served, logged: list[EventDict]
) -> None:
    body = payload(file(), part10(data_set({"SOPInstanceUID": "1.2.3.5"}, pixel_bytes=400_000)))
    writer = await opened(served, len(body), body[:200_000])
    while not served.store.objects or served.ingest.health().open_objects != 1:
        assert (await served.get("/studies?limit=0")).status == 200
    writer.close()
    while served.ingest.health().open_objects:
        assert (await served.get("/studies?limit=0")).status == 200
    assert data_sets(served) == [content()]
    assert served.store.staged == set()
    assert (await served.get(path("1.2.3.5"))).status == 404
    assert [each for each in logged if each["log_level"] == "error"] == []


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (b"not a chunk\r\n", 400),
        (b"-5\r\nabcde\r\n", 400),
        (b"f" * 25 + b"\r\n", 400),
        (b"0\r\n\r\n", 400),
        (b"0\r\n" + b"X: y\r\n" * 1_000 + b"\r\n", 400),
        (b"", 408),
        (b"5\r\nab", 408),
    ],
)
async def test_w03_w04_chunks_that_are_none_or_do_not_come(
    tmp_path: Path, logged: list[EventDict], end: bytes, status: int
) -> None:
    body = payload(file(), file("1.2.3.5"))[:-400]
    head = (
        f"POST /dicomweb/studies HTTP/1.1\r\nHost: localhost\r\nContent-Type: {RELATED}\r\n"
        f"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n"
    )
    limits = HttpLimits(next_request_timeout_s=1.0) if status == 408 else None
    async with serving(tmp_path, http=limits) as served:
        reader, writer = await asyncio.open_connection(served.address.host, served.address.port)
        writer.write(head.encode() + body + b"\r\n")
        while data_sets(served) != [content()]:
            assert (await served.get("/studies?limit=0")).status == 200
        writer.write(end)
        answer = await read_to_end(reader)
        writer.close()
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        # What was whole is stored, and nothing else.
        assert served.ingest.health().open_objects == 0
        assert data_sets(served) == [content()]
        assert served.store.staged == set()
    assert logged == []


def store_request(*headers: str) -> bytes:
    lines = ("POST /dicomweb/studies HTTP/1.1", "Host: localhost", f"Content-Type: {RELATED}")
    return "\r\n".join((*lines, *headers, "\r\n")).encode()


@pytest.mark.parametrize(
    "sent",
    [
        store_request("Content-Length: 10001"),
        store_request("Content-Length: 9223372036854775808"),
        store_request("Transfer-Encoding: chunked") + b"ffffffff\r\n" + bytes(10_001),
    ],
)
async def test_w04_a_payload_that_is_too_long(tmp_path: Path, sent: bytes) -> None:
    """At once: nothing more of it was sent, and the 30 s of silence are not waited for."""
    async with serving(tmp_path, Terms(max_request_bytes=10_000)) as served:
        answer = await raw(served.address, sent)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert served.store.staged == set()
        assert (await post(served, payload(file()))).status == 200


async def test_w04_4_gb_of_silence(tmp_path: Path) -> None:
    limits = HttpLimits(next_request_timeout_s=1.0)
    async with serving(tmp_path, http=limits) as served:
        answer = await raw(served.address, store_request("Content-Length: 4294967296"))
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"too little of the body came in time" in answer


@pytest.mark.parametrize(
    "begun",
    [f"--{BOUNDARY}".encode(), payload(part10(data_set(pixel_bytes=200_000)))[:-100]],
    ids=["preamble", "data set"],
)
async def test_w24_who_sends_too_little_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(exchange, "MIN_PROGRESS_BYTES", 1 << 40)
    limits = HttpLimits(next_request_timeout_s=2.0)
    async with serving(tmp_path, http=limits) as served:
        reader, writer = await asyncio.open_connection(served.address.host, served.address.port)
        writer.write(store_request("Content-Length: 4294967296") + begun)
        async with asyncio.TaskGroup() as tasks:
            told = tasks.create_task(reader.readline())
            while not told.done():
                writer.write(b" ")
                assert (await served.get("/studies?limit=0")).status == 200
        assert told.result().startswith(b"HTTP/1.1 408 ")
        writer.close()
        assert served.store.staged == set()


async def test_w07_a_payload_that_is_compressed(served: Served) -> None:
    body = zlib.compress(payload(file()) + bytes(10_000_000))
    headers = {"Content-Type": RELATED, "Content-Encoding": "deflate"}
    answer = await served.ask("POST", "/studies", headers=headers, data=body)
    assert (answer.status, answer.headers["Accept-Encoding"]) == (415, "identity")
    assert served.store.objects == {}


async def test_w08_a_preamble_of_1_gb(served: Served) -> None:
    """The answer comes when as much has come as there may be, however much is to follow."""
    sent = store_request("Content-Length: 1073741824") + b"x" * 100_000
    answer = await raw(served.address, sent)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"has no line --between-parts, ended by CR LF" in answer


async def test_w08_a_hundred_thousand_empty_parts(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "MAX_PARTS", 1_000)
    part = b"\r\n--" + BOUNDARY.encode() + b"\r\n\r\n"
    sent = store_request("Content-Length: 1073741824") + part * 1_001
    answer = await raw(served.address, sent)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"more than 1000 parts" in answer


async def test_w05_ten_thousand_headers_of_a_part(served: Served) -> None:
    begin = b"--" + BOUNDARY.encode() + b"\r\n"
    sent = store_request("Content-Length: 1073741824") + begin + b"X: y\r\n" * 10_000
    assert (await raw(served.address, sent)).startswith(b"HTTP/1.1 413 ")


async def test_a_client_that_waits_is_told_to_go_on(served: Served) -> None:
    """As curl does with more than 1 MiB."""
    body = payload(file())
    reader, writer = await asyncio.open_connection(served.address.host, served.address.port)
    writer.write(store_request(f"Content-Length: {len(body)}", "Expect: 100-continue"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    refused = store_request("Content-Length: 9", "Expect: 100-continue", "Content-Encoding: x")
    assert (await raw(served.address, refused)).startswith(b"HTTP/1.1 415 ")


class SlowStore(BreakableStore):
    """Slower than who sends; `written` are the sizes of what was written at once."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[int] = []

    async def stage(self, request: StageRequest, /) -> MemoryStage:
        self.fail_if_told("stage")
        staged = SlowStage(self, request)
        self.staged.add(staged)
        return staged


class SlowStage(MemoryStage):
    async def write(self, buffers: Sequence[Buffer], /) -> None:
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        store = self._store
        assert isinstance(store, SlowStore)
        store.written.append(sum(map(len, buffers)))
        await super().write(buffers)


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), 65_536):
        yield body[at : at + 65_536]


async def test_a_large_object_passes_in_bounded_memory(tmp_path: Path) -> None:
    large = part10(data_set({}, pixel_bytes=20_000_000))
    store = SlowStore()
    async with serving(tmp_path, store=store) as served:
        answer = await post(served, in_pieces(payload(large)))
        assert (answer.status, kept(answer)) == (200, [UID])
        assert (await served.get(path(), DICOM)).body.endswith(large[-20_000_100:])
    assert sum(store.written) > 20_000_000
    # What one object may have waiting, and what the socket brings in one go.
    assert max(store.written) <= 8 * 262_144 + 262_144


class HeldStore(BreakableStore):
    """A store in which an operation, "write" or "commit", is held up until `go`."""

    def __init__(self, operation: str) -> None:
        super().__init__()
        self.reached = anyio.Event()
        self.go = anyio.Event()
        self._operation = operation

    async def held(self, operation: str) -> None:
        if operation == self._operation:
            self.reached.set()
            await self.go.wait()

    async def stage(self, request: StageRequest, /) -> MemoryStage:
        staged = HeldStage(self, request)
        self.staged.add(staged)
        return staged

    async def commit(self, group: Sequence[Staged], /) -> Sequence[Location | StoreError]:
        await self.held("commit")
        return await super().commit(group)


class HeldStage(MemoryStage):
    """A staged object of such a store."""

    def __init__(self, store: HeldStore, request: StageRequest) -> None:
        super().__init__(store, request)
        self._held = store.held

    async def write(self, buffers: Sequence[Buffer], /) -> None:
        await self._held("write")
        await super().write(buffers)


def tasks_of_payloads() -> list[str]:
    return [each.get_name() for each in asyncio.all_tasks() if "STOW-RS" in each.get_name()]


async def stored_again(served: Served) -> None:
    """Nothing is left by halves of an instance: sent again it is stored, once."""
    while served.ingest.health().open_objects:
        assert (await served.get("/studies?limit=0")).status == 200
    assert tasks_of_payloads() == []
    assert served.store.staged == set()
    answer = await post(served, payload(file()))
    assert (answer.status, kept(answer)) == (200, [UID])
    while len(served.store.objects) > 1:  # the file of a duplicate goes once it was answered
        assert (await served.get("/studies?limit=0")).status == 200
    assert data_sets(served) == [content()]
    assert (await served.get(path(), DICOM)).status == 200


@pytest.mark.parametrize("operation", ["write", "commit"])
async def test_a_client_that_goes_away_before_the_answer(
    tmp_path: Path, logged: list[EventDict], operation: str
) -> None:
    store = HeldStore(operation)
    async with serving(tmp_path, store=store) as served:
        body = payload(file())
        writer = await opened(served, len(body), body)
        await store.reached.wait()
        writer.transport.abort()
        assert (await served.get("/studies?limit=0")).status == 200
        store.go.set()
        await stored_again(served)
    assert [each for each in logged if each["log_level"] == "error"] == []


def sent(body: bytes) -> Exchange:
    """A request to store with this payload, which has come to its end."""
    arrived = StreamReader(BaseProtocol(asyncio.get_running_loop()), len(body))
    arrived.feed_data(body)
    arrived.feed_eof()
    headers = {"Content-Type": RELATED}
    request = make_mocked_request("POST", "/dicomweb/studies", headers, payload=arrived)
    return Exchange(request, Target(Kind.ALL_STUDIES), "", "http://localhost/dicomweb")


@pytest.mark.parametrize("held_bytes", [1, 256 * 1024 * 1024])
@pytest.mark.parametrize("operation", ["write", "commit"])
async def test_a_request_that_is_cancelled_before_the_answer(
    tmp_path: Path, operation: str, held_bytes: int
) -> None:
    """With next to no memory its end waits for the store, too."""
    store = HeldStore(operation)
    async with serving(tmp_path, store=store) as served:
        served.ingest._memory._total_bytes = held_bytes
        desk = StoreDesk(served.ingest, served.spools, lambda: 1, MAX_INSTANCE_BYTES)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(desk.answer, sent(payload(file())))
            await store.reached.wait()
            tasks.cancel_scope.cancel()
            store.go.set()
        await stored_again(served)


FULL = StoreStatus(0, None, is_read_only=True, explanation="the disk is full")


async def test_w25_a_store_that_takes_nothing(tmp_path: Path) -> None:
    store = BreakableStore()
    store.current_status = FULL
    async with serving(tmp_path, store=store) as served:
        answer = await post(served, payload(file()))
        assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
        assert "the disk is full" in answer.why
        assert store.objects == {}


@pytest.mark.parametrize("operation", ["stage", "write", "commit"])
async def test_w25_a_store_that_fails(served: Served, operation: str) -> None:
    served.store.errors[operation] = StoreError(StoreFault.NO_SPACE, "told to fail")
    answer = await post(served, payload(file(), file("1.2.3.5")))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert reasons(answer) == {UID: 0xA700, "1.2.3.5": 0xA700}
    served.store.errors.clear()
    assert (await post(served, payload(file()))).status == 200


async def test_a_store_that_fails_and_a_file_that_is_none(served: Served) -> None:
    served.store.errors["commit"] = StoreError(StoreFault.NO_SPACE, "told to fail")
    assert (await post(served, payload(file(), b"text"))).status == 409


async def test_the_reception_says_how_it_came(served: Served) -> None:
    await post(served, payload(file()))
    (stored,) = served.store.objects.values()
    assert b"192.0.2.7" not in stored
    (found,) = await served.index.instances.page(Scope(), 0)
    assert found.sop_instance_uid == UID


async def test_a_file_without_preamble(served: Served) -> None:
    bare = file()[132:]
    assert bare.startswith(b"\x02\x00")
    answer = await post(served, payload(bare))
    assert (answer.status, kept(answer)) == (200, [UID])
    assert data_sets(served) == [content()]
    assert (await post(served, payload(bare[4:]))).status == 409


async def test_an_instance_has_a_bound(served: Served) -> None:
    long = part10(data_set(pixel_bytes=MAX_INSTANCE_BYTES))
    answer = await post(served, in_pieces(payload(file("1.2.3.5"), long)))
    assert answer.status == 413
    assert "max_instance_bytes" in answer.why
    assert len(served.store.objects) == 1
    assert not served.store.staged
