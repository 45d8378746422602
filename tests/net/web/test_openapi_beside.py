import re
from typing import Any, cast

import orjson

from pacsd.api.http import HttpRoute
from pacsd.net.web.job_operations import JOB_OPERATIONS
from pacsd.net.web.openapi import document
from pacsd.net.web.openapi_beside import paths_beside
from pacsd.net.web.plugin_routes import PluginRoute
from tests.net.web.test_openapi import references

ROUTES = [
    PluginRoute("acme", HttpRoute("GET", "/studies/{study}", "A study's report")),
    PluginRoute("acme", HttpRoute("POST", "/studies/{study}", "Make it anew")),
]


def described() -> dict[str, Any]:
    written = orjson.dumps(document("http://localhost/dicomweb", paths_beside(ROUTES)))
    return cast("dict[str, Any]", orjson.loads(written))


def test_each_job_operation_and_route_stands_in_it() -> None:
    paths = described()["paths"]
    assert "/studies" in paths
    for each in JOB_OPERATIONS:
        assert paths[each.path][each.method.lower()]["operationId"] == each.name
        assert paths[each.path]["servers"] == [{"url": "/"}]
    report = paths["/plugins/acme/studies/{study}"]
    assert report["get"]["summary"] == "A study's report"
    assert report["post"]["tags"] == ["plugin acme"]


def test_each_reference_leads_somewhere_and_each_variable_is_a_parameter() -> None:
    whole = described()
    for reference in {*references(paths_beside(ROUTES))}:
        part: Any = whole
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
    for path, methods in paths_beside(ROUTES).items():
        for method in {*methods} - {"servers"}:
            operation = cast("dict[str, Any]", methods[method])
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert named == {*re.findall(r"\{(\w+)\}", path)}


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [
        cast("dict[str, Any]", operation)["operationId"]
        for methods in described()["paths"].values()
        for method, operation in methods.items()
        if method != "servers"
    ]
    assert len({*names}) == len(names)
