"""Pages of other origins."""

from pathlib import Path

import pytest

from pacsd.net.web.desk import Terms
from tests.net.web.serving import RELATED, UID, Served, image, part10, path, payload, serving

VIEWER, OTHER = "https://viewer.example", "https://evil.example"
TERMS = Terms(cors_origins=(VIEWER,))
ALLOWED, EXPOSED = "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"


@pytest.mark.parametrize(
    "target", ["/studies", path(), path(below="/metadata"), path(below="/frames/1"), "/nothing"]
)
async def test_a_page_that_may_reads_every_answer(tmp_path: Path, target: str) -> None:
    async with serving(tmp_path, TERMS) as served:
        await served.add(image())
        answer = await served.get(target, Origin=VIEWER)
        assert answer.status == (404 if target == "/nothing" else 200)
        assert answer.headers[ALLOWED] == VIEWER
        assert "Warning" in answer.headers[EXPOSED]
        assert "Content-Disposition" in answer.headers[EXPOSED]
        assert "Origin" in answer.headers["Vary"]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("target", [path("1.9"), "/studies?limit=x", path(below="/frames/0")])
async def test_such_a_page_reads_why_not(tmp_path: Path, target: str) -> None:
    async with serving(tmp_path, TERMS) as served:
        await served.add(image())
        answer = await served.get(target, Origin=VIEWER)
        assert answer.status in {400, 404}
        assert answer.headers[ALLOWED] == VIEWER


@pytest.mark.parametrize(
    "origin", [OTHER, "null", "http://viewer.example", f"{VIEWER}.evil.example", f"{VIEWER}:444"]
)
async def test_w22_other_pages_read_nothing(tmp_path: Path, origin: str) -> None:
    async with serving(tmp_path, TERMS) as served:
        await served.add(image())
        for method in ("GET", "OPTIONS"):
            answer = await served.ask(method, path(), headers={"Origin": origin})
            assert not any(name.startswith("Access-Control") for name in answer.headers)
            assert answer.headers["Vary"] == "Origin"


async def test_w22_by_default_no_page_does(served: Served) -> None:
    answer = await served.get("/studies", Origin=VIEWER)
    assert answer.status == 200
    assert ALLOWED not in answer.headers
    assert "Origin" not in answer.headers["Vary"]


async def test_a_preflight(tmp_path: Path) -> None:
    async with serving(tmp_path, TERMS) as served:
        asked = {
            "Origin": VIEWER,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        answer = await served.ask("OPTIONS", "/studies", headers=asked)
        assert (answer.status, answer.headers[ALLOWED]) == (204, VIEWER)
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
        assert answer.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": VIEWER}, 200),
        ({"Origin": "http://{address}"}, 200),
        ({"Origin": OTHER}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://{address}"}, 403),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
async def test_w22_which_pages_may_store(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async with serving(tmp_path, TERMS) as served:
        given = {name: value.format(address=served.address) for name, value in headers.items()}
        body = payload(part10(image()))
        given["Content-Type"] = RELATED
        answer = await served.ask("POST", "/studies", headers=given, data=body)
        assert answer.status == status
        assert bool(served.store.objects) == (status == 200)
        assert (await served.get(path(UID))).status == (200 if status == 200 else 404)


async def test_w22_a_form_of_another_page_stores_nothing(served: Served) -> None:
    headers = {"Origin": OTHER, "Content-Type": "text/plain"}
    answer = await served.ask("POST", "/studies", headers=headers, data=b"x")
    assert answer.status == 403
    assert ALLOWED not in answer.headers


async def test_only_what_a_browser_asks_of_itself_is_a_preflight(tmp_path: Path) -> None:
    async with serving(tmp_path, Terms(cors_origins=("https://viewer.example",))) as served:
        asked = {"Access-Control-Request-Method": "GET", "Origin": "https://viewer.example"}
        assert (await served.ask("OPTIONS", "/", headers=asked)).status == 204
        assert (await served.ask("OPTIONS", "/")).status == 200
        assert (await served.ask("GET", "/", headers=asked)).status == 200
