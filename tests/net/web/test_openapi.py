"""The OpenAPI document."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import orjson
import pytest

from pacsd.dicomweb.targets import TEMPLATES, target_of
from pacsd.net.http_connection import GUARDS
from pacsd.net.web.described_values import OF_ANSWER
from pacsd.net.web.desk import Terms
from pacsd.net.web.openapi import document
from pacsd.net.web.resources import RESOURCES
from tests.net.web.serving import RELATED, UID, Served, image, part10, path, payload, serving

ROOT_URL = "http://localhost:8080/dicomweb"
VIEWER = "https://viewer.example"
OF_ANY = {
    *GUARDS, "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Date",
    "Transfer-Encoding", "Vary",
}  # fmt: skip
"""Headers of HTTP itself, which any answer may have."""


@pytest.fixture
def described() -> dict[str, Any]:
    """As a client reads it."""
    return cast("dict[str, Any]", orjson.loads(orjson.dumps(document(ROOT_URL))))


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def test_each_resource_served_stands_in_it_and_the_reverse(described: dict[str, Any]) -> None:
    served = {TEMPLATES[kind]: {each.lower() for each in RESOURCES[kind]} for kind in RESOURCES}
    assert {path: set(methods) for path, methods in described["paths"].items()} == served


def test_each_variable_of_a_path_is_a_parameter(described: dict[str, Any]) -> None:
    for template, methods in described["paths"].items():
        for operation in methods.values():
            named = {each.get("$ref", "").rpartition("/")[2] for each in operation["parameters"]}
            assert set(re.findall(r"\{(\w+)\}", template)) <= named


def test_each_reference_leads_somewhere(described: dict[str, Any]) -> None:
    found = set(references(described))
    assert found
    for reference in found:
        place = described
        for key in reference.removeprefix("#/").split("/"):
            place = place[key]


def test_schemas_are_json_schema(described: dict[str, Any]) -> None:
    for schema in described["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


def test_a_status_of_two_meanings_has_both_contents(described: dict[str, Any]) -> None:
    responses = described["paths"]["/studies"]["post"]["responses"]
    reports = ["application/dicom+json", "application/json", "application/dicom+xml"]
    assert list(responses["503"]["content"]) == reports
    assert responses["503"]["content"]["application/json"]["schema"] == {
        "anyOf": [{"$ref": f"#/components/schemas/{each}"} for each in ("DataSet", "Problem")]
    }
    assert list(responses["409"]["content"]) == reports
    assert responses["415"] == {"$ref": "#/components/responses/415"}


def test_it_names_the_service_as_a_url() -> None:
    assert document(ROOT_URL)["servers"] == [{"url": ROOT_URL}]
    (server,) = cast("list[dict[str, str]]", document('http://a"b\udcff/x')["servers"])
    assert server["url"] == "http://a%22b?/x"


class Described:
    """The document, asked what it says of an answer's headers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def headers(self, method: str, target: str, status: int) -> dict[str, Any]:
        asked = target_of(target.partition("?")[0])
        assert asked is not None
        operation = self._document["paths"][TEMPLATES[asked.kind]][method.lower()]
        response = operation["responses"][f"{status}"]
        if "$ref" in response:
            response = self._document["components"]["responses"][f"{status}"]
        return cast("dict[str, Any]", response.get("headers", {}))


async def asked(served: Served, method: str, target: str, **options: Any) -> tuple[int, set[str]]:
    """The status of an answer, and the names of its own headers, in the case of `OF_ANSWER`."""
    answer = await served.ask(method, target, **options)
    known = {each.lower(): each for each in (*OF_ANY, *OF_ANSWER)}
    return answer.status, {known.get(each.lower(), each) for each in answer.headers} - OF_ANY


FILES = {"headers": {"Content-Type": RELATED}}
WHOLE = payload(part10(image(uid="1.2.7"), "1.2.7"))
BROKEN = payload(part10(image(), UID)[:-20])
ASKED: list[tuple[str, str, dict[str, Any], int, set[str]]] = [
    ("GET", "/studies", {}, 200, {"X-Total-Count"}),
    ("GET", "/instances?limit=1", {}, 200, {"Warning", "X-Total-Count"}),
    ("GET", path(), {}, 200, {"ETag"}),
    ("GET", path(), {"accept": "application/dicom"}, 200, {"ETag", "Content-Location"}),
    ("GET", path(), {"accept": "application/zip"}, 200, {"ETag", "Content-Disposition"}),
    ("GET", path(below="/metadata"), {}, 200, {"ETag"}),
    ("GET", path(below="/frames/1"), {}, 200, {"ETag"}),
    ("GET", path(below="/frames/1"), {"accept": "application/octet-stream"}, 200,
        {"ETag", "Content-Location"}),
    ("GET", path(below="/bulkdata/7FE00010"), {"accept": "application/octet-stream"}, 200,
        {"ETag", "Content-Location", "Accept-Ranges"}),
    ("GET", path(below="/bulkdata/7FE00010"),
        {"accept": "application/octet-stream", "headers": {"Range": "bytes=0-1"}}, 206,
        {"ETag", "Content-Location", "Accept-Ranges", "Content-Range"}),
    ("GET", path(below="/bulkdata/7FE00010"),
        {"accept": "application/octet-stream", "headers": {"Range": "bytes=999-"}}, 416,
        {"Content-Range"}),
    ("POST", "/studies", {**FILES, "data": WHOLE}, 200, set()),
    ("POST", "/studies", {**FILES, "data": BROKEN}, 409, {"Warning"}),
    ("POST", "/studies", {**FILES, "data": BROKEN, "accept": "application/dicom+xml"}, 409,
        {"Warning"}),
    ("POST", "/studies", {**FILES, "data": WHOLE, "accept": "text/html"}, 406, set()),
    ("GET", path("1.2.99"), {}, 404, set()),
    ("GET", "/changes", {}, 200, set()),
    ("GET", "/studies", {"headers": {"X-Forwarded-For": "10.0.0.1"}}, 401, {"WWW-Authenticate"}),
    ("GET", "/openapi.json", {}, 200, {"ETag"}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "target", "options", "status", "carried"), ASKED)
async def test_what_real_answers_carry_is_described(
    tmp_path: Path,
    described: dict[str, Any],
    method: str,
    target: str,
    options: dict[str, Any],
    status: int,
    carried: set[str],
) -> None:
    async with serving(tmp_path, tells_totals=True) as served:
        await served.add(image())
        await served.add(image(uid="1.2.5"), "1.2.5")
        assert await asked(served, method, target, **options) == (status, carried)
    told = Described(described).headers(method, target, status)
    assert carried <= told.keys()
    assert {name for name, header in told.items() if header["required"]} <= carried


async def test_whoever_is_to_come_back_is_told_when(
    tmp_path: Path, described: dict[str, Any]
) -> None:
    async with serving(tmp_path, Terms(max_requests=0)) as served:
        for method, target in (("GET", "/studies"), ("POST", "/studies")):
            assert await asked(served, method, target) == (503, {"Retry-After"})
            told = Described(described).headers(method, target, 503)
            assert told["Retry-After"]["required"]
    assert not Described(described).headers("POST", "/studies", 503)["Warning"]["required"]


async def test_a_page_may_read_each_header_that_is_described(tmp_path: Path) -> None:
    described = set(OF_ANSWER)
    async with serving(tmp_path, Terms(cors_origins=(VIEWER,))) as served:
        answer = await served.get("/studies", Origin=VIEWER)
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {*exposed} == described
