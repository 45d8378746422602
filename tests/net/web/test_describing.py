"""What the service says of itself, over HTTP."""

from pathlib import Path
from xml.etree import ElementTree as ET

import orjson
import pytest

from pacsd.net.endpoint import Endpoint
from pacsd.net.web.describing import DescribingDesk
from pacsd.net.web.desk import Terms
from pacsd.net.web.page import Page
from pacsd.net.web.wadl import NAMESPACE
from tests.net.test_http import raw
from tests.net.web.serving import Served, serving

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
WADL = "application/vnd.sun.wadl+xml"


@pytest.mark.parametrize("target", ["", "/"])
@pytest.mark.parametrize("accept", [None, "*/*", "application/json"])
async def test_programs_get_links(served: Served, target: str, accept: str | None) -> None:
    answer = await served.get(target, accept)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json["links"]["studies"] == f"{served.root}/studies"
    for link in answer.json["links"].values():
        assert (await served.get(link.removeprefix(served.root))).status == 200


@pytest.mark.parametrize("target", ["", "/"])
async def test_browsers_get_the_page(served: Served, target: str) -> None:
    answer = await served.get(target, BROWSER)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.body.startswith(b"<!doctype html>")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'sha256-" in policy
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    again = await served.get(target, BROWSER, If_None_Match=answer.headers["ETag"])
    assert again.status == 304
    # Else the page is dead when a browser reloads it: a 304 renews the headers that it keeps.
    assert again.headers["Content-Security-Policy"] == policy


async def test_the_page_for_a_page_of_another_origin(tmp_path: Path) -> None:
    origin = "https://viewer.example"
    async with serving(tmp_path, Terms(cors_origins=(origin,))) as served:
        answer = await served.get("/", BROWSER, Origin=origin)
        assert answer.headers["Vary"] == "Origin, Accept, Accept-Encoding"


async def test_the_openapi_document(served: Served) -> None:
    answer = await served.get("/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json["servers"] == [{"url": served.root}]
    etag = answer.headers["ETag"]
    again = await served.get("/openapi.json", If_None_Match=etag)
    assert (again.status, again.headers["ETag"], again.body) == (304, etag, b"")
    head = await served.ask("HEAD", "/openapi.json")
    assert (head.status, head.headers["ETag"], head.body) == (200, etag, b"")


@pytest.mark.parametrize(
    ("method", "target"), [("OPTIONS", ""), ("OPTIONS", "/"), ("GET", "/capabilities")]
)
@pytest.mark.parametrize("accept", [None, "*/*", WADL])
async def test_the_capabilities(
    served: Served, method: str, target: str, accept: str | None
) -> None:
    answer = await served.ask(method, target, accept)
    assert (answer.status, answer.headers["Content-Type"]) == (200, WADL)
    document = ET.fromstring(answer.body)  # noqa: S314 - our own
    resources = document.find(f"{{{NAMESPACE}}}resources")
    assert resources is not None
    assert resources.get("base") == served.root


@pytest.mark.parametrize(
    ("target", "accept"),
    [("/", "image/png"), ("/capabilities", "application/json"), ("/openapi.json", "text/html")],
)
async def test_what_there_is_not(served: Served, target: str, accept: str) -> None:
    answer = await served.get(target, accept)
    assert answer.status == 406
    assert "takes no representation" in answer.why


async def test_a_preflight_gets_no_capabilities(tmp_path: Path) -> None:
    origin = "https://viewer.example"
    async with serving(tmp_path, Terms(cors_origins=(origin,))) as served:
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        answer = await served.ask("OPTIONS", "/", headers=headers)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == origin


async def test_links_begin_with_the_public_url(tmp_path: Path) -> None:
    public = "https://pacs.example/x"
    async with serving(tmp_path, Terms(public_url=public)) as served:
        assert (await served.get("/")).json["links"]["series"] == f"{public}/series"
        assert (await served.get("/openapi.json")).json["servers"] == [{"url": public}]


@pytest.mark.parametrize("target", ["/", "/openapi.json", "/capabilities"])
async def test_w21_a_host_of_any_bytes(tmp_path: Path, target: str) -> None:
    async with serving(tmp_path, endpoint=Endpoint("0.0.0.0", 0)) as served:
        head = f'GET /dicomweb{target} HTTP/1.1\r\nHost: a"<\xff:80\r\nConnection: close\r\n\r\n'
        answer = await raw(served.address, head.encode("latin-1"))
        begin, _, body = answer.partition(b"\r\n\r\n")
        assert begin.startswith(b"HTTP/1.1 200 ")
        assert body.isascii()
        if target != "/capabilities":
            assert orjson.loads(body)


async def test_the_page_is_read_once_and_when_it_is_asked_for() -> None:
    loaded: list[Page] = []

    def load() -> Page:
        loaded.append(Page(b"<p>", "default-src 'none'"))
        return loaded[-1]

    desk = DescribingDesk(load)
    assert loaded == []
    assert await desk._loaded() is await desk._loaded() is loaded[0]
    assert len(loaded) == 1
