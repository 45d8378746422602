"""The OpenAPI document."""

import re
from collections.abc import Iterator
from typing import Any, cast

import jsonschema_rs
import orjson
import pytest

from pacsd.dicomweb.targets import TEMPLATES
from pacsd.net.web.openapi import document
from pacsd.net.web.resources import RESOURCES

ROOT_URL = "http://localhost:8080/dicomweb"


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
    for path, methods in described["paths"].items():
        for operation in methods.values():
            named = {each.get("$ref", "").rpartition("/")[2] for each in operation["parameters"]}
            assert set(re.findall(r"\{(\w+)\}", path)) <= named


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
    assert list(responses["503"]["content"]) == ["application/dicom+json", "application/json"]
    assert list(responses["409"]["content"]) == ["application/dicom+json"]
    assert responses["415"] == {"$ref": "#/components/responses/415"}


def test_it_names_the_service_as_a_url() -> None:
    assert document(ROOT_URL)["servers"] == [{"url": ROOT_URL}]
    (server,) = cast("list[dict[str, str]]", document('http://a"b\udcff/x')["servers"])
    assert server["url"] == "http://a%22b?/x"
