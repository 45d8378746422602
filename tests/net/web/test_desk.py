"""Each request to who answers it, each fault to its status."""

import asyncio
from pathlib import Path

import orjson
import pytest

from pacsd.dicomweb.client_profile import PROFILES, ClientRule, ProfileName
from pacsd.net.endpoint import Endpoint
from pacsd.net.web.desk import Terms
from tests.dicom.written import element
from tests.net.test_http import raw
from tests.net.web.serving import (
    RELATED,
    SERIES,
    STUDY,
    UID,
    Served,
    image,
    part10,
    path,
    payload,
    serving,
)

READS, STORES = "GET, HEAD, OPTIONS", "GET, HEAD, OPTIONS, POST"
DELETES, ALL = f"DELETE, {READS}", f"DELETE, {STORES}"


@pytest.mark.parametrize(
    ("target", "allow"),
    [
        ("/studies", STORES),
        (f"/studies/{STUDY}", ALL),
        ("/series", READS),
        ("/instances", READS),
        (f"/studies/{STUDY}/series", READS),
        (f"/studies/{STUDY}/instances", READS),
        (f"/studies/{STUDY}/series/{SERIES}", DELETES),
        (f"/studies/{STUDY}/series/{SERIES}/instances", READS),
        (path(), DELETES),
        (f"/studies/{STUDY}/metadata", READS),
        (f"/studies/{STUDY}/series/{SERIES}/metadata", READS),
        (path(below="/metadata"), READS),
        (path(below="/frames/1"), READS),
        (path(below="/bulkdata/7FE00010"), READS),
        ("/changes", READS),
        ("/capabilities", READS),
        ("/openapi.json", READS),
    ],
)
async def test_methods(served: Served, target: str, allow: str) -> None:
    options = await served.ask("OPTIONS", target)
    assert (options.status, options.headers["Allow"], options.body) == (204, allow, b"")
    refused = {"PUT", "DELETE", "PATCH", "TRACE", "POST"} - set(allow.split(", "))
    for method in refused:
        answer = await served.ask(method, target)
        assert (answer.status, answer.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize(
    "target",
    ["/studiess", "/studies/", f"/studies/{STUDY}/nonsense", "/wado?x=1"],
)
async def test_what_is_no_resource(served: Served, target: str) -> None:
    for method in ("GET", "OPTIONS", "POST"):
        assert (await served.ask(method, target)).status == 404


@pytest.mark.parametrize(
    "target",
    [
        "/studies/1.2.x",
        "/studies/" + "1" * 65,
        "/studies/..%2f..%2fetc",
        "/studies/%ff",
        "//studies",
        "/studies/1.2%0d%0aX:y",
    ],
)
async def test_w21_what_is_no_uid(served: Served, target: str) -> None:
    answer = await served.get(target)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/json"
    assert "\r" not in answer.why


@pytest.mark.parametrize(
    ("target", "accept"),
    [
        ("/studies", None),
        (f"/studies/{STUDY}", None),
        (path(), "application/dicom"),
        (path(below="/metadata"), None),
        (path(below="/frames/1"), "application/octet-stream"),
        (path(below="/bulkdata/7FE00010"), "application/octet-stream"),
        ("/changes", None),
        ("/changes?since=1", None),
        ("/changes?epoch=f00", None),
        ("/nothing", None),
        (path("1.9"), None),
    ],
)
async def test_w23_every_answer_is_guarded(served: Served, target: str, accept: str | None) -> None:
    await served.add(image())
    headers = (await served.get(target, accept)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"]
    assert headers["Server"] == "pacsd"


async def test_w25_too_many_requests_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path, Terms(max_requests=1)) as served:
        assert (await served.get("/studies")).status == 200
        reader, writer = await asyncio.open_connection(served.address.host, served.address.port)
        body = payload(part10(image()))
        head = (
            f"POST /dicomweb/studies HTTP/1.1\r\nHost: localhost\r\nContent-Type: {RELATED}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body[:100])
        while (refused := await served.get("/studies")).status == 200:
            pass
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        assert "dicomweb.max_requests" in refused.why
        writer.write(body[100:])
        assert b" 200 " in await reader.readline()
        writer.close()
        while (await served.get(path())).status == 503:
            pass
        assert (await served.get(path())).status == 200


async def test_w25_four_times_as_many_requests_as_there_may_be(tmp_path: Path) -> None:
    """Of each wave as many are answered as may be at once, all of them; the others are told when to
    come again while those still wait."""
    at_once, body = 4, payload(part10(image()))
    head = (
        f"POST /dicomweb/studies HTTP/1.1\r\nHost: localhost\r\nContent-Type: {RELATED}\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    async with serving(tmp_path, Terms(max_requests=at_once)) as served:
        for _ in range(5):
            taken: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
            while len(taken) < at_once:
                reader, writer = await asyncio.open_connection(
                    served.address.host, served.address.port
                )
                writer.write(head.encode())
                if b" 100 " in await reader.readline():
                    taken.append((reader, writer))
                else:  # one of the wave before is not yet over
                    writer.close()
            for _ in range(3 * at_once):
                refused = await served.get("/studies")
                assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
            for reader, writer in taken:
                writer.write(body)
                assert b"\r\nHTTP/1.1 200 " in await reader.read()
                writer.close()


def asking(target: str, host: str, encoding: str = "utf-8") -> bytes:
    head = f"GET /dicomweb{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    return head.encode(encoding)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", "http://localhost:{port}/dicomweb/"),
        ("localhost:{port}", "http://localhost:{port}/dicomweb/"),
        ("localhost:8042", "http://localhost:8042/dicomweb/"),
        ("127.0.0.1", "http://127.0.0.1:{port}/dicomweb/"),
        ("[::1]", "http://[::1]:{port}/dicomweb/"),
        ("[::1]:8042", "http://[::1]:8042/dicomweb/"),
    ],
)
async def test_links_begin_with_the_host_as_the_client_names_it(
    served: Served, host: str, expected: str
) -> None:
    """dicomweb-client 0.61 leaves out the port."""
    await served.add(image())
    port = served.address.port
    answer = await raw(served.address, asking("/studies", host.format(port=port)))
    assert f'"{expected.format(port=port)}studies/1.2.3"'.encode() in answer


async def test_links_begin_with_the_public_url(tmp_path: Path) -> None:
    async with serving(tmp_path, Terms(public_url="https://pacs.example/x")) as served:
        await served.add(image())
        answer = await raw(served.address, asking("/studies", "localhost"))
        assert b'"https://pacs.example/x/studies/1.2.3"' in answer
        part = (await served.get(path())).parts[0]
        assert part.headers["content-location"] == f"https://pacs.example/x{path()}"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80"])
async def test_w22_a_name_that_was_made_to_be_ours(served: Served, host: str) -> None:
    assert b" 421 " in await raw(served.address, asking("/studies", host))


async def test_w21_a_strange_host_breaks_no_link(tmp_path: Path) -> None:
    async with serving(tmp_path, endpoint=Endpoint("0.0.0.0", 0)) as served:
        await served.add(image())
        answer = await raw(served.address, asking("/studies?limit=0&Modality=CT", 'a"b\\c:80'))
        head, _, body = answer.partition(b"\r\n\r\n")
        (warning,) = (line for line in head.split(b"\r\n") if line.startswith(b"Warning:"))
        assert warning.startswith(b"Warning: 299 http://a%22b%5Cc:80/dicomweb: ")
        assert orjson.loads(body) == []


@pytest.mark.parametrize("host", ["p\xe4cs:80", "p\xff:80", 'a"b:80'])
@pytest.mark.parametrize(
    ("target", "accept"),
    [
        ("/studies", "*/*"),
        ("/studies?limit=0&Modality=CT", "*/*"),
        (path(), "application/dicom"),
        (path(), "*/*"),
        (path(below="/metadata"), "*/*"),
        (path(below="/frames/1"), "application/octet-stream"),
        (path(below="/bulkdata/7FE00010"), "application/octet-stream"),
    ],
)
async def test_w21_a_host_of_any_bytes(tmp_path: Path, host: str, target: str, accept: str) -> None:
    async with serving(tmp_path, endpoint=Endpoint("0.0.0.0", 0)) as served:
        await served.add(image())
        asked = asking(target, f"{host}\r\nAccept: {accept}", "latin-1")
        answer = await raw(served.address, asked)
        head, _, _ = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert head.isascii()


BROKEN = b"POST /dicomweb/studies HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: +5\r\n\r\nabcde",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length : 5\r\n\r\nabcde",
    ],
)
async def test_w03_broken_http(served: Served, headers: bytes) -> None:
    assert b" 400 " in (await raw(served.address, BROKEN + headers)).split(b"\r\n")[0]


def rules(name: ProfileName) -> Terms:
    return Terms(clients=(ClientRule(PROFILES[name], user_agent="tested"),))


@pytest.mark.parametrize("accept", [None, "*/*"])
async def test_a_client_that_is_to_get_values_by_themselves(
    tmp_path: Path, accept: str | None
) -> None:
    async with serving(tmp_path, rules("ohif")) as served:
        await served.add(image())
        below = {"/frames/1": bytes([1] * 4), "/bulkdata/7FE00010": bytes([1] * 4)}
        for target, expected in below.items():
            alone = await served.get(path(below=target), accept, User_Agent="Tested/1")
            assert alone.headers["Content-Type"].startswith("application/octet-stream")
            assert alone.body == expected
            usual = await served.get(path(below=target), accept)
            assert [each.body for each in usual.parts] == [expected]
        file = await served.get(path(), accept, User_Agent="Tested/1")
        assert file.headers["Content-Type"].startswith("application/dicom;")
        study = await served.get(f"/studies/{STUDY}", accept, User_Agent="Tested/1")
        assert len(study.parts) == 1


async def test_bulk_data_relative_to_the_study(tmp_path: Path) -> None:
    async with serving(tmp_path, rules("ohif")) as served:
        await served.add(image(pixels=element(0x7FE00010, "OB", bytes(2_000))))
        tags = set()
        for below in ("", f"/series/{SERIES}", f"/series/{SERIES}/instances/{UID}"):
            target = f"/studies/{STUDY}{below}/metadata"
            usual = await served.get(target)
            answer = await served.get(target, User_Agent="tested")
            tags |= {usual.headers["ETag"], answer.headers["ETag"]}
            uri = answer.json[0]["7FE00010"]["BulkDataURI"]
            assert uri == f"series/{SERIES}/instances/{UID}/bulkdata/7FE00010"
            assert usual.json[0]["7FE00010"]["BulkDataURI"].endswith(f"/studies/{STUDY}/{uri}")
            value = await served.get(f"/studies/{STUDY}/{uri}", User_Agent="tested")
            assert value.body == bytes(2_000)
        assert len(tags) == 6


async def test_json_by_its_plain_name(tmp_path: Path) -> None:
    async with serving(tmp_path, rules("plain")) as served:
        await served.add(image())
        for target in ("/studies", path(below="/metadata")):
            answer = await served.get(target, "*/*", User_Agent="tested")
            assert answer.headers["Content-Type"] == "application/json"
            named = await served.get(target, "application/dicom+json", User_Agent="tested")
            assert named.headers["Content-Type"] == "application/dicom+json"


@pytest.mark.parametrize(
    ("target", "accept", "why"),
    [
        (path(), "multipart/related; type=application/dicom", "Accept: 'multipart/related"),
        (f"/studies/{STUDY}/metadata?_=1", None, "_: '1' is no parameter of this resource"),
        ("/changes?changes.limit=1", None, "changes.limit"),
        ("/studies?accept=application/dicom+json", None, "accept: 'application/dicom json'"),
    ],
)
async def test_who_wants_no_tolerance(
    tmp_path: Path, target: str, accept: str | None, why: str
) -> None:
    async with serving(tmp_path, rules("strict")) as served:
        await served.add(image())
        refused = await served.get(target, accept, User_Agent="tested")
        assert refused.status == 400
        assert why in refused.why
        if "changes" not in target:
            assert (await served.get(target, accept)).status == 200


async def test_what_is_right_is_right_for_the_strict(tmp_path: Path) -> None:
    async with serving(tmp_path, rules("strict")) as served:
        await served.add(image())
        for target, accept in (
            (path(), 'multipart/related; type="application/dicom"; transfer-syntax=*'),
            ("/studies?PatientID=x&includefield=all&limit=1", "application/dicom+json"),
            (f"/studies/{STUDY}/metadata?accept=application/dicom%2Bjson", None),
            ("/changes?since=0&limit=1&wait=0", "application/json"),
        ):
            answer = await served.get(target, accept, User_Agent="tested")
            assert answer.status == 200
        loose = {
            "User_Agent": "tested",
            "Content-Type": "multipart/related; type=application/dicom",
        }
        stored = await served.ask("POST", "/studies", headers=loose, data=b"")
        assert stored.status == 400
        assert "Content-Type: 'multipart/related" in stored.why
